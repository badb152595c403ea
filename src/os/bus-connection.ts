/**
 * One connection to a message bus: the only file that uses dbus-next, and of that only what turns messages into bytes
 * and back. Its MessageBus is passed over: when the bus goes away it says nothing and its calls wait for ever, and an
 * error to its first call ends the process.
 */
import type { Socket } from 'node:net'
import createConnection from 'dbus-next/lib/connection.js'
import { Message } from 'dbus-next/lib/message-type.js'
import { Variant } from 'dbus-next/lib/variant.js'

export interface MethodCall {
  readonly destination: string
  readonly path: string
  readonly interface: string
  readonly member: string
  readonly signature?: string
  readonly body?: readonly unknown[]
}

export interface Signal {
  /** The sender's unique name (`:1.42`), or `org.freedesktop.DBus` for the bus itself: the bus vouches for it. */
  readonly sender: string
  readonly path: string
  readonly interface: string
  readonly member: string
  readonly body: readonly unknown[]
}

export interface BusConnection {
  /** What the method returns. Throws `calling INTERFACE.MEMBER: cause`. */
  readonly call: (call: MethodCall) => Promise<readonly unknown[]>
  readonly close: () => void
}

export interface BusListener {
  readonly onSignal: (signal: Signal) => void
  /** The connection is gone; calls under way have failed. Once, and not after `close`. */
  readonly onEnd: (cause: string) => void
}

const timeoutMs = 5000
const types = { call: 1, reply: 2, error: 3, signal: 4 } as const
const noReplyExpected = 1

export const theBus = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
} as const

/** Connects to the bus whose unix socket is `socketPath`. Throws where that fails; then nothing is left behind. */
export async function connectToBus(socketPath: string, listener: BusListener): Promise<BusConnection> {
  // `socket=`, which only dbus-next knows, is a plain net.Socket; `path=` would look for a native addon.
  const connection = createConnection({ busAddress: `unix:socket=${socketPath}`, authMethods: ['EXTERNAL'] })
  const pending = new Map<number, { resolve: (body: readonly unknown[]) => void; reject: (error: Error) => void }>()
  let serial = 0
  let state: 'greeting' | 'open' | 'ended' = 'greeting'

  function end(cause: string): void {
    if (state === 'ended') return
    const wasOpen = state === 'open'
    state = 'ended'
    connection.stream.destroy()
    for (const { reject } of pending.values()) reject(new Error(cause))
    pending.clear()
    if (wasOpen) listener.onEnd(cause)
  }

  function receive(message: Message): void {
    if (state === 'ended') return
    if (message.type === types.signal) {
      listener.onSignal({
        sender: message.sender,
        path: message.path,
        interface: message.interface,
        member: message.member,
        body: message.body.map(plain),
      })
    } else if (message.type === types.call) {
      if ((message.flags & noReplyExpected) === 0) send(refusalOf(message))
    } else {
      const waiter = pending.get(message.replySerial)
      if (message.type === types.reply) waiter?.resolve(message.body.map(plain))
      else waiter?.reject(new Error(`${message.errorName}: ${String(message.body[0] ?? '')}`))
    }
  }

  function send(message: Message): void {
    serial += 1
    message.serial = serial
    connection.message(message)
  }

  async function call(request: MethodCall): Promise<readonly unknown[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly unknown[]>()
    const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
    let number = 0
    try {
      if (state === 'ended') throw new Error('not connected')
      send(new Message({ ...request, signature: request.signature ?? '', body: [...(request.body ?? [])] }))
      number = serial
      pending.set(number, { resolve, reject })
      return await promise
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error)
      throw new Error(`calling ${request.interface}.${request.member}: ${cause}`)
    } finally {
      clearTimeout(timer)
      pending.delete(number)
    }
  }

  connection.on('message', receive)
  connection.on('error', (error: unknown) => end(error instanceof Error ? error.message : String(error)))
  connection.on('end', () => end('the bus hung up'))
  connection.stream.once('close', () => end('the bus hung up'))
  connection.once('connect', () => queueMicrotask(() => surviveParser(connection.stream)))
  try {
    await call({ ...theBus, member: 'Hello' })
  } catch (error) {
    end('never connected')
    throw error
  }
  state = 'open'
  return {
    call,
    close: () => {
      state = 'ended'
      end('closed')
      connection.stream.destroy()
      for (const { reject } of pending.values()) reject(new Error('closed'))
    },
  }
}

/**
 * Anyone on the bus can send us a signal that dbus-next cannot parse (a file descriptor that is not there, `h`), and what
 * it throws then would end the process. It has taken the message from the stream by then: the next one is whole.
 */
function surviveParser(stream: Socket): void {
  for (const parse of stream.listeners('readable')) {
    stream.off('readable', parse as () => void)
    stream.on('readable', () => {
      for (let broken = true; broken; ) {
        broken = false
        try {
          parse.call(stream)
        } catch {
          broken = true
        }
      }
    })
  }
}

function refusalOf(message: Message): Message {
  return new Message({
    type: types.error,
    replySerial: message.serial,
    destination: message.sender,
    errorName: 'org.freedesktop.DBus.Error.UnknownMethod',
    signature: 's',
    body: ['no such method'],
  })
}

/** Variants opened, and 64-bit integers as numbers: JSON cannot have BigInt, and nothing that we read is above 2^53. */
function plain(value: unknown): unknown {
  if (value instanceof Variant) return plain(value.value)
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(plain)
  if (Buffer.isBuffer(value)) return [...value]
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))
}
