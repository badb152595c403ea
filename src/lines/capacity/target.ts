/** One probe target's round trip, measured by itself, so that what is slow by nature is not late. Pure. */

export interface Target {
  /** The least round trip of each of the latest minutes, oldest first, in ms. */
  readonly least: readonly { readonly minute: number; readonly ms: number }[]
  /** Smoothed round trip as TCP has it (RFC 6298), in ms. */
  readonly presentMs: number
  /** How much later than the least answers come at rest, smoothed, in ms. */
  readonly jitterMs: number
  /** The part of the latest probes that was lost, smoothed, 0 to 1. */
  readonly loss: number
  /** Late answers in a row while nothing was carried, and the least round trip of them in ms. */
  readonly moved: { readonly answers: number; readonly ms: number }
  /** The latest outcomes of probes, newest last. */
  readonly latest: readonly Outcome[]
}

interface Outcome {
  readonly at: number
  /** How much longer than the base it took, in ms; null: lost. */
  readonly beyondMs: number | null
  readonly late: boolean
}

/** How long a least round trip counts. Paths change, and the shortest of an hour ago may be another path's. */
const baseMinutes = 10
/** So many answers in a row that are late at rest show another path, or a wireless one that drifted. */
const movedAnswers = 5
/**
 * An answer is late beyond the larger of this and of a multiple of the target's jitter. Less is what a busy processor
 * makes.
 */
const lateMs = 10
const lateJitters = 3
/** How long an outcome counts: long enough for a burst's requests, and for a target that is asked each third second. */
const latestMs = 3500
const mostOutcomes = 8
/** A target that loses more than this says nothing by losing one more; three losses in a row make as much. */
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

/**
 * The target after a probe. `atRest`: the line carries next to nothing, so lateness is the target's own, or the path's.
 */
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
  // The bound keeps a single spike from moving the threshold by more than the threshold itself.
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

/** The round trip at rest in ms; NaN before the first answer. */
export function baseOf({ least }: Target): number {
  return least.length === 0 ? Number.NaN : Math.min(...least.map(({ ms }) => ms))
}

export interface Vote {
  readonly late: boolean
  readonly beyondMs: number | null
}

/**
 * What the target has said of the line since then; null where it was not asked lately, or its word counts for nothing.
 * Of one among several, the latest answer counts; one that is `alone` is not believed by a single answer.
 */
export function voteOf({ latest, least, loss }: Target, at: number, since: number, alone: boolean): Vote | null {
  const asked = latest.filter((outcome) => outcome.at > Math.max(since, at - latestMs))
  const counted = (loss < unreliable ? asked : asked.filter(({ beyondMs }) => beyondMs !== null)).slice(alone ? -3 : -1)
  if (counted.length === 0 || least.length === 0) return null
  const late = counted.filter((outcome) => outcome.late).length * 2 > counted.length
  const delays = counted.flatMap(({ beyondMs }) => (beyondMs === null ? [] : [beyondMs]))
  return { late, beyondMs: delays.length === 0 ? null : lowerMedian(delays) }
}

/** The median; of an even number of values the lower one in the middle, so that in doubt nobody is late. */
export function lowerMedian(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor((values.length - 1) / 2)] ?? Number.NaN
}
