/** Answers each datagram to PORT of the ADDRESSES with its length. */
import { createSocket } from 'node:dgram'

const [port, ...addresses] = process.argv.slice(2)
for (const address of addresses) {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  socket.on('error', () => {})
  socket.on('message', ({ length }, from) => socket.send(String(length), from.port, from.address))
  socket.bind(Number(port), address)
}
