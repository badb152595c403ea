/**
 * How a line's state follows from what is seen of it: one pure transition function, to which the clock is passed.
 *
 *     suspect -- a quorum of the burst's targets answers --> online -- no answer, or traffic without any --> suspect
 *     suspect -- `countDown` bursts fail --> silent -- arbiter.ts: others do answer --> offline
 *     offline -- `countUp` answers in a row, hold-down over --> online
 *
 * A suspect line is in use: being suspected costs a few packets. A line begins as suspect, so that the first verdict on
 * it comes within a second.
 */
import { burstEnded, enter, startBurst, unanswered } from './burst.ts'
import type { Advance, LineEvent, LineSettings, PathHealth, Sample } from './path-health.ts'
import { addPenalty, holdDownMs } from './penalty.ts'
import {
  isMuted,
  judge,
  nextDueAt,
  smooth,
  timeoutMs,
  withAnswer,
  withAnswered,
  withMiss,
  withOpinion,
} from './quality.ts'
import { heardAt } from './shared-misses.ts'
import { isBusy, isStalled, keepSamples } from './stall.ts'

/** A gap between two ticks that is no scheduling delay: the machine was suspended, or the daemon stopped. */
const gapMs = 1500
const bursts = 10

export function newLine(now: number, settings: LineSettings): PathHealth {
  return {
    ...{ state: 'suspect', degraded: false, since: now, why: 'not probed yet' },
    ...{ rtt: null, outcomes: [], opinions: [], samples: [], dueAt: now + settings.intervalMs + 1000 },
    ...{ burst: null, burstEndedAt: now, restUntil: now, voids: 0, failedBursts: 0, silent: false },
    ...{ failing: null, alive: null, troubledAt: Number.NEGATIVE_INFINITY },
    ...{ answers: 0, answeredAt: now, misses: 0, missed: null, silence: null },
    ...{ tokens: bursts, tokensAt: now, penalty: 0, penaltyAt: now },
  }
}

/** The line after an event, and what is to be done about it; `now` in monotonic ms. */
export function advance(line: PathHealth, event: LineEvent, now: number, settings: LineSettings): Advance {
  switch (event.kind) {
    case 'tick':
      return tick(line, event, now, settings)
    case 'answer':
      return answer(line, event, now, settings)
    case 'miss':
      return miss(line, event.asked ?? false, now, settings)
    case 'opinion':
      return opinion(line, event, now, settings)
    case 'late':
      return still(
        isLate(line)
          ? { ...line, failing: { since: now, askedAt: Number.NEGATIVE_INFINITY, witnessedAt: null } }
          : line,
      )
    case 'burst':
      return burstEnded(line, event, now, settings)
    case 'ask':
      return line.burst === null ? startBurst(line, now) : still(line)
    case 'ask-anew':
      return startBurst(line, now)
    case 'witnessed':
      return still(line.failing ? { ...line, failing: { ...line.failing, witnessedAt: now } } : line)
    case 'convict':
      return still(convict(line, now))
    case 'cut':
      // What a burst that goes on hears was sent before.
      return still(line.state === 'offline' ? line : convict({ ...line, burst: null, why: event.why }, now))
    case 'moved': {
      const { penalty, penaltyAt } = line
      const suspect = { ...newLine(now, settings), penalty, penaltyAt, why: 'another address or gateway' }
      return startBurst(suspect, now)
    }
  }
}

/** The time between background probes in the line's state, in ms. */
export function probeIntervalMs(
  { state, silent }: PathHealth,
  { intervalMs, offlineIntervalMs }: LineSettings,
): number {
  return state === 'offline' || silent ? offlineIntervalMs : intervalMs
}

/** Whether the next tick is to come soon. Traffic tells nothing about a line that is dead. */
export function isWatchful({ state, silent, samples, rtt }: PathHealth, now: number): boolean {
  return (state === 'suspect' && !silent) || (state === 'online' && isBusy(samples, rtt?.smooth ?? 0, now))
}

function tick(
  before: PathHealth,
  { counters, isCrowded = false }: Extract<LineEvent, { kind: 'tick' }>,
  now: number,
  settings: LineSettings,
): Advance {
  const last = before.samples.at(-1)
  if (last !== undefined && now - last.at > gapMs) return afterGap(before, counters, now, settings)
  const line = refill({ ...before, samples: keepSamples(before.samples, sampleOf(counters, last, now)) }, now, settings)
  if (line.burst !== null || line.state === 'offline' || line.silent || now < line.restUntil) return still(line)
  if (isCrowded) return still(line)
  if (line.state === 'suspect') return startBurst(line, now)
  if (now > line.dueAt) return startBurst(enter(line, 'suspect', unanswered, now), now)
  if (line.tokens >= 1 && isStalled(line.samples, line.rtt?.smooth ?? 0, now)) {
    const suspect = enter(line, 'suspect', 'traffic is not answered', now)
    return startBurst({ ...suspect, tokens: line.tokens - 1 }, now)
  }
  return still(line)
}

