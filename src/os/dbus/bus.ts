/** The message bus, as it is over time: it may be missing, come, go, and come back. */

import { createBackoff } from '../backoff.ts'
import { busRefusalIn, Failure } from '../error.ts'
import { messageOf } from '../log.ts'
import {
  type Answer,
  type BusConnection,
  connectToBus,
  type IncomingCall,
  type MethodCall,
  type OutgoingSignal,
  type Signal,
  systemBus,
  theBus,
  type UnreadSignal,
} from './connection.ts'
import { createCallQueue } from './queue.ts'

export type { Answer, IncomingCall, MethodCall, OutgoingSignal, Signal }

export interface Match {
  /** A well-known name; only signals of its present owner count. */
  readonly sender: string
  readonly interface: string
  readonly member: string
  readonly pathNamespace: string
}

export interface Bus {
  /** Calls a method and returns its results. Throws `calling ...: cause`, also while there is no bus. */
  readonly call: (call: MethodCall) => Promise<readonly unknown[]>
  /** Calls `onSignal` for matching signals; returns what ends that. A signal is a hint: what is true must be read. */
  readonly subscribe: (match: Match, onSignal: (signal: Signal) => void) => () => void
  readonly isConnected: () => boolean
  /**
   * Calls `onOwner` when the name gets another owner, or loses it (null), and after each connection. Returns what ends
   * that.
   */
  readonly watchOwner: (name: string, onOwner: (owner: string | null) => void) => () => void
  /** Owns the name as soon as there is a bus, and again after the bus was restarted. */
  readonly own: (name: string) => void
  /**
   * Hands calls to us to `handle`, now and after the bus was restarted. How many and how fast is bounded, see queue.ts.
   */
  readonly serve: (handle: (call: IncomingCall) => Answer | Promise<Answer>) => void
  /** Sends a signal to everyone who listens. Without a bus, nobody does. */
  readonly emit: (signal: OutgoingSignal) => void
  readonly close: () => void
}

export interface BusOptions {
  readonly socketPath?: string
  /** Gets one text line for the log at a time. */
  readonly onTrouble?: (message: string) => void
}

const retry = { firstMs: 250, maxMs: 30_000 } as const
const doNotQueue = 4

/**
 * Opens the bus. Never throws and never waits: without a bus everything else goes on, and connecting is tried again and
 * again.
 */
