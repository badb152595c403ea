/**
 * Keeps a queue filled: so many packets at once, then as many as pass in the same time, by broadcast, which nobody answers.
 * Arguments, one JSON object: { address, bytes, perSecond, ahead }; `bytes` of each packet with all its headers.
 */
import { createSocket } from 'node:dgram'
import { monotonicMs } from '../command.ts'

interface Plan {
  readonly address: string
  readonly bytes: number
  readonly perSecond: number
  readonly ahead: number
}

const { address, bytes, perSecond, ahead }: Plan = JSON.parse(process.argv[2] ?? '{}')
/** Ethernet, IPv4, UDP. */
const headers = 14 + 20 + 8
const socket = createSocket('udp4')
await new Promise<void>((resolve) => socket.bind(0, resolve))
socket.setBroadcast(true)
const begun = monotonicMs()
let sent = 0
setInterval(() => {
  const due = ahead + ((monotonicMs() - begun) / 1000) * perSecond
  for (; sent < due; sent++) socket.send(Buffer.alloc(bytes - headers), 9, address)
}, 10)
