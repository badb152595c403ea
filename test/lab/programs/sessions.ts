/**
 * Keeps TCP and UDP sessions open to the echo server and says something on each every `everyMs`. Prints `open` with the
 * sessions' peers when all are up, and at the end (SIGTERM) one JSON line a session:
 * { protocol, peer, sent, answered, lost, error? }. `lost` counts what was not answered before three silent seconds.
 *
 * Arguments, one JSON object: { host, port, tcp, udp, everyMs } with the number of sessions of each kind.
 */
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'

interface Session {
  readonly protocol: 'tcp' | 'udp'
  /** False while it cannot be said yet. */
  readonly say: (text: string) => boolean
  readonly peers: Set<string>
  readonly answered: Set<number>
  sent: number
  error: string | null
}

const plan: { host: string; port: number; tcp: number; udp: number; everyMs: number } = JSON.parse(
  process.argv[2] ?? '{}',
)

let heardAt = 0

function hear(session: Session, text: string): void {
  heardAt = Date.now()
  for (const [, peer = '', number] of text.matchAll(/(\S+) n(\d+)\n/g)) {
    session.peers.add(peer)
    session.answered.add(Number(number))
  }
}

function openTcp(): Session {
  const socket = connect({ host: plan.host, port: plan.port, noDelay: true })
  let rest = ''
  const session: Session = fresh('tcp', (text) => {
    socket.write(text)
    return true
  })
  socket.on('data', (data) => {
    rest += data.toString()
    const end = rest.lastIndexOf('\n') + 1
    hear(session, rest.slice(0, end))
    rest = rest.slice(end)
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    session.error = error.code ?? error.message
  })
  return session
}

function openUdp(): Session {
  const socket = createSocket('udp4')
  // Connected, as most programs do: the kernel keeps the source address that it chose at first.
  socket.connect(plan.port, plan.host)
  let up = false
  socket.on('connect', () => {
    up = true
  })
  const session: Session = fresh('udp', (text) => {
    if (up) socket.send(text, () => {})
    return up
  })
  socket.on('message', (data) => hear(session, data.toString()))
  socket.on('error', (error: NodeJS.ErrnoException) => {
    session.error = error.code ?? error.message
  })
  return session
}

function fresh(protocol: Session['protocol'], say: Session['say']): Session {
  return { protocol, say, peers: new Set(), answered: new Set(), sent: 0, error: null }
}

const sessions = [...Array.from({ length: plan.tcp }, openTcp), ...Array.from({ length: plan.udp }, openUdp)]
let announced = false
const talking = setInterval(() => {
  for (const session of sessions) if (session.say(`n${session.sent}\n`)) session.sent++
  if (!announced && sessions.every((session) => session.answered.size > 0)) {
    announced = true
    process.stdout.write(`open ${JSON.stringify(sessions.map(({ peers }) => [...peers].join(' ')))}\n`)
  }
}, plan.everyMs)

process.once('SIGTERM', () => {
  clearInterval(talking)
  const toldAt = Date.now()
  heardAt = toldAt
  setInterval(() => {
    // Who has just been cut off may not have heard of it yet.
    if (Date.now() - toldAt < 1000) return
    // A TCP stream that had to wait for a retransmission answers late, not never; what is missing in the end is lost.
    const isWaiting = sessions.some(({ sent, answered, error }) => error === null && answered.size < sent)
    if (isWaiting && Date.now() - heardAt < 3000) return
    for (const { protocol, peers, sent, answered, error } of sessions) {
      const lost = sent - answered.size
      const line = { protocol, peer: [...peers].join(' '), sent, answered: answered.size, lost, error }
      process.stdout.write(`${JSON.stringify(line)}\n`)
    }
    process.exit(0)
  }, 20)
})
