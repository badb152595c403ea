/** A question to a name server through one uplink (RFC 1035). */
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { hostOf, portOf } from '../../net/target.ts'
import { Failure } from '../../os/error.ts'
import type { Egress } from './egress.ts'
import type { Asking } from './prober.ts'

export const dns: Asking = {
  how: 'asks',
  bindsTo: 'address',
  needsNames: false,
  ask: async ({ egress, settings, target, signal }) =>
    (await askName(egress, hostOf(target), portOf(target, 53), settings.name, signal)) !== null,
}

const types = { inet: 1, inet6: 28 } as const

/** The addresses of `name`, an empty list where it has none; null for no answer, a failure or a refusal. */
export async function askName(
  { family, source }: Egress,
  server: string,
  port: number,
  name: string,
  signal: AbortSignal,
): Promise<readonly string[] | null> {
  const id = randomInt(0x10000)
  const socket = createSocket({ type: family === 'inet' ? 'udp4' : 'udp6' })
  const { promise, resolve, reject } = Promise.withResolvers<readonly string[] | null>()
  const stop = () => reject(new Failure('no-answer', 'no answer in time'))
  signal.addEventListener('abort', stop, { once: true })
  socket.on('error', reject)
  // The socket is connected below, so the kernel hands on only what comes from the server.
  socket.on('message', (message) => {
    const answer = parseAnswer(message, id, types[family])
    if (answer !== undefined) resolve(answer)
  })
  try {
    if (signal.aborted) stop()
    socket.bind({ port: 0, ...(source === null ? {} : { address: source }) }, () =>
      socket.connect(port, server, (error?: Error) =>
        error ? reject(error) : socket.send(question(id, name, types[family]), ignore),
      ),
    )
    return await promise
  } finally {
    signal.removeEventListener('abort', stop)
    socket.removeAllListeners('error')
    socket.on('error', ignore)
    socket.close()
  }
}

function ignore(): void {}

/** A query for one name and type as bytes (RFC 1035, 4.1). */
export function question(id: number, name: string, type: number): Buffer {
  const header = Buffer.from([id >> 8, id & 0xff, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0])
  const labels = name
    .replace(/\.$/, '')
    .split('.')
    .map((label) => Buffer.from([label.length, ...Buffer.from(label)]))
  return Buffer.concat([header, ...labels, Buffer.from([0, 0, type, 0, 1])])
}

/**
 * The addresses in an answer; undefined for what is no answer to us, null where the server failed. That there is no
 * such name is an answer, without addresses.
 */
export function parseAnswer(message: Buffer, id: number, type: number): readonly string[] | null | undefined {
  if (message.length < 12 || message.readUInt16BE(0) !== id || (message.readUInt8(2) & 0x80) === 0) return undefined
  const code = message.readUInt8(3) & 0x0f
  if (code !== 0) return code === 3 ? [] : null
  try {
    return readAddresses(message, type)
  } catch {
    // The message was cut short, which is a RangeError of Buffer.
    return null
  }
}

function readAddresses(message: Buffer, type: number): readonly string[] {
  let at = 12
  for (let left = message.readUInt16BE(4); left > 0; left--) at = afterName(message, at) + 4
  const found: string[] = []
  for (let left = message.readUInt16BE(6); left > 0; left--) {
    at = afterName(message, at)
    const length = message.readUInt16BE(at + 8)
    const data = message.subarray(at + 10, at + 10 + length)
    if (data.length !== length) throw new RangeError('cut short')
    if (message.readUInt16BE(at) === type && (length === 4 || length === 16)) found.push(addressOf(data))
    at += 10 + length
  }
  return found
}

/** The position behind a name, which is labels, and ends with an empty one or a reference of two bytes. */
function afterName(message: Buffer, start: number): number {
  let at = start
  for (;;) {
    const length = message.readUInt8(at)
    if (length === 0) return at + 1
    if (length >= 0xc0) return at + 2
    at += 1 + length
  }
}

function addressOf(data: Buffer): string {
  if (data.length === 4) return [...data].join('.')
  return Array.from({ length: data.length >> 1 }, (_, i) => data.readUInt16BE(i * 2).toString(16)).join(':')
}
