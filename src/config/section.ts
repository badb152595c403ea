/** The entries of one section against the keys that it may have. */

import { getOwn } from '../values/get-own.ts'
import { didYouMean } from '../values/nearest.ts'
import type { Keys, Values } from './key.ts'
import type { Entry } from './lines.ts'
import { type Diagnostics, quoted, type SourceLocation } from './values/diagnostics.ts'

/**
 * Reads a section's entries. Wrong values, keys that come twice and unknown ones are errors: a rule without one of its
 * conditions would match more than was meant. What begins with `x-` is for others.
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

/** A key or section of a program that keeps its own things in our files. */
export function isForOthers(word: string): boolean {
  return word.startsWith('x-')
}
