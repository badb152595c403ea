/**
 * Echo requests by ping(8) of iputils, which has the privilege and the clock for them. `-I DEV` binds its socket to the
 * device, so our rule for bound sockets sends it by that uplink and no other. `-I ADDRESS` before it holds the address:
 * the kernel would go on with another interface's when this one's is deprecated or gone, and no provider takes those.
 */
import { programs } from '../ids.ts'
import { follow } from '../os/follow.ts'
import { isLinkLocal } from '../valid.ts'

export type PingLine =
  | { readonly kind: 'answer'; readonly rttMs: number }
  /** `-O`: the next request leaves, and the one before has no answer. Also: a router says that there is no way. */
  | { readonly kind: 'miss' }

/** Room for ping's own time stamp, and no more: 44 bytes an IPv4 packet. */
const size = ['-s', '16'] as const

export function parsePing(line: string): PingLine | null {
  const time = / bytes from .*[ =](?:time=)(\d+(?:\.\d+)?) ms/.exec(line)?.[1]
  if (time !== undefined) return line.includes('(DUP!)') ? null : { kind: 'answer', rttMs: Number(time) }
  return line.startsWith('no answer yet') ? { kind: 'miss' } : null
}

export interface PingOptions {
  readonly device: string
  /** Null: whatever the kernel chooses. */
  readonly source: string | null
  readonly target: string
}

function by({ device, source, target }: PingOptions): readonly string[] {
  const bound = source !== null && !isLinkLocal(target) ? ['-I', source] : []
  return [...bound, '-I', device, target]
}

/** Goes on until it is stopped. `onEnd` when it could not be started, or ended. Returns what stops it. */
export function pingOn(
  way: PingOptions & { readonly intervalMs: number },
  onLine: (line: PingLine) => void,
  onEnd: (cause: string) => void,
): () => void {
  return ping(['-O', '-i', String(way.intervalMs / 1000), ...by(way)], onLine, onEnd)
}

/** Between two requests of a burst. */
export const burstGapMs = 30
export const burstCount = 4

export function pingBurst(way: PingOptions, onLine: (line: PingLine) => void, onEnd: () => void): () => void {
  const pace = ['-c', String(burstCount), '-i', String(burstGapMs / 1000), '-W', '5']
  return ping([...pace, ...by(way)], onLine, onEnd)
}

function ping(args: readonly string[], onLine: (line: PingLine) => void, onEnd: (cause: string) => void): () => void {
  return follow(programs.ping, ['-n', ...size, ...args], {
    onLine: (line) => {
      const parsed = parsePing(line)
      if (parsed) onLine(parsed)
    },
    onEnd,
  })
}
