/**
 * How a line's state follows from what is seen of it: one pure transition function. The clock is passed in.
 *
 *     suspect -- a quorum of the burst's targets answers --> online -- no answer, or traffic without any --> suspect
 *     suspect -- `countDown` bursts fail --> offline -- `countUp` answers in a row, hold-down over --> online
 *
 * A suspect line is in use: being suspected costs a few packets. A line begins as suspect, so that the first verdict on it
 * comes within a second.
 */
import type { Advance, Line, LineEffect, LineEvent, LineSettings, Sample } from './line.ts'
import { addPenalty, holdDownMs } from './penalty.ts'
import { judge, keepOutcomes, smooth, timeoutMs } from './quality.ts'
import { isBusy, isStalled, keepSamples } from './stall.ts'

/** A gap between two ticks that is no scheduling delay: the machine was suspended, or the daemon stopped. */
const gapMs = 1500
const bursts = 10

export function newLine(now: number, settings: LineSettings): Line {
  return {
    state: 'suspect',
    degraded: false,
    since: now,
    why: 'not probed yet',
    rtt: null,
    outcomes: [],
    dueAt: now + settings.intervalMs + 1000,
    samples: [],
    burst: null,
    failedBursts: 0,
    answers: 0,
    answeredAt: now,
    misses: 0,
    tokens: bursts,
    tokensAt: now,
    penalty: 0,
    penaltyAt: now,
  }
}

export function advance(line: Line, event: LineEvent, now: number, settings: LineSettings): Advance {
  switch (event.kind) {
    case 'tick':
      return tick(line, event.counters, now, settings)
    case 'answer':
      return answer(line, event.rttMs, now, settings)
    case 'miss':
      return miss(line, now, settings)
    case 'burst':
      return burstEnded(line, event, now, settings)
    case 'recheck':
      return line.state === 'suspect'
        ? still(line)
        : startBurst(enter(line, 'suspect', 'another line failed', now), now)
    case 'moved':
      return startBurst(
        {
          ...enter(line, 'suspect', 'another address or gateway', now),
          samples: [],
          rtt: null,
          outcomes: [],
          burst: null,
        },
        now,
      )
  }
}

/** How often the background probe goes out in this state. */
export function probeIntervalMs({ state }: Line, { intervalMs, offlineIntervalMs }: LineSettings): number {
  return state === 'offline' ? offlineIntervalMs : intervalMs
}

/** Whether the next tick is to come soon. Of an offline line, traffic tells nothing. */
export function isWatchful({ state, samples, rtt }: Line, now: number): boolean {
  return state === 'suspect' || (state === 'online' && isBusy(samples, rtt?.smooth ?? 0, now))
}

function tick(before: Line, counters: { rx: number; tx: number } | null, now: number, settings: LineSettings): Advance {
  const last = before.samples.at(-1)
  if (last !== undefined && now - last.at > gapMs) return afterGap(before, counters, now, settings)
  const line = refill({ ...before, samples: keepSamples(before.samples, sampleOf(counters, last, now)) }, now, settings)
  if (line.burst !== null || line.state === 'offline') return still(line)
  if (line.state === 'suspect') return startBurst(line, now)
  if (now > line.dueAt) return startBurst(enter(line, 'suspect', 'a probe was not answered', now), now)
  if (line.tokens >= 1 && isStalled(line.samples, line.rtt?.smooth ?? 0, now)) {
    const suspect = enter(line, 'suspect', 'traffic is not answered', now)
    return startBurst({ ...suspect, tokens: line.tokens - 1 }, now)
  }
  return still(line)
}

/** What did not arrive while nobody looked says nothing. */
function afterGap(
  line: Line,
  counters: { rx: number; tx: number } | null,
  now: number,
  settings: LineSettings,
): Advance {
  const dueAt = Math.max(line.dueAt, now + probeIntervalMs(line, settings) + timeoutMs(line))
  const burst = line.burst && { ...line.burst, void: true }
  return still({ ...line, samples: [sampleOf(counters, undefined, now)], dueAt, burst })
}

