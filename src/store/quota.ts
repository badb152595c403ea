/** What uplinks with a quota have carried. The daemon writes it down, for itself after a boot and for other runs. */
import { join } from 'node:path'
import { paths } from '../layout.ts'
import type { Observed } from '../model/observed.ts'
import { hasCode } from '../os/error.ts'
import { readIfThere, replaceFile } from '../os/files.ts'
import { type Format, jsonObject, jsonText, load } from './stored.ts'

export interface Used {
  /** Bytes of the latest few periods, by the day on which each began (`2026-11-05`). */
  readonly periods: Readonly<Record<string, number>>
  /** The device's counter in bytes when it was last looked at, and the id of that boot, as it begins at 0 in each. */
  readonly counter: number
  readonly boot: string
  readonly device: string
}

/** The day by the host's clock and time zone, as contracts go: `2026-11-23`. */
export function dayOf(now: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`
}

/** What each uplink has carried, by name. Names need no check, as they are only compared. */
type Books = ReadonlyMap<string, Used>

export const quotaFile: Format<Books> = {
  path: join(paths.lib, 'quota.json'),
  none: new Map(),
  parse: parseBooks,
  format: (used) => jsonText(Object.fromEntries(used)),
}

/**
 * What was written down last; undefined where nothing was. Runs without the daemon, or before its first look, go by
 * that. Never throws.
 */
export function loadQuotas(now: Date): Observed['quotas'] {
  const used = [...load(quotaFile, 'no quota counts', readPermitted)].map(([name, { periods }]) => [name, { periods }])
  return used.length === 0 ? undefined : { today: dayOf(now), used: Object.fromEntries(used) }
}

/** The text of the file; null for users who may not read it, as an earlier version has written it. */
function readPermitted(path: string): string | null {
  try {
    return readIfThere(path)
  } catch (error) {
    if (hasCode(error, 'EACCES')) return null
    throw error
  }
}

/** What was written down last, for the daemon to go on counting. Never throws. */
export function loadBooks(): Books {
  return load(quotaFile, 'counting begins anew')
}

/** Saves the counts, for everyone: metrics have them for users without rights. Throws where they cannot be written. */
export function saveBooks(used: Books): void {
  replaceFile(quotaFile.path, quotaFile.format(used))
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