export function openBus({ socketPath = systemBus, onTrouble = () => undefined }: BusOptions = {}): Bus {
  const backoff = createBackoff(retry.firstMs, retry.maxMs)
  const subscriptions = new Map<symbol, { readonly match: Match; readonly onSignal: (signal: Signal) => void }>()
  const watches = new Map<symbol, { readonly name: string; readonly onOwner: (owner: string | null) => void }>()
  const owners = new Map<string, string | null>()
  const names = new Set<string>()
  let serveCall: ReturnType<typeof createCallQueue> | null = null
  let connection: BusConnection | null = null
  let closed = false
  let lastTrouble = ''

  function trouble(message: string): void {
    // Calls that were under way when we closed the bus ourselves are no trouble.
    if (message !== lastTrouble && !closed) onTrouble(message)
    lastTrouble = message
  }

  async function connect(): Promise<void> {
    try {
      const fresh = await connectToBus(socketPath, { onSignal: receive, onCall: receiveCall, onEnd: lost })
      if (closed) return fresh.close()
      connection = fresh
      // Matches come before owners: who hears of an owner asks it at once, and from then on no change may be missed.
      await Promise.all([...subscriptions.values()].map(({ match }) => addMatch(ruleOf(match))))
      await Promise.all([...namesOfInterest()].map((name) => follow(name)))
      await Promise.all([...names].map((name) => request(name)))
      backoff.reset()
      lastTrouble = ''
    } catch (error) {
      lost(messageOf(error))
    }
  }

  function lost(cause: string): void {
    connection?.close()
    connection = null
    if (closed) return
    trouble(`message bus: ${cause}`)
    for (const name of owners.keys()) setOwner(name, null)
    backoff.later(() => void connect())
  }

  /** The body is read only where the signal fits: anyone can send us a signal, whatever we asked the bus for. */
  function receive(signal: UnreadSignal): void {
    if (signal.sender === theBus.destination && signal.member === 'NameOwnerChanged') {
      const [name, , owner] = bodyOf(signal) ?? []
      if (typeof name === 'string' && owners.has(name))
        setOwner(name, typeof owner === 'string' && owner ? owner : null)
    }
    const fitting = [...subscriptions.values()].filter(({ match }) => fits(signal, match))
    if (fitting.length === 0) return
    const body = bodyOf(signal)
    const { sender, path, interface: face, member } = signal
    if (body) for (const { onSignal } of fitting) onSignal({ sender, path, interface: face, member, body })
  }

  /** The body; null where it cannot be read, or is too long to be meant for us. */
  function bodyOf(signal: UnreadSignal): readonly unknown[] | null {
    try {
      return signal.body()
    } catch {
      return null
    }
  }

  function receiveCall(call: IncomingCall, answer: (answer: Answer) => void): void {
    if (serveCall) serveCall(call, answer)
    else answer({ ok: false, error: 'org.freedesktop.DBus.Error.UnknownMethod', message: 'no such method' })
  }

  function fits(signal: UnreadSignal, match: Match): boolean {
    return (
      signal.sender === owners.get(match.sender) &&
      signal.interface === match.interface &&
      signal.member === match.member &&
      `${signal.path}/`.startsWith(`${match.pathNamespace}/`)
    )
  }

  function setOwner(name: string, owner: string | null): void {
    if (owners.get(name) === owner) return
    owners.set(name, owner)
    for (const watch of watches.values()) if (watch.name === name) watch.onOwner(owner)
  }

  /** Listening comes before asking, so that a change in between arrives as a signal. */
  async function follow(name: string): Promise<void> {
    if (!owners.has(name)) owners.set(name, null)
    await addMatch(`type='signal',sender='${theBus.destination}',member='NameOwnerChanged',arg0='${name}'`)
    try {
      const [owner] = await ask('GetNameOwner', 's', name)
      setOwner(name, typeof owner === 'string' ? owner : null)
    } catch (error) {
      if (busRefusalIn(error)?.name !== 'org.freedesktop.DBus.Error.NameHasNoOwner') throw error
    }
  }

  async function request(name: string): Promise<void> {
    const [answer] = await ask('RequestName', 'su', name, doNotQueue)
    // RequestName returns 1 where the name is ours now, and 4 where it was already. Otherwise another process has it.
    if (answer !== 1 && answer !== 4) trouble(`message bus: ${name} is taken by another process`)
  }

  const addMatch = (rule: string) => ask('AddMatch', 's', rule)

  async function ask(member: string, signature: string, ...body: readonly unknown[]): Promise<readonly unknown[]> {
    if (!connection) throw new Failure('no-bus', 'not connected')
    return connection.call({ ...theBus, member, signature, body })
  }

  function namesOfInterest(): ReadonlySet<string> {
    return new Set([
      ...[...subscriptions.values()].map(({ match }) => match.sender),
      ...[...watches.values()].map(({ name }) => name),
    ])
  }

  /** What fails here is not tried again by itself, as the next connection does it all again. */
  function soon(work: () => Promise<unknown>): void {
    if (connection) work().catch((error: unknown) => trouble(`message bus: ${String(error)}`))
  }

  void connect()
  return {
    call: async (call) => {
      if (!connection) throw new Failure('no-bus', `calling ${call.interface}.${call.member}: no message bus`)
      return connection.call(call)
    },
    subscribe: (match, onSignal) => {
      const key = Symbol(match.interface)
      subscriptions.set(key, { match, onSignal })
      soon(async () => {
        await addMatch(ruleOf(match))
        await follow(match.sender)
      })
      return () => {
        subscriptions.delete(key)
        soon(() => ask('RemoveMatch', 's', ruleOf(match)))
      }
    },
    isConnected: () => connection !== null,
    watchOwner: (name, onOwner) => {
      const key = Symbol(name)
      watches.set(key, { name, onOwner })
      soon(() => follow(name))
      return () => void watches.delete(key)
    },
    own: (name) => {
      names.add(name)
      soon(() => request(name))
    },
    serve: (handle) => {
      serveCall = createCallQueue(handle, async (sender) => {
        const [user] = await ask('GetConnectionUnixUser', 's', sender)
        if (typeof user !== 'number') throw new Failure('malformed', 'no user')
        return user
      })
    },
    emit: (signal) => connection?.emit(signal),
    close: () => {
      closed = true
      backoff.cancel()
      connection?.close()
      connection = null
    },
  }
}

/** A match rule. It is not escaped, as only our own constants come here. */
function ruleOf({ sender, interface: face, member, pathNamespace }: Match): string {
  return `type='signal',sender='${sender}',interface='${face}',member='${member}',path_namespace='${pathNamespace}'`
}
