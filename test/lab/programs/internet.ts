/**
 * The internet: answers each TCP connection on port 7000 with its peer's address, echoes lines on TCP port 7001 and
 * datagrams on UDP port 7001 with the peer's address in front. Prints `ready`.
 */
import { createSocket } from 'node:dgram'
import { createServer, type Socket } from 'node:net'
import { addresses, ports } from '../names.ts'

const plain = (address: string | undefined) => (address ?? '').replace(/^::ffff:/, '')
const ignore = () => {}
/**
 * A socket has room for 277 short datagrams (net.core.rmem_default), which is a quarter of a second of the sessions that tests keep: less
 * than a busy machine may leave this process waiting.
 */
const sockets = 16

function listen(port: number, serve: (socket: Socket) => void): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', ignore)
    serve(socket)
  })
  return new Promise((resolve) => server.listen({ port, host: '::', backlog: 1024 }, resolve))
}

await listen(ports.whoAmI, (socket) => socket.end(`${plain(socket.remoteAddress)}\n`))
await listen(ports.echo, (socket) => {
  socket.setNoDelay(true)
  let rest = ''
  socket.on('data', (data) => {
    const lines = (rest + data.toString()).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) socket.write(`${plain(socket.remoteAddress)} ${line}\n`)
  })
})
for (let i = 0; i < sockets; i++) {
  const udp = createSocket({ type: 'udp4', reusePort: true })
  udp.on('message', (data, peer) => udp.send(`${peer.address} ${data}`, peer.port, peer.address, ignore))
  await new Promise<void>((resolve) => udp.bind(ports.echo, addresses.server, resolve))
}
process.stdout.write('ready\n')
