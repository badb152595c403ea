/**
 * D-Bus messages as bytes: https://dbus.freedesktop.org/doc/dbus-specification.html#message-protocol-messages
 *
 * The only file that uses dbus-next, and of that only what turns values into bytes and back. Its connection is passed
 * over: when the bus goes away it says nothing and its calls wait for ever, it keeps a message whole however large it is,
 * and one that it cannot parse (a file descriptor that is not there, `h`) ends the process.
 */
import DBusBuffer from 'dbus-next/lib/dbus-buffer.js'
import { marshall } from 'dbus-next/lib/message.js'
import { parseSignature, type Tree } from 'dbus-next/lib/signature.js'
import { Failure } from '../error.ts'

export const types = { call: 1, reply: 2, error: 3, signal: 4 } as const
export const flags = { noReplyExpected: 1, interactive: 4 } as const

/**
 * A message to send. In `body`, values are as `signature` says: a variant is `[signature, value]`, a dictionary a list
 * of `[key, value]`, a structure a list.
 */
export interface Outgoing {
  readonly type: number
  readonly serial: number
  readonly flags?: number
  readonly path?: string
  readonly interface?: string
  readonly member?: string
  readonly errorName?: string
  readonly replySerial?: number
  readonly destination?: string
  readonly signature?: string
  readonly body?: readonly unknown[]
}

/** A message that arrived. Members that its header does not have are empty. */
export interface Received {
  readonly type: number
  readonly flags: number
  readonly serial: number
  readonly replySerial: number
  readonly path: string
  readonly interface: string
  readonly member: string
  readonly errorName: string
  readonly sender: string
  readonly signature: string
  readonly isTooLong: boolean
  /**
   * Parses the body when asked for, as anyone on the bus can send us anything. Except for calls it must be asked for at
   * once, as the bytes are used again. Variants are opened, dictionaries are objects, and 64-bit integers are numbers:
   * nothing that we read is above 2^53. Throws where the body is too long or cannot be read.
   */
  readonly body: () => readonly unknown[]
}

/**
 * The largest body in bytes that is kept, by type of message. Answers come only from services that we asked (networkd,
 * NetworkManager, ModemManager), with all that they know. Calls and signals come from anyone, and have a few words.
 */
const maxBody = new Map<number, number>([
  [types.call, 64 * 1024],
  [types.reply, 4 * 1024 * 1024],
  [types.error, 64 * 1024],
  [types.signal, 256 * 1024],
])
/** The largest header in bytes that is kept. The bus lets 64 MiB pass, but paths and names that long are not for us. */
const maxHeader = 64 * 1024
const fixedHeader = 16

/** A message as bytes. Throws where the body does not fit the signature. */
export function encode(message: Outgoing): Buffer {
  return marshall({ signature: '', ...message, body: message.body ?? [] })[0]
}

/**
 * Returns what cuts a stream of bytes into messages. Of a message that is too long, the header is told and the body
 * dropped as it comes. The caller may use a chunk again, as what is kept of it is copied.
 */
export function createDecoder(onMessage: (message: Received) => void): (chunk: Buffer) => void {
  let parts: Buffer[] = []
  let missing = 0
  let toSkip = 0

  /** Tells the messages that are whole, returns the rest, and sets `missing`: how many bytes it lacks at least. */
  function cut(data: Buffer): Buffer {
    for (let rest = data; ; ) {
      const skipped = Math.min(toSkip, rest.length)
      toSkip -= skipped
      rest = rest.subarray(skipped)
      missing = fixedHeader - rest.length
      if (missing > 0) return rest
      const { header, body, kept } = lengthsOf(rest)
      missing = kept - rest.length
      if (missing > 0) return rest
      if (kept > 0) tell(rest.subarray(0, kept), header, body, onMessage)
      toSkip = header + body
    }
  }

  return (chunk) => {
    missing -= chunk.length
    if (parts.length > 0 && missing > 0) return void parts.push(Buffer.from(chunk))
    const rest = cut(parts.length > 0 ? Buffer.concat([...parts, chunk]) : chunk)
    parts = rest.length > 0 ? [Buffer.from(rest)] : []
  }
}

/** The lengths of a message's parts in bytes. `kept` is how much of it is kept. */
function lengthsOf(data: Buffer): { readonly header: number; readonly body: number; readonly kept: number } {
  const number = (at: number) => (isLittle(data) ? data.readUInt32LE(at) : data.readUInt32BE(at))
  const [header, body] = [fixedHeader + Math.ceil(number(12) / 8) * 8, number(4)]
  if (header > maxHeader) return { header, body, kept: 0 }
  return { header, body, kept: isTooLong(data, body) ? header : header + body }
}

function isTooLong(data: Buffer, body: number): boolean {
  return body > (maxBody.get(data[1] ?? 0) ?? 0)
}

function isLittle(data: Buffer): boolean {
  return data[0] === 0x6c
}

/** Hands on a message. The bus checks headers; should one be broken all the same, the message is dropped. */
function tell(data: Buffer, header: number, bodyLength: number, onMessage: (message: Received) => void): void {
  let message: Received
  try {
    // Calls are read later, so they need bytes of their own.
    message = read(data[1] === types.call ? Buffer.from(data) : data, header, bodyLength)
  } catch {
    return
  }
  onMessage(message)
}

function read(data: Buffer, header: number, bodyLength: number): Received {
  const reader = new DBusBuffer(data, 0, data[0] ?? 0)
  const [, type, flags, , , serial, list] = reader.read('yyyyuua(yv)') as [...number[], [number, [Tree[], unknown[]]][]]
  const fields = new Map((list as [number, [Tree[], unknown[]]][]).map(([code, [, values]]) => [code, values[0]]))
  const text = (code: number) => String(fields.get(code) ?? '')
  const signature = text(8)
  return {
    type: Number(type),
    flags: Number(flags),
    serial: Number(serial),
    replySerial: Number(fields.get(5) ?? 0),
    path: text(1),
    interface: text(2),
    member: text(3),
    errorName: text(4),
    sender: text(7),
    signature,
    isTooLong: isTooLong(data, bodyLength),
    body: () => {
      if (isTooLong(data, bodyLength)) throw new Failure('too-large', `a message of ${bodyLength} bytes`)
      const trees = parseSignature(signature)
      const values = new DBusBuffer(data.subarray(header), 0, data[0] ?? 0).read(signature)
      return trees.map((tree, index) => plain(tree, values[index]))
    },
  }
}

function plain({ type, child }: Tree, value: unknown): unknown {
  const [inner] = child
  if (type === 'v') {
    const [[tree], [opened]] = value as [Tree[], unknown[]]
    return tree && plain(tree, opened)
  }
  if (type === 'a' && inner?.type === '{') {
    const [keys, values] = inner.child
    const entries = value as [unknown, unknown][]
    return Object.fromEntries(entries.map(([key, item]) => [keys && plain(keys, key), values && plain(values, item)]))
  }
  // `ay` comes as a Buffer, which is iterable, too.
  if (type === 'a') return Array.from(value as Iterable<unknown>, (item) => inner && plain(inner, item))
  if (type === '(') return child.map((tree, index) => plain(tree, (value as unknown[])[index]))
  return typeof value === 'bigint' ? Number(value) : value
}
