/** Whether two rules can match the same connection, and whether one takes everything that the other would. Pure. */
import type { Match } from '../../model/match.ts'
import type { Ranges } from './field.ts'
import { fields } from './fields.ts'

/** Whether `one` matches whatever `other` matches. Files, patterns and the like count only where they are the same. */
export function covers(one: Match, other: Match): boolean {
  return (
    other.families.every((family) => one.families.includes(family)) &&
    fields.every(([, field]) => field.covers(one, other))
  )
}

/** A match's ranges by field: rules whose ranges do not overlap do not cover each other. */
export function coverRangesOf(match: Match): KeyRanges {
  return Object.fromEntries(
    fields.flatMap(([name, field]) => {
      const ranges = field.ranges?.(match)
      return ranges ? [[name, ranges]] : []
    }),
  )
}

/** Ranges by field, of both families. Two rules overlap where each field that both have overlaps. */
export type KeyRanges = Readonly<Record<string, Ranges>>

/** Whether two boxes have something in common. */
export function overlaps(one: KeyRanges, other: KeyRanges): boolean {
  for (const field in one) {
    const [left, right] = [one[field], other[field]]
    if (left && right && !rangesOverlap(left, right)) return false
  }
  return true
}

/** Whether two lists of ranges overlap; plain loops, as this is asked most often by far. */
function rangesOverlap(left: Ranges, right: Ranges): boolean {
  for (const a of left) for (const b of right) if (a[0] <= b[1] && b[0] <= a[1]) return true
  return false
}
