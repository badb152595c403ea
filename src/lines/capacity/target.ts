/** One probe target's round trip, measured by itself: what is slow by nature is not late. Pure. */

export interface Target {
  /** The least round trips of the minutes before, oldest first, in ms. */
  readonly least: readonly { readonly minute: number; readonly ms: number }[]
  /** Smoothed as TCP's (RFC 6298), in ms. */
  readonly presentMs: number
  /** How much later than the least answers come at rest, smoothed. */
  readonly jitterMs: number
  /** Part of the latest probes that was lost, smoothed. */
  readonly loss: number
  /** Answers in a row that were late although nothing was carried, and the least of them. */
  readonly moved: { readonly answers: number; readonly ms: number }
  /** The latest outcomes, newest last. */
  readonly latest: readonly Outcome[]
}

interface Outcome {
  readonly at: number
  /** Beyond the base; null: lost. */
  readonly beyondMs: number | null
  readonly late: boolean
}

/** Paths change, and what was the shortest round trip of an hour ago may be of another one. */
const baseMinutes = 10
/** So many answers in a row that are late at rest are another path, or a wireless one that drifted. */
const movedAnswers = 5
/** Later than this, or than so many times its jitter: whichever is more. Less is what a busy processor makes. */
const lateMs = 10
const lateJitters = 3
/** A burst's requests, and a target that is asked each third second. */
const latestMs = 3500
const mostOutcomes = 8
/** Who loses more than this, as by three in a row, says nothing by losing one more. */
const unreliable = 0.2
const usualJitterMs = 1

export const newTarget: Target = {
  least: [],
  presentMs: 0,
  jitterMs: usualJitterMs,
  loss: 0,
  moved: { answers: 0, ms: 0 },
  latest: [],
}

/** `atRest`: the line carries next to nothing, so lateness is the target's own, or the path's. */
export function answered(before: Target, rttMs: number | null, at: number, atRest: boolean): Target {
  const latest = before.latest.filter((outcome) => outcome.at > at - latestMs).slice(1 - mostOutcomes)
  const loss = before.loss + ((rttMs === null ? 1 : 0) - before.loss) / 10
  if (rttMs === null) {
    const late = before.least.length > 0 && loss < unreliable
    return { ...before, loss, latest: [...latest, { at, beyondMs: null, late }] }
  }
  const presentMs = before.least.length === 0 ? rttMs : before.presentMs + (rttMs - before.presentMs) / 8
  const target = { ...withLeast(before, rttMs, Math.floor(at / 60_000)), presentMs }
  const beyondMs = rttMs - baseOf(target)
  const late = beyondMs > thresholdMs(before)
  const outcome = { at, beyondMs, late }
  if (!atRest) return { ...target, moved: newTarget.moved, loss, latest: [...latest, outcome] }
  const moved = late
    ? { answers: before.moved.answers + 1, ms: before.moved.answers === 0 ? rttMs : Math.min(before.moved.ms, rttMs) }
    : newTarget.moved
  if (moved.answers >= movedAnswers) {
    const least = [{ minute: Math.floor(at / 60_000), ms: moved.ms }]
    return {
      ...target,
      least,
      moved: newTarget.moved,
      loss,
      latest: [{ at, beyondMs: rttMs - moved.ms, late: false }],
    }
  }
  // A single spike moves the threshold by no more than the threshold itself.
  const jitterMs = before.jitterMs + (Math.min(beyondMs, 2 * thresholdMs(before)) - before.jitterMs) / 20
  return { ...target, jitterMs: Math.max(0.1, jitterMs), moved, loss, latest: [...latest, outcome] }
}

function thresholdMs({ jitterMs }: Target): number {
  return Math.max(lateMs, lateJitters * jitterMs)
}

function withLeast(target: Target, ms: number, minute: number): Target {
  const kept = target.least.filter((one) => one.minute > minute - baseMinutes && one.minute <= minute)
  const last = kept.at(-1)
  if (last?.minute !== minute) return { ...target, least: [...kept, { minute, ms }] }
  return ms < last.ms ? { ...target, least: [...kept.slice(0, -1), { minute, ms }] } : { ...target, least: kept }
}

/** The round trip at rest; NaN before the first answer. */
export function baseOf({ least }: Target): number {
  return least.length === 0 ? Number.NaN : Math.min(...least.map(({ ms }) => ms))
}

export interface Vote {
  readonly late: boolean
  readonly beyondMs: number | null
}

/**
 * What this target has said of the line since then; null: it was not asked lately, or counts for nothing. One of several has
 * one voice, its latest answer; one that is `alone` is not believed by a single answer.
 */
export function voteOf({ latest, least, loss }: Target, at: number, since: number, alone: boolean): Vote | null {
  const asked = latest.filter((outcome) => outcome.at > Math.max(since, at - latestMs))
  const counted = (loss < unreliable ? asked : asked.filter(({ beyondMs }) => beyondMs !== null)).slice(alone ? -3 : -1)
  if (counted.length === 0 || least.length === 0) return null
  const late = counted.filter((outcome) => outcome.late).length * 2 > counted.length
  const delays = counted.flatMap(({ beyondMs }) => (beyondMs === null ? [] : [beyondMs]))
  return { late, beyondMs: delays.length === 0 ? null : lowerMedian(delays) }
}

/** Of an even number the lower one of the two in the middle: in doubt nobody is late. */
export function lowerMedian(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor((values.length - 1) / 2)] ?? Number.NaN
}
