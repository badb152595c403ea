/** What is known of a key of the configuration, and how what it says gets to its place in Config. Pure. */
import type { Layout } from '../layout.ts'
import type { BalanceConfig, ProbeConfig, QuotaConfig, UplinkConfig } from '../model/config.ts'
import type { Match, MatchName } from '../model/match.ts'
import type { Use } from '../model/rule.ts'
import { omitUndefined } from '../values/omit-undefined.ts'
import type { ValueParser } from './values/values.ts'

/** What of Config keys say. Members that may be absent have no `initial`. */
interface Parts {
  readonly balance: BalanceConfig
  readonly numbers: Layout
  /** The section's name stands for an interface that is not said. */
  readonly uplink: Omit<UplinkConfig, 'name' | 'interface' | 'probe' | 'quota'> &
    Partial<Pick<UplinkConfig, 'interface'>>
  readonly probe: ProbeConfig
  /** There is none without an amount. */
  readonly quota: Omit<QuotaConfig, 'bytes'> & Partial<Pick<QuotaConfig, 'bytes'>>
  readonly match: Pick<Match, MatchName>
  readonly use: Use
}

/** `probe.targets`: a member of a part. */
export type Target = { [P in keyof Parts]: `${P}.${keyof Parts[P] & string}` }[keyof Parts]

/** Rules' conditions are looked up on the host, and are checked where that is done. */
type ValueAt<I extends Target> = I extends `match.${string}`
  ? unknown
  : {
      [P in keyof Parts]: I extends `${P}.${infer M extends keyof Parts[P] & string}` ? Parts[P][M] : never
    }[keyof Parts]

/** A required member gets `initial` where the files say nothing; of another it is said what becomes of that. */
type Default<V> = undefined extends V
  ? { readonly otherwise: string | null }
  : { readonly initial: V; readonly otherwise?: string }

type DefaultOf<I extends Target> = I extends `match.${string}` ? { readonly otherwise: null } : Default<ValueAt<I>>

/** Undefined leaves the member out. */
type Making<I extends Target, T> = [T] extends [ValueAt<I>]
  ? { readonly made?: (value: T) => ValueAt<I> | undefined }
  : { readonly made: (value: T) => ValueAt<I> | undefined }

interface Description<I extends Target, T> {
  /** Where it ends up. */
  readonly into: I
  readonly reader: ValueParser<T>
  /** One line. */
  readonly help: string
  /** A mistake in it may cost money: see prudent.ts. */
  readonly costly?: true
}

export interface Key<I extends Target = Target, T = unknown> extends Description<I, T> {
  /** What holds where it is not said, in the words of ifbalance.conf(5); null for nothing. */
  readonly otherwise: string | null
  readonly initial: unknown
  made(value: T): unknown
}

export type Keys = Readonly<Record<string, Key>>

/** What its reader reads, or what is `made` of that, has to fit where it goes. */
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

/** What a section said, by key; a key that is absent or wrong is not there. */
export type Values<K extends Keys> = { readonly [P in keyof K]?: K[P] extends Key<Target, infer T> ? T : never }

/** A part of Config as the values say, or as by default. */
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
  // key() has the types of the members, and keys.ts one key for each.
  return omitUndefined(Object.fromEntries(members)) as unknown as Parts[P]
}
