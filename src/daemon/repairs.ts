/**
 * How often we put back what others keep taking away. A few times at once, whoever it is, but a program that does it in
 * a loop is not to be fought at full speed: the host would have two of them. Pure; milliseconds of one monotonic clock.
 */
export interface RepairLimit {
  /** How many repairs may come in a row. */
  readonly burst: number
  /** After that, the time between repairs, until it has been quiet. */
  readonly everyMs: number
}

/** How many repairs of the burst were left at a time. */
export interface RepairBudget {
  readonly left: number
  readonly at: number
}

export const defaultRepairLimit: RepairLimit = { burst: 40, everyMs: 5000 }

/** What is left of the burst after one more repair. */
export function afterRepair(budget: RepairBudget, now: number, limit: RepairLimit): RepairBudget {
  return { left: Math.max(0, leftAt(budget, now, limit) - 1), at: now }
}

/** When the next repair is due at the earliest; in the past while something is left of the burst. */
export function repairDue({ left, at }: RepairBudget, { everyMs }: RepairLimit): number {
  return at + Math.max(0, 1 - left) * everyMs
}

/** Whether hardly anything is left of the burst: then somebody undoes what we do. */
export function isFight(budget: RepairBudget, now: number, limit: RepairLimit): boolean {
  return leftAt(budget, now, limit) < 2
}

function leftAt({ left, at }: RepairBudget, now: number, { burst, everyMs }: RepairLimit): number {
  return Math.min(burst, left + (now - at) / everyMs)
}