/** The line after a gap: what did not arrive while nobody looked says nothing. */
function afterGap(
  line: PathHealth,
  counters: { rx: number; tx: number } | null,
  now: number,
  settings: LineSettings,
): Advance {
  const dueAt = Math.max(line.dueAt, now + probeIntervalMs(line, settings) + timeoutMs(line))
  const burst = line.burst && { ...line.burst, void: true }
  return still({ ...line, samples: [sampleOf(counters, undefined, now)], dueAt, burst })
}

/** The next sample; counters that cannot be read stand still. */
function sampleOf(counters: { rx: number; tx: number } | null, last: Sample | undefined, now: number): Sample {
  return { at: now, rx: counters?.rx ?? last?.rx ?? 0, tx: counters?.tx ?? last?.tx ?? 0 }
}

function answer(
  before: PathHealth,
  { rttMs, isShared = false }: Extract<LineEvent, { kind: 'answer' }>,
  now: number,
  settings: LineSettings,
): Advance {
  // The probe was taken for missed when the next one left.
  const wasMissed = rttMs > probeIntervalMs(before, settings) && before.outcomes.at(-1) === false
  const outcomes = wasMissed ? before.outcomes.slice(0, -1) : before.outcomes
  return heardOf({ ...before, outcomes: withAnswer({ ...before, outcomes }, isShared) }, rttMs, now, settings)
}

function heardOf(before: PathHealth, rttMs: number, now: number, settings: LineSettings): Advance {
  const rtt = smooth(before.rtt, rttMs)
  const times = heardAt(before, settings.intervalMs, now)
  const heard = { ...before, ...times, rtt, answers: before.answers + 1, misses: 0 }
  const line = { ...judge(heard, settings), dueAt: nextDueAt(heard, probeIntervalMs(heard, settings), now) }
  if (line.silent) return line.burst === null ? startBurst(line, now) : still(line)
  if (line.state !== 'offline' || line.answers < settings.countUp || heldForMs(line, now) > 0) return still(line)
  // What was lost while the line was dead says nothing of how well it works now.
  const online = enter(line, 'online', `${line.answers} answers in a row`, now)
  return still({ ...online, outcomes: [], opinions: [], troubledAt: now })
}

/** The line after a question to a name server: it works where either an echo or that is answered. */
function opinion(
  before: PathHealth,
  { rttMs, datagram, isShared = false }: Extract<LineEvent, { kind: 'opinion' }>,
  now: number,
  settings: LineSettings,
): Advance {
  const line = { ...before, opinions: withOpinion(before, rttMs === null ? false : datagram ? true : null) }
  if (rttMs !== null) return heardOf({ ...line, outcomes: withAnswered(before, isShared) }, rttMs, now, settings)
  return still(judge(isOverdue(line, now, settings) ? { ...line, answers: 0 } : line, settings))
}

/** How many ms an offline line is not used yet, whatever it answers. */
export function heldForMs(line: PathHealth, now: number): number {
  return line.state === 'offline' ? Math.max(0, line.since + holdDownMs(line, now) - now) : 0
}

/**
 * The line after a missed probe, which is only counted: on a slow line the answer may still come. `tick` sees whether
 * it is later than usual.
 */
function miss(before: PathHealth, asked: boolean, now: number, settings: LineSettings): Advance {
  const late = !asked && isOverdue(before, now, settings)
  const sentAt = now - probeIntervalMs(before, settings)
  const from = before.misses > 0 && before.missed ? before.missed.from : sentAt
  const misses = before.misses + 1
  const line = judge(
    {
      ...before,
      outcomes: withMiss(before),
      answers: late ? 0 : before.answers,
      misses,
      missed: { from, to: sentAt },
    },
    settings,
  )
  // Another target is taken after 3 misses, 6, 12, ...: where nothing answers, starting ping again and again gains
  // nothing.
  const isTurn = Number.isInteger(Math.log2(line.misses / 3))
  return { line, effects: isTurn ? [{ kind: 'next-target' }] : [] }
}

function isOverdue(line: PathHealth, now: number, settings: LineSettings): boolean {
  return now - line.answeredAt > probeIntervalMs(line, settings) + timeoutMs(line)
}

/**
 * Whether the burst in progress makes the line late. An offline line is expected to be, and so is a line on which echo
 * is seldom answered.
 */
function isLate(line: PathHealth): boolean {
  return line.state !== 'offline' && line.burst !== null && line.failing === null && !isMuted(line)
}

function convict(line: PathHealth, now: number): PathHealth {
  const offline = { ...enter(line, 'offline', line.why, now), ...addPenalty(line, now) }
  return {
    ...offline,
    degraded: false,
    outcomes: [],
    opinions: [],
    answers: 0,
    misses: 0,
    silent: false,
    failing: null,
  }
}

function refill(line: PathHealth, now: number, { burstEveryMs }: LineSettings): PathHealth {
  const tokens = Math.min(bursts, line.tokens + (now - line.tokensAt) / burstEveryMs)
  return { ...line, tokens, tokensAt: now }
}

function still(line: PathHealth): Advance {
  return { line, effects: [] }
}
