/** What uplinks with a quota have carried, as the daemon wrote it down. */

import { paths } from '../layout.ts'
import type { Observed } from '../model/observed.ts'
import { hasCode } from '../os/error.ts'
import { readIfThere } from '../os/files.ts'
import { log, messageOf } from '../os/log.ts'

/** What was written down last: a run without the daemon, or before its first look, goes by that. */
export function readQuotas(now: Date): Observed['quotas'] {
  try {
    const used = [...parseUsed(readIfThere(paths.quota))].map(([name, { periods }]) => [name, { periods }])
    return used.length === 0 ? undefined : { today: dayOf(now), used: Object.fromEntries(used) }
  } catch (error) {
    // `ifbalance status` of anyone: the daemon's verdict is in the health of its line.
    if (!hasCode(error, 'EACCES')) log.warning(`reading ${paths.quota}: ${messageOf(error)}; no quota counts`)
    return undefined
  }
}

export interface Used {
  /** By the day when each period began (`2026-11-05`), the latest few: bytes. */
  readonly periods: Readonly<Record<string, number>>
  /** The device's counter when it was looked at last, and in which boot: it begins at 0 in each. */
  readonly counter: number
  readonly boot: string
  readonly device: string
}

/** `2026-11-23`, by the host's clock and time zone, as contracts go. */
export function dayOf(now: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`
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
