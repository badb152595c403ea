/**
 * Sends the first packet of each connection that stdin lists as JSON, and waits for no answer. Argument: as whom, as JSON.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect, isIPv6 } from 'node:net'
import { text } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'

export interface Packet {
  readonly protocol: 'tcp' | 'udp'
  /** The kernel chooses where it is absent. */
  readonly from?: string
  readonly to: string
  readonly sourcePort: number
  readonly port: number
}

export interface SendOptions {
  readonly user?: number
  /** Below the root of the control groups. */
  readonly cgroup?: string
}

const { user, cgroup }: SendOptions = JSON.parse(process.argv[2] ?? '{}')
if (cgroup !== undefined) writeFileSync(`/sys/fs/cgroup/${cgroup}/cgroup.procs`, String(process.pid))
if (user !== undefined) process.seteuid?.(user)
for (const packet of JSON.parse(await text(process.stdin)) as readonly Packet[])
  await (packet.protocol === 'udp' ? datagram(packet) : syn(packet))

async function datagram({ from, to, sourcePort, port }: Packet): Promise<void> {
  const socket = createSocket(isIPv6(to) ? 'udp6' : 'udp4')
  socket.on('error', () => {})
  await new Promise<void>((resolve) =>
    socket.bind({ port: sourcePort, exclusive: true, ...(from && { address: from }) }, resolve),
  )
  await new Promise<void>((resolve) => socket.send('x', port, to, () => resolve()))
  socket.close()
  await once(socket, 'close')
}

async function syn({ from, to, sourcePort, port }: Packet): Promise<void> {
  const socket = connect({ host: to, port, localPort: sourcePort, ...(from && { localAddress: from }) })
  socket.on('error', () => {})
  await Promise.race([once(socket, 'connectionAttempt'), once(socket, 'close')])
  await setImmediate()
  socket.destroy()
}
