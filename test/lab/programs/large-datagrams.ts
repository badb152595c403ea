/**
 * Sends datagrams of 1450 bytes to an echo service at ADDRESS, from COUNT sockets, and again until they are answered or the
 * tries are used up. Prints how many were. Arguments: ADDRESS PORT COUNT connected|unconnected.
 */
import { createSocket, type Socket } from 'node:dgram'

const [address = '', port, count, kind] = process.argv.slice(2)
const large = Buffer.alloc(1450)
const tries = 8
const pauseMs = 300

const answered = await Promise.all(Array.from({ length: Number(count) }, asked))
process.stdout.write(`${answered.filter(Boolean).length}\n`)

async function asked(): Promise<boolean> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  // What the kernel has learned of the path is an error of the socket, too.
  socket.on('error', () => {})
  const { promise, resolve } = Promise.withResolvers<boolean>()
  socket.on('message', () => resolve(true))
  await new Promise<void>((bound) =>
    kind === 'connected' ? socket.connect(Number(port), address, bound) : socket.bind(bound),
  )
  for (let i = 0; i < tries; i++) {
    send(socket)
    if (await Promise.race([promise, new Promise<false>((late) => setTimeout(() => late(false), pauseMs))])) break
  }
  resolve(false)
  socket.close()
  return promise
}

function send(socket: Socket): void {
  const ignore = () => {}
  if (kind === 'connected') socket.send(large, ignore)
  else socket.send(large, Number(port), address, ignore)
}
