/**
 * Keeps so many downloads going: each is a connection that asks for so many bytes, and another follows it. Prints JSON on
 * standard output once it ends: { bytes, failed } of what arrived between `warmUpMs` and `warmUpMs + ms`. Arguments, one JSON
 * object: { host, port, concurrent, bytes, warmUpMs, ms }; with `serve` as first argument it answers on `port` instead.
 */
import { connect, createServer } from 'node:net'
import { monotonicMs } from '../../lab/command.ts'

interface Plan {
  readonly host: string
  readonly port: number
  readonly concurrent: number
  readonly bytes: number
  readonly warmUpMs: number
  readonly ms: number
}

const plan: Plan = JSON.parse(process.argv.at(-1) ?? '{}')
if (process.argv[2] === 'serve') serve()
else load()

function serve(): void {
  const answer = Buffer.alloc(plan.bytes)
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.end(answer)
  })
  server.listen({ port: plan.port, host: '0.0.0.0', backlog: 1024 }, () => process.stdout.write('ready\n'))
}

function load(): void {
  const from = monotonicMs() + plan.warmUpMs
  const to = from + plan.ms
  let bytes = 0
  let failed = 0
  const another = () => {
    const socket = connect({ host: plan.host, port: plan.port })
    socket.on('data', (data) => {
      const now = monotonicMs()
      if (now >= from && now < to) bytes += data.length
    })
    socket.on('error', () => failed++)
    socket.on('close', another)
  }
  for (let i = 0; i < plan.concurrent; i++) another()
  setTimeout(
    () => process.stdout.write(`${JSON.stringify({ bytes, failed })}\n`, () => process.exit(0)),
    to - monotonicMs(),
  )
}
