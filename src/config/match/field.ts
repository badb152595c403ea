/** What each field of a [rule] has to say for itself. */
import type { NamedSet } from '../../model/kernel.ts'
import type { FirstPacket, Match, Side } from '../../model/match.ts'
import type { Observed } from '../../model/observed.ts'
import type { Family, Range } from '../../net/family.ts'
import type { Diagnostics, SourceLocation } from '../values/diagnostics.ts'
import type { Outside } from '../values/outside.ts'
import type { ValueParser } from '../values/values.ts'

export interface MatchField<Said = unknown> {
  /** In a [rule]. */
  readonly key: string
  readonly reader: ValueParser<Said>
  /** One line. */
  readonly help: string
  /** What `Match` has of what was read. What is wrong with it is reported, and left out. */
  build(said: Said, where: BuiltWhere): Partial<Match>
  /** What it means for other fields, where those say nothing. */
  readonly implies?: Partial<Match>
  /** Only packets on that side have it. */
  readonly side?: Side
  /** Absent: in both. */
  readonly isIn?: (match: Match, family: Family) => boolean
  /** False where nothing has it now. Absent: there is always something. */
  readonly isThere?: (match: Match, named: Named) => boolean
  /** Where the key of a map can hold it. */
  readonly inKey?: KeyField
  /** Else, and also without it: what comes before the look-up. */
  readonly condition?: (match: Match, family: Family, rule: string) => Condition | null
  /** Whether it lets all through that `other` lets through. Where it has none, it lets everything through. */
  readonly covers: (one: Match, other: Match) => boolean
  /** Of both families. Rules whose ranges do not overlap do not cover each other; absent or undefined where none can be told. */
  readonly ranges?: (match: Match) => Ranges | undefined
  /** Why the packet does not have it, for people; null where it has, or need not. */
  readonly mismatch: (match: Match, packet: FirstPacket, contains: Contains) => string | null
  /** Of several reasons, that of the lowest is told. */
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
  /** The expression, and its data type in nft(8). */
  readonly expression: (family: Family) => string
  readonly type: (family: Family) => string
  /** As it was configured: undefined where it was not, or no key holds it. */
  readonly ranges: (match: Match, family: Family) => Ranges | undefined
  /** Instead, where it depends on what there is now, or a part of it cannot be in that family. */
  readonly rangesNow?: (match: Match, family: Family, named: Named) => Ranges | undefined
}

/** What rules name, as far as it is there now. */
export type Named = Pick<Observed, 'links' | 'cgroups'>

export interface Condition {
  readonly statement: string
  readonly sets: readonly NamedSet[]
}

/** What only the kernel knows: whether a set that is filled by a name server, or from a file, has an address. */
export type Contains = (set: 'source' | 'destination' | 'domain', address: string) => boolean

export function singles(values: readonly (string | number)[] | undefined): Ranges | undefined {
  return values?.map((value) => [value, value])
}

/** Both sorted and merged. */
export function rangesCover<T extends string | number>(
  one: readonly Range<T>[] | undefined,
  other: readonly Range<T>[] | undefined,
): boolean {
  if (one === undefined) return true
  return other?.every(([first, last]) => one.some((range) => range[0] <= first && last <= range[1])) ?? false
}

export function includesAll<T>(one: readonly T[] | undefined, other: readonly T[] | undefined): boolean {
  return one === undefined || (other?.every((value) => one.includes(value)) ?? false)
}

/** Null where it matches, or where nothing was asked. */
export function unless(matches: boolean | undefined, reason: string): string | null {
  return matches === false ? reason : null
}

export function isWithin<T extends string | number>(
  ranges: readonly Range<T>[] | undefined,
  value: T,
): boolean | undefined {
  return ranges?.some(([first, last]) => first <= value && value <= last)
}
