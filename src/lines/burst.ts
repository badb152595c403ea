/** What a burst of probes does to a line: its beginning, its end, and what each end means. Pure. */
import type { Advance, BurstEnded, LineSettings, PathHealth } from './path-health.ts'
import { beforeOutage, dueMs, isLossy, isOut, judge, nextDueAt, smooth, timeoutMs } from './quality.ts'
import { heardAt } from './shared-misses.ts'

/**
 * The rest after a burst that said nothing, doubled for each further one: a host that can start no program must not
 * only try.
 */
const restMs = 200
const longestRestMs = 10_000

/**
 * Time between two requests of a burst to one target, and their number: ping(8) sends them by a pace of its own
 * (probes/icmp.ts).
 */
export const burstGapMs = 50
export const burstCount = 4
export const burstSpanMs = (burstCount - 1) * burstGapMs

export function startBurst(line: PathHealth, now: number): Advance {
  const burst = { began: now, void: false }
  return { line: { ...line, burst }, effects: [{ kind: 'burst', timeoutMs: timeoutMs(line), dueMs: dueMs(line) }] }
}

/** The line after a burst. A burst from before the line was another one (`moved`) changes nothing. */
export function burstEnded(before: PathHealth, event: BurstEnded, now: number, settings: LineSettings): Advance {
  if (before.burst === null) return { line: before, effects: [] }
  const { answered, targets, unknown, rttMs, muted = false } = event
  const rtt = rttMs === null ? before.rtt : smooth(before.rtt, rttMs)
  const line = { ...before, rtt, burst: null, burstEndedAt: now }
  if (answered >= settings.quorum)
    return passed(line, before.burst.began, muted, `${answered} of ${targets} targets answered`, now, settings)
  if (before.burst.void) return line.state === 'suspect' && !line.silent ? startBurst(line, now) : { line, effects: [] }
  if (answered + unknown >= settings.quorum) return saidNothing(line, event, now)
  return failed(line, event, before.burst.began, now, settings)
}

function passed(
  before: PathHealth,
  began: number,
  muted: boolean,
  why: string,
  now: number,
  settings: LineSettings,
): Advance {
  const alive = { sentAfter: began, cameAt: now }
  const isTrouble = before.failing !== null && (before.failedBursts >= 1 || !(muted || isLossy(before)))
  const troubledAt = isTrouble ? now : before.troubledAt
  const heard = heardAt(before, settings.intervalMs, now)
  const line = { ...before, ...heard, alive, troubledAt, failing: null, voids: 0, restUntil: now }
  const dueAt = nextDueAt(line, settings.intervalMs, now)
  if (line.state === 'online') return { line: { ...line, failedBursts: 0, dueAt }, effects: [] }
  // What was lost while the line was dead says nothing of how well it works now.
  const outcomes = line.state === 'offline' ? [] : isOut(before) ? beforeOutage(line.outcomes) : line.outcomes
  const opinions = line.state === 'offline' ? [] : line.opinions
  const online = { ...enter(line, 'online', why, now), silent: false, dueAt, outcomes, opinions }
  return {
    line: judge(online, settings),
    // The line is fine, and its background probe was not answered: that one target is down.
    effects: line.why === unanswered ? [{ kind: 'next-target' }] : [],
  }
}

export const unanswered = 'a probe was not answered'

function saidNothing(before: PathHealth, { cause }: BurstEnded, now: number): Advance {
  const voids = before.voids + 1
  const restUntil = now + Math.min(longestRestMs, restMs * 2 ** (voids - 1))
  const why = before.state === 'suspect' && cause !== undefined ? cause : before.why
  // Only this burst said that the line was late, so nothing is failing.
  const failing = before.silent || before.failedBursts > 0 ? before.failing : null
  return { line: { ...before, voids, restUntil, why, failing }, effects: [] }
}

function failed(
  before: PathHealth,
  event: BurstEnded,
  began: number,
  now: number,
  { countDown }: LineSettings,
): Advance {
  const line = { ...before, voids: 0, restUntil: now }
  if (line.state === 'offline') return { line, effects: [] }
  const { answered, targets, spanMs, cause } = event
  const { since = now, witnessedAt = null } = line.failing ?? {}
  const why = `${answered} of ${targets} targets answered${cause === undefined ? '' : `: ${cause}`}`
  const suspect = enter(line, 'suspect', why, now)
  // Some answers are no proof of death: a lossy line gets a second burst.
  const failedBursts = suspect.failedBursts + (answered === 0 ? 1 : 0.5)
  const silent = line.silent || failedBursts >= countDown
  const failing = { since, askedAt: began + spanMs, witnessedAt }
  const troubledAt = answered === 0 || !isLossy(line) ? now : line.troubledAt
  const next = { ...suspect, failedBursts, silent, failing, troubledAt }
  return silent ? { line: next, effects: [] } : startBurst(next, now)
}

/** The line in a state; `since` stays where it was in it already. */
export function enter(line: PathHealth, state: PathHealth['state'], why: string, now: number): PathHealth {
  if (line.state === state) return { ...line, why }
  return { ...line, state, why, since: now, failedBursts: 0 }
}
