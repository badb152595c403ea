/** What is known of a key of the configuration, and how its value gets to its place in Config. Pure. */
import type { Layout } from '../layout.ts'
import type { BalanceConfig, HaConfig, NotifyConfig, ProbeConfig, QuotaConfig, UplinkConfig } from '../model/config.ts'
import type { Match, MatchName } from '../model/match.ts'
import type { Use } from '../model/rule.ts'
import { omitUndefined } from '../values/omit-undefined.ts'
import type { ValueParser } from './values/values.ts'

/** The parts of Config that keys set. Members that may be absent have no `initial`. */
interface Parts {
  readonly balance: BalanceConfig
  readonly layout: Layout
  /** The address may be absent, which is an error. */
  readonly ha: Omit<HaConfig, 'address'> & Partial<Pick<HaConfig, 'address'>>
  readonly notify: NotifyConfig
  /** The interface may be absent, as the section's name stands for it. */
  readonly uplink: Omit<UplinkConfig, 'name' | 'interface' | 'probe' | 'quota'> &
    Partial<Pick<UplinkConfig, 'interface'>>
  readonly probe: ProbeConfig
  /** The bytes may be absent: without an amount there is no quota. */
  readonly quota: Omit<QuotaConfig, 'bytes'> & Partial<Pick<QuotaConfig, 'bytes'>>
  readonly match: Pick<Match, MatchName>
  readonly use: Use
}

/** A member of a part, such as `probe.targets`. */
export type Target = { [P in keyof Parts]: `${P}.${keyof Parts[P] & string}` }[keyof Parts]

/**
 * The type of a target's value. Conditions of rules are unknown here: they are looked up on the host, and checked
 * there.
 */
type ValueAt<I extends Target> = I extends `match.${string}`
  ? unknown
  : {
      [P in keyof Parts]: I extends `${P}.${infer M extends keyof Parts[P] & string}` ? Parts[P][M] : never
    }[keyof Parts]

/**
 * What a key says of its default. A required member has `initial` for when the files say nothing; of another,
 * `otherwise` says what happens then.
 */
type Default<V> = undefined extends V
  ? { readonly otherwise: string | null }
  : { readonly initial: V; readonly otherwise?: string }

type DefaultOf<I extends Target> = I extends `match.${string}` ? { readonly otherwise: null } : Default<ValueAt<I>>

/** How a key's value becomes its target's; undefined leaves the member out. */
type Making<I extends Target, T> = [T] extends [ValueAt<I>]
  ? { readonly made?: (value: T) => ValueAt<I> | undefined }
  : { readonly made: (value: T) => ValueAt<I> | undefined }

interface Description<I extends Target, T> {
  /** Where the value goes. */
  readonly into: I
  readonly reader: ValueParser<T>
  /** What the key means, in one text line. */
  readonly help: string
  /** Whether a mistake in the value may cost money; see prudent.ts. */
  readonly costly?: true
}

export interface Key<I extends Target = Target, T = unknown> extends Description<I, T> {
  /** What holds where the key is not said, in the words of ifbalance.conf(5); null for nothing. */
  readonly otherwise: string | null
  readonly initial: unknown
  made(value: T): unknown
}

export type Keys = Readonly<Record<string, Key>>

/** Describes a key. What its reader reads, or what `made` makes of that, must have its target's type. */
export function key<const I extends Target, T>(
  description: Description<I, T> & Making<I, T> & DefaultOf<I>,
): Key<I, T> {
  const { initial, otherwise, made }: Partial<Key<I, T>> = description
  return {
    ...description,
    initial,
    otherwise: otherwise === undefined ? wordFor(initial) : otherwise,
    made: made ?? ((value) => value),
  }
}

function wordFor(initial: unknown): string {
  return typeof initial === 'boolean' ? (initial ? 'yes' : 'no') : String(initial)
}

/** What a section said, by key. Keys that are absent or wrong are not there. */
export type Values<K extends Keys> = { readonly [P in keyof K]?: K[P] extends Key<Target, infer T> ? T : never }

/** A part of Config: from the values, and else from the defaults. */
export function partOf<P extends keyof Parts>(
  part: P,
  keys: Keys,
  values: Readonly<Record<string, unknown>>,
): Parts[P] {
  const members = Object.entries(keys).flatMap(([name, { into, initial, made }]) => {
    const [owner, member = ''] = into.split('.')
    if (owner !== part) return []
    const said = values[name]
    return [[member, said === undefined ? initial : made(said)] as const]
  })
  // The cast is safe: key() checks the members' types, and keys.ts has one key for each.
  return omitUndefined(Object.fromEntries(members)) as unknown as Parts[P]
}
