/** What uplinks with a quota have carried since their reset day, from their devices' counters, across reboots. Pure. */
import type { QuotaConfig } from '../model.ts'

export interface Used {
  readonly bytes: number
  /** The device's counter when it was looked at last, and in which boot: it begins at 0 in each. */
  readonly counter: number
  readonly boot: string
  readonly device: string
  /** `2026-11-05`: when this period began. */
  readonly period: string
}

export interface Reading {
  readonly counter: number
  readonly boot: string
  readonly device: string
  /** See dayOf. */
  readonly today: string
}

/** A clock that is behind what it was (1970 at boot) begins no period anew. */
export function count(
  before: Used | undefined,
  { counter, boot, device, today }: Reading,
  { resetDay }: QuotaConfig,
): Used {
  const period = periodOf(today, resetDay)
  if (!before) return { bytes: 0, counter, boot, device, period }
  const goesOn = before.boot === boot && before.device === device && counter >= before.counter
  const more = goesOn ? counter - before.counter : counter
  const isNew = period > before.period
  return {
    ...{ counter, boot, device },
    bytes: isNew ? more : before.bytes + more,
    period: isNew ? period : before.period,
  }
}

/** What is to happen to an uplink by what was counted when it was looked at last; null while there is something left. */
export function verdictOf(
  used: Pick<Used, 'bytes' | 'period'> | undefined,
  today: string,
  quota: QuotaConfig,
): QuotaConfig['atQuota'] | null {
  if (!used || periodOf(today, quota.resetDay) > used.period) return null
  return isUsedUp(used, quota) ? quota.atQuota : null
}

export function isUsedUp({ bytes }: Pick<Used, 'bytes'>, quota: QuotaConfig): boolean {
  return bytes >= quota.bytes
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
    isCount(value?.bytes) &&
    isCount(value?.counter) &&
    typeof value?.boot === 'string' &&
    typeof value.device === 'string' &&
    /^\d{4}-\d{2}-\d{2}$/.test(String(value.period))
  )
}
