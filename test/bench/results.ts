/** What the benchmarks of the data path measure. Plain values. */
import type { RulesetName, Variant } from './rulesets.ts'

export interface Plan {
  readonly ruleset: RulesetName
  readonly uplinks: number
  /** How often everything is repeated. */
  readonly rounds: number
  /** Of ifbalance alone: what its configuration has besides `probe = none`. */
  readonly variant: Variant
}

export const items = ['established', 'answered', 'first', 'connection', 'http1', 'bulk'] as const
export type Item = (typeof items)[number]

/** Instructions for one of each. */
export type Prices = Readonly<Record<Item, number>>

export interface Paths {
  readonly forwarded: Prices
  readonly local: Prices
}

export interface DataPath {
  readonly inet: Paths
  readonly inet6: Paths | null
}

export interface Result extends Plan {
  /** Null where there is no such ruleset. */
  readonly prices: DataPath | null
}

export interface DataPathResults {
  /** Release of the emulated machine's. */
  readonly kernel: string
  readonly results: readonly Result[]
}
