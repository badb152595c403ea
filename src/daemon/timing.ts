/** When the next run is due. Pure; all times in milliseconds of one monotonic clock. */
import { defaultRepairLimit, type RepairBudget, type RepairLimit, repairDue } from './repairs.ts'

export interface Timing {
  /** A run waits until nothing has happened for so long, as one event of a host is many messages. */
  readonly quietMs: number
  /** A run waits no longer than this for quiet. */
  readonly maxMs: number
  /** Without any hint, a run comes this long after the last one: a missed event costs no more. */
  readonly sweepMs: number
  /** A run comes this long after a first failing one, doubled for each further one. */
  readonly retryMs: number
  readonly maxRetryMs: number
  readonly repairs: RepairLimit
}

export const defaultTiming: Timing = {
  quietMs: 20,
  maxMs: 200,
  sweepMs: 30_000,
  retryMs: 1000,
  maxRetryMs: 30_000,
  repairs: defaultRepairLimit,
}

export interface Progress {
  /** The first and last hint since the last run began; null when there were none. */
  readonly hints: { readonly first: number; readonly last: number } | null
  readonly lastRun: { readonly began: number; readonly ended: number }
  /** Number of failing runs in a row, up to the last run. */
  readonly failures: number
  readonly repairs: RepairBudget
}

/** When the next run is due; in the past where it is overdue. */
export function nextRun({ hints, lastRun, failures, repairs }: Progress, timing: Timing): number {
  const retry = Math.min(timing.retryMs * 2 ** (failures - 1), timing.maxRetryMs)
  if (hints === null) return lastRun.ended + (failures > 0 ? retry : timing.sweepMs)
  const settled = Math.min(hints.last + timing.quietMs, hints.first + timing.maxMs)
  // Where hints never end (a full routing table in flux), at least half of the time is left to others.
  const rest = failures > 0 ? retry : Math.min(lastRun.ended - lastRun.began, timing.sweepMs)
  return Math.max(settled, lastRun.ended + rest, repairDue(repairs, timing.repairs))
}
