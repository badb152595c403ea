/**
 * A provider's DHCPv6 server on a point-to-point line (RFC 8415), as isc-dhcp-server knows no such device: whoever asks is
 * given the one prefix, which is routed by that line, and all else is left unanswered. Arguments: the device and the prefix.
 */
import { createSocket } from 'node:dgram'
import { command } from '../../lab/command.ts'

const [device = '', prefix = ''] = process.argv.slice(2)
const [network = '', length = ''] = prefix.split('/')

const messages = { solicit: 1, advertise: 2, request: 3, renew: 5, rebind: 6, reply: 7, release: 8 } as const
const options = { client: 1, server: 2, iaPd: 25, iaPrefix: 26 } as const

const option = (code: number, data: Uint8Array) => {
  const head = Buffer.alloc(4)
  head.writeUInt16BE(code)
  head.writeUInt16BE(data.length, 2)
  return Buffer.concat([head, data])
}

/** The first option of a kind, or null. */
function find(text: Buffer, code: number): Buffer | null {
  for (let at = 0; at + 4 <= text.length; ) {
    const end = at + 4 + text.readUInt16BE(at + 2)
    if (text.readUInt16BE(at) === code) return text.subarray(at + 4, end)
    at = end
  }
  return null
}

/** `2001:db8:d100::` as 16 octets: only such prefixes, which have zeros at the end alone, are given out. */
function bytesOf(address: string): Buffer {
  const words = address.split('::')[0]?.split(':') ?? []
  return Buffer.concat([Buffer.from(words.map((word) => word.padStart(4, '0')).join(''), 'hex'), Buffer.alloc(16)], 16)
}

/** Renewed after 10 s; preferred for 30 s, valid for 40 s. */
function association(iaid: Buffer): Buffer {
  const times = Buffer.alloc(8)
  times.writeUInt32BE(10)
  times.writeUInt32BE(20, 4)
  const given = Buffer.alloc(9)
  given.writeUInt32BE(30)
  given.writeUInt32BE(40, 4)
  given.writeUInt8(Number(length), 8)
  return Buffer.concat([iaid, times, option(options.iaPrefix, Buffer.concat([given, bytesOf(network)]))])
}

const socket = createSocket({ type: 'udp6', reuseAddr: true })
socket.on('message', (message, { address, port }) => {
  const rest = message.subarray(4)
  const [client, asked] = [find(rest, options.client), find(rest, options.iaPd)]
  const wanted: readonly number[] = [messages.solicit, messages.request, messages.renew, messages.rebind]
  if (client === null || asked === null || !wanted.includes(message[0] ?? 0)) return
  const answer = Buffer.from(message.subarray(0, 4))
  answer[0] = message[0] === messages.solicit ? messages.advertise : messages.reply
  const server = option(options.server, bytesOf(`3:1:0200:0:${device.slice(3)}:1`).subarray(0, 10))
  const parts = [
    answer,
    option(options.client, client),
    server,
    option(options.iaPd, association(asked.subarray(0, 4))),
  ]
  socket.send(Buffer.concat(parts), port, address)
})
socket.bind(547, () => socket.addMembership('ff02::1:2', `::%${device}`))
await command(['/usr/sbin/ip', '-6', 'route', 'replace', prefix, 'dev', device])
