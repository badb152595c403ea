/** What each field of a [rule] has to describe of itself. */
import type { NamedSet } from '../../model/kernel.ts'
import type { FirstPacket, Match, Side } from '../../model/match.ts'
import type { Observed } from '../../model/observed.ts'
import type { Family, Range } from '../../net/family.ts'
import type { Diagnostics, SourceLocation } from '../values/diagnostics.ts'
import type { Outside } from '../values/outside.ts'
import type { ValueParser } from '../values/values.ts'

export interface MatchField<Said = unknown> {
  /** The field's key in a [rule]. */
  readonly key: string
  readonly reader: ValueParser<Said>
  /** What the key means, in one text line. */
  readonly help: string
  /** The members of `Match` for the value that was read. What is wrong with it is reported and left out. */
  build(said: Said, where: BuiltWhere): Partial<Match>
  /** What the field means for other members, where these are not said. */
  readonly implies?: Partial<Match>
  /** The side whose packets alone have the field; absent: both sides. */
  readonly side?: Side
  /** Whether the match can hold in a family; absent: in both. */
  readonly isIn?: (match: Match, family: Family) => boolean
  /** Whether what the match names exists now; absent: it always does. */
  readonly isThere?: (match: Match, named: Named) => boolean
  /** How the key of a map holds the field, where it can. */
  readonly inKey?: KeyField
  /** What is asked before the look-up, where the key of a map cannot hold the field, or not all of it. */
  readonly condition?: (match: Match, family: Family, rule: string) => Condition | null
  /**
   * Whether `one` lets everything through that `other` lets through. A match without the field lets everything through.
   */
  readonly covers: (one: Match, other: Match) => boolean
  /**
   * Ranges of both families. Where those of two rules do not overlap, neither rule covers the other. Absent or
   * undefined where no ranges can be told.
   */
  readonly ranges?: (match: Match) => Ranges | undefined
  /** Why the packet does not match, for people; null where it does, or nothing is asked. */
  readonly mismatch: (match: Match, packet: FirstPacket, contains: Contains) => string | null
  /** Order of reasons: of several, that of the field with the lowest rank is told. */
  readonly rank: number
}

export type Ranges = readonly Range<string | number>[]

export interface BuiltWhere {
  readonly outside: Outside
  /** Where the key was said. */
  readonly place: SourceLocation
  readonly report: Diagnostics
}

export interface KeyField {
  readonly name: string
  /** The expression in nft(8); `type` is its data type there. */
  readonly expression: (family: Family) => string
  readonly type: (family: Family) => string
  /** Ranges as configured; undefined where nothing was, or no key holds the field. */
  readonly ranges: (match: Match, family: Family) => Ranges | undefined
  /**
   * Ranges for the present, instead of `ranges`: for fields that depend on what exists now, or have parts that cannot
   * be in the family.
   */
  readonly rangesNow?: (match: Match, family: Family, named: Named) => Ranges | undefined
}

/** What rules name, as far as it exists now. */
export type Named = Pick<Observed, 'links' | 'cgroups'>

export interface Condition {
  readonly statement: string
  readonly sets: readonly NamedSet[]
}

/** Whether a set has an address. Only the kernel knows, as a name server or a file fills the set. */
export type Contains = (set: 'source' | 'destination' | 'domain', address: string) => boolean

/** Each value as a range of its own; undefined stays so. */
export function singles(values: readonly (string | number)[] | undefined): Ranges | undefined {
  return values?.map((value) => [value, value])
}

/** Whether each range of `other` is within one of `one`; both are sorted and merged. */
export function rangesCover<T extends string | number>(
  one: readonly Range<T>[] | undefined,
  other: readonly Range<T>[] | undefined,
): boolean {
  if (one === undefined) return true
  return other?.every(([first, last]) => one.some((range) => range[0] <= first && last <= range[1])) ?? false
}

/** Whether all values of `other` are in `one`; without `one`, everything is. */
export function includesAll<T>(one: readonly T[] | undefined, other: readonly T[] | undefined): boolean {
  return one === undefined || (other?.every((value) => one.includes(value)) ?? false)
}

/** The reason; null where `matches` is true, or undefined as nothing was asked. */
export function unless(matches: boolean | undefined, reason: string): string | null {
  return matches === false ? reason : null
}

/** Whether the value is in one of the ranges; undefined where nothing was asked. */
export function isWithin<T extends string | number>(
  ranges: readonly Range<T>[] | undefined,
  value: T,
): boolean | undefined {
  return ranges?.some(([first, last]) => first <= value && value <= last)
}
