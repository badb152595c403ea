/** What uplinks with a quota have carried since their reset day, from their devices' counters, across reboots. Pure. */
import type { QuotaConfig } from '../model/model.ts'
import { own } from '../values/own.ts'

export interface Used {
  /** By the day when each period began (`2026-11-05`), the latest few: bytes. */
  readonly periods: Readonly<Record<string, number>>
  /** The device's counter when it was looked at last, and in which boot: it begins at 0 in each. */
  readonly counter: number
  readonly boot: string
  readonly device: string
}

export interface Reading {
  readonly counter: number
  readonly boot: string
  readonly device: string
  /** See dayOf. */
  readonly today: string
}

const periodsKept = 4

export function count(
  before: Used | undefined,
  { counter, boot, device, today }: Reading,
  { resetDay }: QuotaConfig,
): Used {
  const period = periodIn(before?.periods ?? {}, today, resetDay)
  if (!before) return { periods: { [period]: 0 }, counter, boot, device }
  const goesOn = before.boot === boot && before.device === device && counter >= before.counter
  const more = goesOn ? counter - before.counter : counter
  const periods = { ...before.periods, [period]: (own(before.periods, period) ?? 0) + more }
  const latest = Object.entries(periods).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return { periods: Object.fromEntries(latest.slice(-periodsKept)), counter, boot, device }
}

/** What is to happen to an uplink by what was counted when it was looked at last; null while there is something left. */
export function verdictOf(
  used: Pick<Used, 'periods'> | undefined,
  today: string,
  quota: QuotaConfig,
): QuotaConfig['atQuota'] | null {
  if (!used) return null
  const bytes = own(used.periods, periodIn(used.periods, today, quota.resetDay)) ?? 0
  return bytes >= quota.bytes ? quota.atQuota : null
}

/**
 * Which of these periods it is now. Each keeps its count, so a clock that is set ahead and back (T1) has changed nothing;
 * one from before all of them (1970, at boot) is wrong: the latest goes on.
 */
function periodIn(periods: Used['periods'], today: string, resetDay: number): string {
  const period = periodOf(today, resetDay)
  const known = Object.keys(periods).toSorted()
  return known.every((other) => other > period) ? (known.at(-1) ?? period) : period
}

/** `2026-11-23`, by the host's clock and time zone, as contracts go. */
export function dayOf(now: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`
}

function periodOf(today: string, resetDay: number): string {
  const [year = 0, month = 0, day = 0] = today.split('-').map(Number)
  return dayOf(new Date(year, day >= resetDay ? month - 1 : month - 2, resetDay))
}

/** Half a file is none: counting begins anew. Names are only compared. */
export function parseUsed(text: string | null): ReadonlyMap<string, Used> {
  if (text === null) return new Map()
  try {
    const entries = Object.entries(JSON.parse(text) as Record<string, Partial<Record<keyof Used, unknown>>>)
    return new Map(entries.filter((entry): entry is [string, Used] => isUsed(entry[1])))
  } catch {
    return new Map()
  }
}

function isUsed(value: Partial<Record<keyof Used, unknown>> | null): boolean {
  const isCount = (number: unknown) => Number.isFinite(number) && Number(number) >= 0
  return (
    typeof value?.periods === 'object' &&
    value.periods !== null &&
    Object.entries(value.periods).every(([period, bytes]) => /^\d{4}-\d{2}-\d{2}$/.test(period) && isCount(bytes)) &&
    isCount(value.counter) &&
    typeof value.boot === 'string' &&
    typeof value.device === 'string'
  )
}
