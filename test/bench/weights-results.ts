/** What the benchmarks of weights that are found out measure. Plain values. */

/** What shares connections out over the lines, knowing nothing of them, but for `by hand`. */
export const weightings = ['even', 'article', 'mwan3', 'shorewall', 'by itself', 'by hand'] as const
export type Weighting = (typeof weightings)[number]

export interface WeightsSample {
  /** The case's name. */
  readonly lines: string
  readonly weighting: Weighting
  /** The part of the sum of all lines that was carried, 0 to 1, in the first half minute and then. */
  readonly shares: readonly [number, number]
  /** How long transfers took then, in ms. */
  readonly mean: number
  readonly p95: number
  /** How often weights were changed. */
  readonly changes: number
}

export interface WeightsResults {
  /** The machine. */
  readonly on: string
  readonly concurrent: number
  readonly bytes: number
  /** How many ways to share out were measured at the same time, at most. */
  readonly atOnce?: number
  readonly samples: readonly WeightsSample[]
}
