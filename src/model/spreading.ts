/** What the daemon has found out of what lines can carry, and what it has made of it: for whoever decides or shows. */

/**
 * `weight`: by weights, typed or found out. `load`: by what each line has left. `overflow`: the lines of the lowest metric, until
 * they are full. `latency`: the nearest ones.
 */
export const spreads = ['weight', 'load', 'overflow', 'latency'] as const
export type Spread = (typeof spreads)[number]

/** What is in force of a `spread`. */
export interface InForce {
  /** Weights by uplink name, 1 to 256. */
  readonly weights: Readonly<Record<string, number>>
  /** Names of the uplinks that take new connections; absent: all that could. */
  readonly takes?: readonly string[]
}

/** How many rules may spread otherwise: each is worked out each second. */
export const mostRuleSpreads = 32

/** What tells the `spread` of a rule from those of others; null where it has none of its own. */
export function ruleSpreadKey({
  spread,
  overflowAt,
  uplinks,
}: {
  readonly spread?: Spread
  readonly overflowAt?: number
  readonly uplinks: readonly { readonly name: string }[] | null
}): string | null {
  if (spread === undefined || spread === 'weight') return null
  const names = uplinks === null ? 'all' : uplinks.map(({ name }) => name).join(' ')
  return `${spread}${overflowAt === undefined ? '' : ` at ${overflowAt}`}: ${names}`
}

export interface Spreading extends InForce {
  /** What the weights were made for: for another `spread` they say nothing. */
  readonly spread: Spread
  /** The same for rules with a `spread` of their own, by `ruleSpreadKey`. */
  readonly rules?: Readonly<Record<string, InForce>>
  /** What is known of each line, by uplink name. */
  readonly lines: Readonly<Record<string, CapacityFigures>>
}

export interface CapacityFigures {
  readonly down: DirectionFigures
  readonly up: DirectionFigures
}

/** Rates are in bits a second. */
export interface DirectionFigures {
  readonly carries: number
  readonly capacity: number
  /** `unknown`: nothing is known. `at-least`: the line carried `capacity` without being full. `known`: it was full with that. */
  readonly sure: 'unknown' | 'at-least' | 'known'
}