/** Counters that cannot be read stand still. */
function sampleOf(counters: { rx: number; tx: number } | null, last: Sample | undefined, now: number): Sample {
  return { at: now, rx: counters?.rx ?? last?.rx ?? 0, tx: counters?.tx ?? last?.tx ?? 0 }
}

function answer(before: Line, rttMs: number, now: number, settings: LineSettings): Advance {
  // It was taken for missed when the next probe left.
  const wasMissed = rttMs > probeIntervalMs(before, settings) && before.outcomes.at(-1) === false
  const outcomes = wasMissed ? before.outcomes.slice(0, -1) : before.outcomes
  const line = judge(
    {
      ...before,
      rtt: smooth(before.rtt, rttMs),
      outcomes: keepOutcomes(outcomes, true),
      answers: before.answers + 1,
      answeredAt: now,
      misses: 0,
    },
    settings,
  )
  const due = (state: Line) => ({ ...state, dueAt: now + probeIntervalMs(state, settings) + timeoutMs(state) })
  if (line.state !== 'offline') return still(due(line))
  const held = now - line.since < holdDownMs(line, now)
  if (line.answers < settings.countUp || held) return still(due(line))
  // What was lost while it was dead says nothing of how well it works now.
  return still(due({ ...enter(line, 'online', `${line.answers} answers in a row`, now), outcomes: [] }))
}

/**
 * Only counted: on a slow line the answer comes yet. Whether it is late beyond what is usual, `tick` sees.
 */
function miss(before: Line, now: number, settings: LineSettings): Advance {
  const late = now - before.answeredAt > probeIntervalMs(before, settings) + timeoutMs(before)
  const line = judge(
    {
      ...before,
      outcomes: keepOutcomes(before.outcomes, false),
      answers: late ? 0 : before.answers,
      misses: before.misses + 1,
    },
    settings,
  )
  // After 3 misses, 6, 12, ...: where nothing answers, there is nothing to gain by starting ping again and again.
  const isTurn = Number.isInteger(Math.log2(line.misses / 3))
  return { line, effects: isTurn ? [{ kind: 'next-target' }] : [] }
}

function burstEnded(
  before: Line,
  { answered, targets, rttMs }: Extract<LineEvent, { kind: 'burst' }>,
  now: number,
  settings: LineSettings,
): Advance {
  const rtt = rttMs === null ? before.rtt : smooth(before.rtt, rttMs)
  const line = { ...before, rtt, burst: null }
  if (line.state !== 'suspect') return still(line)
  const verdict = `${answered} of ${targets} targets answered`
  if (answered >= settings.quorum) {
    const dueAt = now + settings.intervalMs + timeoutMs(line)
    return { line: { ...enter(line, 'online', verdict, now), dueAt, answeredAt: now }, effects: nextTarget(line) }
  }
  if (before.burst?.void) return startBurst(line, now)
  // Some answers are no proof of death: a lossy line gets a second chance.
  const failedBursts = line.failedBursts + (answered === 0 ? 1 : 0.5)
  if (failedBursts < settings.countDown) return startBurst({ ...line, failedBursts }, now)
  const penalty = addPenalty(line, now)
  const offline = enter(line, 'offline', verdict, now)
  return { line: { ...offline, ...penalty, degraded: false, outcomes: [], answers: 0, misses: 0 }, effects: [] }
}

/** The line is fine, and its background probe was not answered: that one target is down. */
function nextTarget({ why }: Line): readonly LineEffect[] {
  return why === 'a probe was not answered' ? [{ kind: 'next-target' }] : []
}

function enter(line: Line, state: Line['state'], why: string, now: number): Line {
  if (line.state === state) return { ...line, why }
  return { ...line, state, why, since: now, failedBursts: 0 }
}

function startBurst(line: Line, now: number): Advance {
  const burst = { began: now, void: false }
  return { line: { ...line, burst }, effects: [{ kind: 'burst', timeoutMs: timeoutMs(line) }] }
}

function refill(line: Line, now: number, { burstEveryMs }: LineSettings): Line {
  const tokens = Math.min(bursts, line.tokens + (now - line.tokensAt) / burstEveryMs)
  return { ...line, tokens, tokensAt: now }
}

function still(line: Line): Advance {
  return { line, effects: [] }
}
