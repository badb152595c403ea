/** When the next run is due. Pure; all times in milliseconds of one monotonic clock. */
import { defaultRepairLimit, type RepairBudget, type RepairLimit, repairDue } from './repairs.ts'

export interface Timing {
  /** A run waits until nothing has happened for so long, as one event of a host is many messages. */
  readonly quietMs: number
  /** A run waits no longer than this for quiet. */
  readonly maxMs: number
  /** What is not urgent waits so long, or longer where runs take long, so that a flood of it costs one run in this time. */
  readonly idleMs: number
  /**
   * Without any hint, a run comes this long after the last one, or later where runs take long: a missed event costs no
   * more.
   */
  readonly sweepMs: number
  /**
   * So much longer than the pauses between them may runs have taken before one has to wait, no longer than the last one took; or as
   * long as a few of them take: see `overdrawn`.
   */
  readonly burstMs: number
  /** A run comes this long after a first failing one, doubled for each further one. */
  readonly retryMs: number
  readonly maxRetryMs: number
  readonly repairs: RepairLimit
}

export const defaultTiming: Timing = {
  quietMs: 20,
  maxMs: 200,
  idleMs: 3000,
  sweepMs: 30_000,
  burstMs: 250,
  retryMs: 1000,
  maxRetryMs: 30_000,
  repairs: defaultRepairLimit,
}

export interface Progress {
  /** The first and last hint since the last run began; null when there were none. */
  readonly hints: { readonly first: number; readonly last: number } | null
  /** The first hint that is not urgent since the last run began; null when there was none. */
  readonly idleHint: number | null
  readonly lastRun: { readonly began: number; readonly ended: number }
  /** How much longer runs took than there was time between them: what is beyond `burstMs` is waited for. */
  readonly overdrawn: number
  /** Number of failing runs in a row, up to the last run. */
  readonly failures: number
  readonly repairs: RepairBudget
}

/** When the next run is due; in the past where it is overdue. */
export function nextRun({ hints, idleHint, lastRun, overdrawn, failures, repairs }: Progress, timing: Timing): number {
  const retry = Math.min(timing.retryMs * 2 ** (failures - 1), timing.maxRetryMs)
  const took = lastRun.ended - lastRun.began
  const sweep = Math.max(timing.sweepMs, Math.min(took * sweepRest, maxSweepMs))
  const wait = Math.max(timing.idleMs, Math.min(took * idleRest, timing.sweepMs))
  const idle = idleHint === null ? Number.POSITIVE_INFINITY : idleHint + wait
  if (hints === null && idleHint === null) return lastRun.ended + (failures > 0 ? retry : sweep)
  const settled = Math.min(idle, hints ? Math.min(hints.last + timing.quietMs, hints.first + timing.maxMs) : idle)
  // Where hints never end (a full routing table in flux), half of the time is left to others.
  const burst = Math.max(timing.burstMs, Math.min(took * aFew, maxBurstMs))
  // Runs that were asked for wait for none of that: what many of them took is not held against the next cable.
  const rest = failures > 0 ? retry : Math.max(0, Math.min(overdrawn - burst, took, timing.sweepMs))
  return Math.max(settled, lastRun.ended + rest, repairDue(repairs, timing.repairs))
}

/** `overdrawn` after a run that began so long after the one before had ended, and took so long. */
export function overdrawnAfter(overdrawn: number, pauseMs: number, tookMs: number): number {
  return Math.max(0, overdrawn - pauseMs) + tookMs
}

/** How many times as long as a run took there is none, if nothing happens; and the longest such time. */
const sweepRest = 60
const maxSweepMs = 300_000
/** The same of what is not urgent. */
const idleRest = 40
/** How many runs may come in a row on a slow host, and for how long, before half of the time is left to others. */
const aFew = 4
const maxBurstMs = 2000
