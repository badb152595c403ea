/** What uplinks with a quota have carried since their reset day, from their devices' counters, across reboots. Pure. */

import type { QuotaConfig } from '../model/config.ts'
import { dayOf, type Used } from '../store/quota.ts'
import { getOwn } from '../values/get-own.ts'

export interface Reading {
  readonly counter: number
  readonly boot: string
  readonly device: string
  /** The present day, as dayOf() of store/quota.ts writes it. */
  readonly today: string
}

const periodsKept = 4

/** What the uplink has carried after a reading of its device's counter. */
export function count(
  before: Used | undefined,
  { counter, boot, device, today }: Reading,
  { resetDay }: QuotaConfig,
): Used {
  const period = periodIn(before?.periods ?? {}, today, resetDay)
  if (!before) return { periods: { [period]: 0 }, counter, boot, device }
  const goesOn = before.boot === boot && before.device === device && counter >= before.counter
  const more = goesOn ? counter - before.counter : counter
  const periods = { ...before.periods, [period]: (getOwn(before.periods, period) ?? 0) + more }
  const latest = Object.entries(periods).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return { periods: Object.fromEntries(latest.slice(-periodsKept)), counter, boot, device }
}

/**
 * What is to happen to an uplink by what was counted when it was last looked at; null while something is left of its
 * quota.
 */
export function verdictOf(
  used: Pick<Used, 'periods'> | undefined,
  today: string,
  quota: QuotaConfig,
): QuotaConfig['atQuota'] | null {
  return used && bytesNow(used, today, quota) >= quota.bytes ? quota.atQuota : null
}

/** Bytes that an uplink has carried since its latest reset day. */
export function bytesNow({ periods }: Pick<Used, 'periods'>, today: string, { resetDay }: QuotaConfig): number {
  return getOwn(periods, periodIn(periods, today, resetDay)) ?? 0
}

/**
 * Which of these periods it is now. Each keeps its count, so a clock that is set ahead and back has changed nothing. A
 * clock from before all of them (1970, at boot) is wrong, and then the latest period goes on.
 */
function periodIn(periods: Used['periods'], today: string, resetDay: number): string {
  const period = periodOf(today, resetDay)
  const known = Object.keys(periods).toSorted()
  return known.every((other) => other > period) ? (known.at(-1) ?? period) : period
}

function periodOf(today: string, resetDay: number): string {
  const [year = 0, month = 0, day = 0] = today.split('-').map(Number)
  return dayOf(new Date(year, day >= resetDay ? month - 1 : month - 2, resetDay))
}
