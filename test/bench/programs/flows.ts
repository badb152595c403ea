/**
 * UDP flows that go on, each with a packet every `everyMs` to the echo server. Prints `open` when all are answered, and at
 * the end (SIGTERM) one JSON line a flow, see Flow. Arguments, one JSON object: { host, port, count, everyMs }.
 */
import { createSocket } from 'node:dgram'
import { monotonicMs } from '../../lab/command.ts'
import type { Flow } from '../failover-results.ts'

interface Talk {
  readonly sentAt: number[]
  readonly answered: Set<number>
  readonly peers: string[]
  readonly say: () => void
}

const plan: { host: string; port: number; count: number; everyMs: number } = JSON.parse(process.argv[2] ?? '{}')

function talk(): Talk {
  const socket = createSocket('udp4')
  const self: Talk = {
    sentAt: [],
    answered: new Set(),
    peers: [],
    say: () => {
      const number = self.sentAt.push(monotonicMs()) - 1
      socket.send(String(number), plan.port, plan.host, () => {})
    },
  }
  // What a router says of a dead line is no end of the flow.
  socket.on('error', () => {})
  socket.on('message', (data) => {
    const [peer = '', number] = data.toString().split(' ')
    self.answered.add(Number(number))
    if (!self.peers.includes(peer)) self.peers.push(peer)
  })
  return self
}

const talks = Array.from({ length: plan.count }, talk)
let announced = false
const talking = setInterval(() => {
  for (const { say } of talks) say()
  if (!announced && talks.every(({ answered }) => answered.size > 0)) {
    announced = true
    process.stdout.write('open\n')
  }
}, plan.everyMs)

process.once('SIGTERM', () => {
  clearInterval(talking)
  // The last ones are still under way.
  setTimeout(() => {
    for (const { sentAt, answered, peers } of talks) {
      const flow: Flow = { peers, lostAt: sentAt.filter((_, number) => !answered.has(number)) }
      process.stdout.write(`${JSON.stringify(flow)}\n`)
    }
    process.exit(0)
  }, 500)
})
