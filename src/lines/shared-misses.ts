/**
 * Probes that all lines missed at once, be it for less time than it takes to find a line silent: as arbiter.ts has it of
 * outages, that is no line's fault, and no measure of how well it works. Pure; all times in monotonic ms.
 */
import type { PathHealth } from './path-health.ts'

export interface Neighbour {
  readonly line: PathHealth
  readonly intervalMs: number
}

/** So many together, while nothing was answered, are seldom chance. */
const together = 3

/**
 * Whether the latest misses of `own` in a row are of an outage that all others had as well. Others that are probed less
 * often may have sent nothing meanwhile, and offline ones answer nothing anyway: neither says anything.
 */
export function areShared(own: Neighbour, others: readonly Neighbour[], now: number): boolean {
  const { missed, misses } = own.line
  const quick = others.filter(({ line, intervalMs }) => intervalMs <= own.intervalMs && line.state !== 'offline')
  if (missed === null || quick.length === 0) return false
  const counts = quick.map((other) => missedWith(missed, other, now))
  // Of one more or less, it depends on the moment whether it left during the outage.
  const isCommon = counts.every((count) => count >= Math.max(1, misses - 1))
  return isCommon && counts.reduce((sum, count) => sum + count, misses) >= together
}

/** How many probes a line missed in a silence that began before what was missed, and lasted as long at least; else 0. */
function missedWith(
  { from, to }: NonNullable<PathHealth['missed']>,
  { line: { answeredAt, silence }, intervalMs }: Neighbour,
  now: number,
): number {
  // News is read late on a busy host.
  const slackMs = intervalMs / 2
  if (answeredAt <= from + slackMs) return Math.ceil((now - answeredAt) / intervalMs) - 1
  if (silence === null || silence.from > from + slackMs || silence.to < to - slackMs) return 0
  return Math.round((silence.to - silence.from) / intervalMs) - 1
}

/** What changes when something is heard of the line: only what is longer than the time between two probes was a silence. */
export function heardAt(
  { answeredAt, silence }: PathHealth,
  intervalMs: number,
  now: number,
): Pick<PathHealth, 'answeredAt' | 'silence'> {
  return { answeredAt: now, silence: now - answeredAt > 1.5 * intervalMs ? { from: answeredAt, to: now } : silence }
}
