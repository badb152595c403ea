/** One connection to a message bus: calls to others, calls to us, and signals. */
import { connect } from 'node:net'
import { busRefusalIn, Failure } from '../error.ts'
import { messageOf } from '../log.ts'
import { createDecoder, encode, flags, type Outgoing, type Received, types } from './wire.ts'

export interface MethodCall {
  readonly destination: string
  readonly path: string
  readonly interface: string
  readonly member: string
  readonly signature?: string
  /** Values as in `Outgoing` of wire.ts. */
  readonly body?: readonly unknown[]
  /** Default: 5 seconds. */
  readonly timeoutMs?: number
  /** Whether the callee may have the user asked for a password. Then the answer may take as long as that. */
  readonly interactive?: boolean
}

export interface Signal {
  /** The sender's unique name (`:1.42`), or `org.freedesktop.DBus` for the bus itself. The bus vouches for it. */
  readonly sender: string
  readonly path: string
  readonly interface: string
  readonly member: string
  readonly body: readonly unknown[]
}

/** A signal whose body nobody has looked at yet. */
export type UnreadSignal = Omit<Signal, 'body'> & Pick<Received, 'body'>

/** A call to us; anyone on the bus can make one. */
export interface IncomingCall {
  /** The caller's unique name, for which the bus vouches. */
  readonly sender: string
  readonly path: string
  /** Empty where the caller left it out. */
  readonly interface: string
  readonly member: string
  readonly signature: string
  readonly isTooLong: boolean
  readonly body: () => readonly unknown[]
  readonly interactive: boolean
}

export type Answer =
  | { readonly ok: true; readonly signature: string; readonly body: readonly unknown[] }
  | { readonly ok: false; readonly error: string; readonly message: string }

export interface OutgoingSignal {
  readonly path: string
  readonly interface: string
  readonly member: string
  readonly signature: string
  readonly body: readonly unknown[]
}

export interface BusConnection {
  /**
   * Calls a method and returns its results. Throws a Failure `calling INTERFACE.MEMBER: cause`; `busRefusalIn` finds
   * what the callee said.
   */
  readonly call: (call: MethodCall) => Promise<readonly unknown[]>
  /** Sends a signal to everyone who listens. */
  readonly emit: (signal: OutgoingSignal) => void
  readonly close: () => void
}

export interface BusListener {
  readonly onSignal?: (signal: UnreadSignal) => void
  /** Without a handler, every call is refused. */
  readonly onCall?: (call: IncomingCall, answer: (answer: Answer) => void) => void
  /** The connection is gone, and calls under way have failed. Called once, and not after `close`. */
  readonly onEnd?: (cause: string) => void
}

const callTimeoutMs = 5000
const maxGreeting = 1024
const chunkSize = 64 * 1024

export const theBus = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
} as const

/** The socket of Debian's system bus, for dbus-daemon(1) and dbus-broker alike. */
export const systemBus = '/run/dbus/system_bus_socket'

