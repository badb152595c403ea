/**
 * Many bytes one way, over one connection each. `serve PORT` answers each connection with as many bytes as it asks for, or takes
 * as many as it is told, and says `done`. `ask ADDRESS PORT COUNT down|up MS` prints how many of so many transfers at once
 * came to their end within the time.
 */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

const bytes = 150_000

const [role, ...rest] = process.argv.slice(2)
if (role === 'serve') serve(Number(rest[0]))
else await ask(rest)

function serve(port: number): void {
  const server = createServer((socket) => {
    let [way, taken] = ['', 0]
    socket.on('error', () => {})
    socket.on('data', (data) => {
      if (way === '') {
        way = String.fromCharCode(data[0] ?? 0)
        if (way === 'd') socket.end(Buffer.alloc(bytes))
      }
      taken += data.length
      if (way === 'u' && taken >= bytes) socket.end('done')
    })
  })
  server.listen({ port, host: '::', backlog: 512 }, () => process.stdout.write('ready\n'))
}

async function ask([address = '', port, count, way, timeoutMs]: readonly string[]): Promise<void> {
  const all = await Promise.all(
    Array.from({ length: Number(count) }, () => transfer(address, Number(port), way === 'up', Number(timeoutMs))),
  )
  process.stdout.write(`${all.filter(Boolean).length}\n`)
  process.exit(0)
}

async function transfer(host: string, port: number, isUp: boolean, timeoutMs: number): Promise<boolean> {
  const socket = connect({ host, port })
  let taken = 0
  socket.on('data', (data) => {
    taken += data.length
  })
  socket.write(isUp ? Buffer.alloc(bytes, 'u') : 'd')
  const late = new Promise<false>((resolve) => setTimeout(() => resolve(false), timeoutMs))
  const ended = once(socket, 'end').then(
    () => taken >= (isUp ? 4 : bytes),
    () => false,
  )
  return await Promise.race([ended, late])
}
