/** A service on the host or in the LAN: answers each TCP connection on PORT with WORD. Prints `ready`. */
import { createServer } from 'node:net'

const [port, word] = process.argv.slice(2)
createServer((socket) => {
  socket.on('error', () => {})
  socket.end(`${word}\n`)
}).listen({ port: Number(port), host: '::' }, () => process.stdout.write('ready\n'))