/** Connects to the bus whose unix socket is `socketPath`. Throws where that fails; then nothing is left behind. */
export async function connectToBus(socketPath: string, listener: BusListener): Promise<BusConnection> {
  // One buffer serves all reads, so that a flood leaves nothing to be collected.
  const onread = { buffer: Buffer.alloc(chunkSize), callback: (size: number) => take(size) }
  const socket = connect({ path: socketPath, onread })
  const pending = new Map<number, { resolve: (body: readonly unknown[]) => void; reject: (error: Error) => void }>()
  const decode = createDecoder(receive)
  const greeted = Promise.withResolvers<void>()
  let greeting: string | null = ''
  let serial = 0
  let state: 'greeting' | 'open' | 'ended' = 'greeting'

  function end(cause: string, isNews = state === 'open'): void {
    if (state === 'ended') return
    state = 'ended'
    socket.destroy()
    greeted.reject(new Failure('no-bus', cause))
    for (const { reject } of pending.values()) reject(new Failure('no-bus', cause))
    pending.clear()
    if (isNews) listener.onEnd?.(cause)
  }

  /** Takes the bus's part of the SASL handshake. The bus asks the kernel who we are (EXTERNAL), and answers OK. */
  function greet(text: string): void {
    greeting = (greeting ?? '') + text
    const line = /^(.*)\r\n/.exec(greeting)?.[1]
    if (line?.startsWith('OK ')) {
      greeting = null
      socket.write('BEGIN\r\n')
      greeted.resolve()
    } else if (line !== undefined || greeting.length > maxGreeting) end('no message bus is behind the socket')
  }

  function take(size: number): boolean {
    const chunk = onread.buffer.subarray(0, size)
    if (greeting === null) decode(chunk)
    else greet(chunk.toString('latin1'))
    return true
  }

  function receive(message: Received): void {
    if (state === 'ended') return
    if (message.type === types.signal) listener.onSignal?.(message)
    else if (message.type === types.call) receiveCall(message)
    else settle(message)
  }

  function settle(message: Received): void {
    const waiter = pending.get(message.replySerial)
    if (!waiter) return
    try {
      if (message.type === types.reply) waiter.resolve(message.body())
      else waiter.reject(new Failure('bus-refused', String(message.body()[0] ?? ''), { busError: message.errorName }))
    } catch (error) {
      waiter.reject(new Failure('malformed', `an answer that cannot be read: ${messageOf(error)}`, { cause: error }))
    }
  }

  function receiveCall(message: Received): void {
    const answer = (given: Answer) => {
      if (state !== 'ended' && (message.flags & flags.noReplyExpected) === 0) reply(message, given)
    }
    const interactive = (message.flags & flags.interactive) !== 0
    if (listener.onCall) listener.onCall({ ...message, interactive }, answer)
    else answer({ ok: false, error: 'org.freedesktop.DBus.Error.UnknownMethod', message: 'no such method' })
  }

  function reply({ sender: destination, serial: replySerial }: Received, answer: Answer): void {
    const to = { destination, replySerial }
    if (answer.ok) send({ type: types.reply, ...to, signature: answer.signature, body: answer.body })
    else send({ type: types.error, ...to, errorName: answer.error, signature: 's', body: [answer.message] })
  }

  /**
   * Sends a message. While the bus does not take what we write, we do not read either, so that answers cannot pile up.
   */
  function send(message: Omit<Outgoing, 'serial'>): void {
    serial += 1
    if (socket.write(encode({ ...message, serial }))) return
    socket.pause()
    socket.once('drain', () => socket.resume())
  }

  async function call({ timeoutMs = callTimeoutMs, interactive = false, ...request }: MethodCall) {
    const { promise, resolve, reject } = Promise.withResolvers<readonly unknown[]>()
    const timer = setTimeout(() => reject(new Failure('timeout', `no answer within ${timeoutMs} ms`)), timeoutMs)
    let number = 0
    try {
      if (state === 'ended') throw new Failure('no-bus', 'not connected')
      send({ type: types.call, flags: interactive ? flags.interactive : 0, ...request })
      number = serial
      pending.set(number, { resolve, reject })
      return await promise
    } catch (error) {
      const refusal = busRefusalIn(error)
      const why = refusal ? `${refusal.name}: ${refusal.text}` : messageOf(error)
      const code = refusal ? 'bus-refused' : 'no-answer'
      throw new Failure(code, `calling ${request.interface}.${request.member}: ${why}`, { cause: error })
    } finally {
      clearTimeout(timer)
      pending.delete(number)
    }
  }

  socket.on('error', (error) => end(error.message))
  socket.once('end', () => end('the bus hung up'))
  socket.once('close', () => end('the bus hung up'))
  socket.write(`\0AUTH EXTERNAL ${Buffer.from(String(process.geteuid?.())).toString('hex')}\r\n`)
  const timer = setTimeout(() => end(`no answer within ${callTimeoutMs} ms`), callTimeoutMs)
  try {
    await greeted.promise.finally(() => clearTimeout(timer))
    await call({ ...theBus, member: 'Hello' })
  } catch (error) {
    end('never connected')
    throw error
  }
  state = 'open'
  return {
    call,
    emit: (signal) => {
      if (state === 'open') send({ type: types.signal, ...signal })
    },
    close: () => end('closed', false),
  }
}
