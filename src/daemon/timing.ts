/** When the next run is due. Pure; all times in milliseconds of one monotonic clock. */
import { defaultRepairLimit, type RepairBudget, type RepairLimit, repairDue } from './repairs.ts'

export interface Timing {
  /** A run waits until nothing has happened for so long: one event of a host is many lines. */
  readonly quietMs: number
  /** And never longer than this. */
  readonly maxMs: number
  /** Without any hint, this long after a run: a missed event costs no more. */
  readonly sweepMs: number
  /** After a first failing run, doubled for each further one. */
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
  /** Hints since the last run began; null when there were none. */
  readonly hints: { readonly first: number; readonly last: number } | null
  readonly lastRun: { readonly began: number; readonly ended: number }
  /** Failing runs in a row, up to the last. */
  readonly failures: number
  readonly repairs: RepairBudget
}

export function nextRun({ hints, lastRun, failures, repairs }: Progress, timing: Timing): number {
  const retry = Math.min(timing.retryMs * 2 ** (failures - 1), timing.maxRetryMs)
  if (hints === null) return lastRun.ended + (failures > 0 ? retry : timing.sweepMs)
  const settled = Math.min(hints.last + timing.quietMs, hints.first + timing.maxMs)
  // Where hints never end (a full routing table in flux), at least half of the time is left to others.
  const rest = failures > 0 ? retry : Math.min(lastRun.ended - lastRun.began, timing.sweepMs)
  return Math.max(settled, lastRun.ended + rest, repairDue(repairs, timing.repairs))
}
