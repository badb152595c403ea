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
  /** By the host's clock and time zone, as contracts go. */
  readonly now: Date
}

/** A clock that is behind what it was (1970 at boot) begins no period anew. */
export function count(
  before: Used | undefined,
  { counter, boot, device, now }: Reading,
  { resetDay }: QuotaConfig,
): Used {
  const today = periodOf(now, resetDay)
  if (!before) return { bytes: 0, counter, boot, device, period: today }
  const goesOn = before.boot === boot && before.device === device && counter >= before.counter
  const more = goesOn ? counter - before.counter : counter
  const isNew = today > before.period
  return {
    ...{ counter, boot, device },
    bytes: isNew ? more : before.bytes + more,
    period: isNew ? today : before.period,
  }
}

export function isUsedUp({ bytes }: Pick<Used, 'bytes'>, quota: QuotaConfig): boolean {
  return bytes >= quota.bytes
}

function periodOf(now: Date, resetDay: number): string {
  const month = now.getDate() >= resetDay ? now.getMonth() : now.getMonth() - 1
  const start = new Date(now.getFullYear(), month, resetDay)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${start.getFullYear()}-${two(start.getMonth() + 1)}-${two(start.getDate())}`
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
