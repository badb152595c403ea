/** Connections through the host, from itself or from its LAN, and which uplink each of them took. */
import { inNamespace, monotonicMs, programArgv, type Running, start, waitForLine } from './command.ts'
import { addresses, ports } from './names.ts'
import { patienceMs } from './patience.ts'

/** One connection: when it was started and how long it took (ms, CLOCK_MONOTONIC), and what came of it. */
export type Attempt = { readonly at: number; readonly took: number } & (
  | { readonly peer: string }
  | { readonly error: string }
)

export interface ConnectOptions {
  readonly host?: string
  readonly port?: number
  readonly timeoutMs?: number
  readonly localAddress?: string
}

async function startConnecting(namespace: string, plan: Readonly<Record<string, unknown>>): Promise<Running> {
  return await start(inNamespace(namespace, programArgv('connect', [JSON.stringify(plan)])))
}

function planOf(options: ConnectOptions): Readonly<Record<string, unknown>> {
  return { host: addresses.server, port: ports.whoAmI, timeoutMs: 3000, ...options }
}

/** Opens `count` new connections from a namespace, one after the other. */
export async function connections(
  namespace: string,
  count: number,
  options: ConnectOptions = {},
): Promise<readonly Attempt[]> {
  const attempts: Attempt[] = []
  const running = await startConnecting(namespace, { ...planOf(options), count, everyMs: 0 })
  running.onLine((line) => attempts.push(JSON.parse(line)))
  await running.ended
  if (attempts.length !== count) {
    throw new Error(`connecting from ${namespace}: ${attempts.length} of ${count} reported: ${running.stderr()}`)
  }
  return attempts
}

/** How many connections each peer address had; what failed counts under its error. */
export function countByPeer(attempts: readonly Attempt[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const attempt of attempts) {
    const key = 'peer' in attempt ? attempt.peer : attempt.error
    counts[key] = (counts[key] ?? 0) + 1
  }
  return counts
}

export interface Stream {
  readonly attempts: readonly Attempt[]
  /** Waits until an attempt satisfies `accept`, looking at those that ended already, too. */
  until(accept: (attempt: Attempt, all: readonly Attempt[]) => boolean, timeoutMs?: number): Promise<Attempt>
  /** Starts no more, and waits until everything started before now has ended. */
  stop(): Promise<readonly Attempt[]>
}

/** Starts a new connection every `everyMs` milliseconds, whatever becomes of the others. */
export async function stream(namespace: string, everyMs: number, options: ConnectOptions = {}): Promise<Stream> {
  const plan = planOf({ timeoutMs: 1000, ...options })
  const running = await startConnecting(namespace, { ...plan, count: 1_000_000, everyMs })
  const attempts: Attempt[] = []
  const listeners = new Set<(attempt: Attempt) => void>()
  running.onLine((line) => {
    const attempt: Attempt = JSON.parse(line)
    attempts.push(attempt)
    for (const listener of listeners) listener(attempt)
  })

  function until(
    accept: (attempt: Attempt, all: readonly Attempt[]) => boolean,
    timeoutMs = patienceMs,
  ): Promise<Attempt> {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer)
        listeners.delete(listener)
      }
      const timer = setTimeout(() => {
        end()
        const seen = JSON.stringify(countByPeer(attempts.slice(-200)))
        reject(
          new Error(`waiting for connections: none satisfies ${accept} within ${timeoutMs} ms; the last 200: ${seen}`),
        )
      }, timeoutMs)
      const listener = (attempt: Attempt) => {
        if (!accept(attempt, attempts)) return
        end()
        resolve(attempt)
      }
      listeners.add(listener)
      const earlier = attempts.find((attempt) => accept(attempt, attempts))
      if (earlier) listener(earlier)
    })
  }

  return {
    attempts,
    until,
    stop: async () => {
      const now = monotonicMs()
      await until((attempt) => attempt.at > now)
      await running.stop('SIGTERM')
      return attempts
    },
  }
}

/**
 * From `event` on, the time in ms until every new connection is good (and stays so): 0 when all were, otherwise the
 * time at which the last bad one was started, plus the interval to the next.
 */
export function msUntilAllGood(
  attempts: readonly Attempt[],
  event: number,
  isGood: (attempt: Attempt) => boolean,
): number {
  const later = attempts.filter(({ at }) => at >= event).sort((one, other) => one.at - other.at)
  const lastBad = later.findLastIndex((attempt) => !isGood(attempt))
  if (lastBad === -1) return 0
  const next = later[lastBad + 1]
  return next === undefined ? Number.POSITIVE_INFINITY : next.at - event
}

export interface SessionResult {
  readonly protocol: 'tcp' | 'udp'
  /** Its address as the server saw it; several when it moved, which no session survives. */
  readonly peer: string
  readonly sent: number
  readonly answered: number
  readonly lost: number
  readonly error: string | null
}

export interface Sessions {
  /** The sessions' peers, TCP ones first. */
  readonly peers: readonly string[]
  /** Ends them and says what became of each. */
  stop(): Promise<readonly SessionResult[]>
}

/** Opens sessions that say something every 20 ms unless told, and waits until all are answered. */
export async function openSessions(
  namespace: string,
  tcp: number,
  udp: number,
  everyMs = 20,
  host: string = addresses.server,
): Promise<Sessions> {
  const plan = { host, port: ports.echo, tcp, udp, everyMs }
  const running = await start(inNamespace(namespace, programArgv('sessions', [JSON.stringify(plan)])))
  const results: SessionResult[] = []
  running.onLine((line) => {
    if (line.startsWith('{')) results.push(JSON.parse(line))
  })
  const line = await waitForLine(running, (text) => text.startsWith('open '))
  return {
    peers: JSON.parse(line.slice('open '.length)),
    stop: async () => {
      await running.stop('SIGTERM')
      return results
    },
  }
}
