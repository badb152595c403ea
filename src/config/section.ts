/** The entries of one section, read by the keys that it may have. Pure. */

import { getOwn } from '../values/get-own.ts'
import { didYouMean } from '../values/nearest.ts'
import type { Keys, Values } from './key.ts'
import type { Entry } from './lines.ts'
import { type Diagnostics, quoted, type SourceLocation } from './values/diagnostics.ts'

/**
 * Reads a section's entries. Wrong values, keys that come twice and unknown keys are errors: a rule without one of its
 * conditions would match more than was meant. Keys that begin with `x-` are for other programs.
 */
export function readSection<K extends Keys>(
  keys: K,
  entries: readonly Entry[],
  section: SourceLocation,
  report: Diagnostics,
): Values<K> {
  const values: Record<string, unknown> = {}
  for (const { line, key, value } of entries) {
    const place = { ...section, line }
    const reader = getOwn(keys, key)?.reader
    if (reader === undefined) {
      if (!isForOthers(key)) report.error(place, `unknown key ${quoted(key)}${didYouMean(key, Object.keys(keys))}`)
      continue
    }
    if (Object.hasOwn(values, key)) report.error({ ...place, key }, 'comes twice in this section: expected once')
    const read = reader.read(value)
    if (read === null) report.error({ ...place, key }, `${quoted(value)}: expected ${reader.expected}`)
    else values[key] = read
  }
  return values as Values<K>
}

/** Whether a key or section is for other programs, which may keep their own things in our files. */
export function isForOthers(word: string): boolean {
  return word.startsWith('x-')
}
