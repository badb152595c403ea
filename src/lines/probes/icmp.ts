/**
 * Echo requests by ping(8) of iputils, which has the privilege and the clock for them. `-I DEV` binds its socket to the
 * device, so our rule for bound sockets sends it by that uplink and no other. `-I ADDRESS` before it holds the address:
 * the kernel would go on with another interface's when this one's is deprecated or gone, and no provider takes those.
 */
import { programs } from '../../layout.ts'
import { isLinkLocal } from '../../net/valid.ts'
import type { Failure } from '../../os/error.ts'
import { follow } from '../../os/follow.ts'
import { burstCount, burstGapMs } from '../burst.ts'
import type { Answer, Egress } from './egress.ts'
import type { BurstEnd, BurstListener, Pinging } from './prober.ts'

export const icmp: Pinging = { how: 'pings', bindsTo: 'device', needsNames: false, watch: pingOn, burst: pingBurst }

export type PingLine =
  | { readonly kind: 'answer'; readonly rttMs: number }
  /** The next request left while this one had no answer (option `-O`). */
  | { readonly kind: 'miss'; readonly sequence: number }
  /** The end: ping has sent so many requests, and has waited for the answers. */
  | { readonly kind: 'summary'; readonly sent: number }
  /** This host's own firewall did not let a request out. */
  | { readonly kind: 'refused' }

/** Payload with room for ping's own time stamp and no more: 44 bytes an IPv4 packet. */
const size = ['-s', '16'] as const

/** What a text line of ping(8) says; null for others, and for duplicate answers. */
export function parsePing(line: string): PingLine | null {
  const time = / bytes from .*[ =](?:time=)(\d+(?:\.\d+)?) ms/.exec(line)?.[1]
  if (time !== undefined) return line.includes('(DUP!)') ? null : { kind: 'answer', rttMs: Number(time) }
  const missed = /^no answer yet for icmp_seq=(\d+)/.exec(line)?.[1]
  if (missed !== undefined) return { kind: 'miss', sequence: Number(missed) }
  const sent = /^(\d+) packets transmitted, /.exec(line)?.[1]
  if (sent !== undefined) return { kind: 'summary', sent: Number(sent) }
  return line.endsWith('sendmsg: Operation not permitted') ? { kind: 'refused' } : null
}

/** Options that bind ping: to the device, and to the address where there is one. */
function by({ device, source }: Egress, target: string): readonly string[] {
  const bound = source !== null && !isLinkLocal(target) ? ['-I', source] : []
  return [...bound, '-I', device, target]
}

function pingOn(
  egress: Egress,
  target: string,
  intervalMs: number,
  onAnswer: (answer: Answer) => void,
  onEnd: (failure: Failure) => void,
): () => void {
  const onLine = heard((line) => {
    if (line.kind === 'answer') onAnswer({ target, rttMs: line.rttMs })
    if (line.kind === 'miss') onAnswer({ target, rttMs: null })
  })
  const args = ['-n', '-O', ...size, '-i', String(intervalMs / 1000), ...by(egress, target)]
  return follow(programs.ping, args, { onLine, onEnd })
}

/** A burst, in which ping itself takes the time, so it does not matter how late we read its output. */
function pingBurst(
  egress: Egress,
  target: string,
  waitMs: number,
  { onAnswer, onMiss, onEnd }: BurstListener,
): () => void {
  let end: BurstEnd | null = null
  const onLine = heard((line) => {
    if (line.kind === 'answer') onAnswer(line.rttMs)
    if (line.kind === 'miss') onMiss(line.sequence)
    if (line.kind === 'refused') end = 'refused'
    if (line.kind === 'summary' && line.sent >= burstCount) end ??= 'unanswered'
  })
  const pace = ['-c', String(burstCount), '-i', String(burstGapMs / 1000), '-W', String(waitMs / 1000)]
  return follow(programs.ping, ['-n', '-O', ...size, ...pace, ...by(egress, target)], {
    onLine,
    onErrorLine: onLine,
    // Exit code 2: there is no such address, device or route.
    onEnd: ({ exitCode }) => onEnd(end ?? (exitCode === 2 ? 'failed' : 'unknown')),
  })
}

function heard(onLine: (line: PingLine) => void): (line: string) => void {
  return (line) => {
    const parsed = parsePing(line)
    if (parsed) onLine(parsed)
  }
}
