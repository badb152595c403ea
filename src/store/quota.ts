/** What uplinks with a quota have carried: the daemon writes it down, for itself after a restart or a boot, and for others. */
import { join } from 'node:path'
import { paths } from '../layout.ts'
import type { Observed } from '../model/observed.ts'
import { hasCode } from '../os/error.ts'
import { readIfThere, replaceFile } from '../os/files.ts'
import { type Format, jsonObject, jsonText, load } from './stored.ts'

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

/** By uplink. Names are only compared. */
type Books = ReadonlyMap<string, Used>

export const quotaFile: Format<Books> = {
  path: join(paths.lib, 'quota.json'),
  none: new Map(),
  parse: parseBooks,
  format: (used) => jsonText(Object.fromEntries(used)),
}

/** What was written down last: a run without the daemon, or before its first look, goes by that. Never throws. */
export function loadQuotas(now: Date): Observed['quotas'] {
  const used = [...load(quotaFile, 'no quota counts', readPermitted)].map(([name, { periods }]) => [name, { periods }])
  return used.length === 0 ? undefined : { today: dayOf(now), used: Object.fromEntries(used) }
}

/** `ifbalance status` of anyone may not read it: the daemon's verdict is in the health of its line. */
function readPermitted(path: string): string | null {
  try {
    return readIfThere(path)
  } catch (error) {
    if (hasCode(error, 'EACCES')) return null
    throw error
  }
}

/** For who goes on counting. Never throws. */
export function loadBooks(): Books {
  return load(quotaFile, 'counting begins anew')
}

/** Throws where it cannot be written. */
export function saveBooks(used: Books): void {
  replaceFile(quotaFile.path, quotaFile.format(used), { mode: 0o600 })
}

function parseBooks(text: string): Books {
  const entries = Object.entries(jsonObject(text) as Record<string, Partial<Record<keyof Used, unknown>>>)
  return new Map(entries.filter((entry): entry is [string, Used] => isUsed(entry[1])))
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
