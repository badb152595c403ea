/**
 * Keeps so many transfers going: each is a connection of so many bytes, and another follows it. Prints JSON on standard
 * output once it ends: { bytes, failed, times, begun } of what was received between `warmUpMs` and `warmUpMs + ms`, how many ms
 * each transfer took that ended then, and when it began, in ms since the first one. Arguments, one JSON object: { host, port, concurrent, bytes, warmUpMs, ms, way }, where `way`
 * is `up` for what is sent instead; with `serve` as first argument it answers on `port` instead.
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
  readonly way?: 'down' | 'up'
}

const plan: Plan = JSON.parse(process.argv.at(-1) ?? '{}')
const isUp = plan.way === 'up'
const content = Buffer.alloc(plan.bytes)
if (process.argv[2] === 'serve') serve()
else load()

function serve(): void {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    if (!isUp) {
      socket.end(content)
      return
    }
    // Its end comes when all has arrived.
    socket.resume()
    socket.on('end', () => socket.end())
  })
  server.listen({ port: plan.port, host: '0.0.0.0', backlog: 1024 }, () => process.stdout.write('ready\n'))
}

function load(): void {
  const first = monotonicMs()
  const from = first + plan.warmUpMs
  const to = from + plan.ms
  const times: number[] = []
  const beginnings: number[] = []
  let bytes = 0
  let failed = 0
  const another = () => {
    const begun = monotonicMs()
    const socket = connect({ host: plan.host, port: plan.port, allowHalfOpen: isUp })
    if (isUp) socket.end(content)
    socket.on('data', (data) => {
      const now = monotonicMs()
      if (now >= from && now < to) bytes += data.length
    })
    socket.resume()
    socket.on('error', () => failed++)
    socket.on('close', (hadError) => {
      const now = monotonicMs()
      if (!hadError && now >= from && now < to) {
        times.push(Math.round(now - begun))
        beginnings.push(Math.round(begun - first))
      }
      another()
    })
  }
  for (let i = 0; i < plan.concurrent; i++) another()
  setTimeout(
    () =>
      process.stdout.write(`${JSON.stringify({ bytes, failed, times, begun: beginnings })}\n`, () => process.exit(0)),
    to - monotonicMs(),
  )
}
