/** What the benchmarks of weights that are found out measure. Plain values. */

/** What shares connections out over two lines, knowing nothing of them, but for `by hand`. */
export const weightings = ['even', 'article', 'mwan3', 'shorewall', 'by itself', 'by hand'] as const
export type Weighting = (typeof weightings)[number]

export interface WeightsSample {
  /** The case's name. */
  readonly lines: string
  readonly weighting: Weighting
  /** The part of the sum of both lines that was carried, 0 to 1, in the first half minute and in the second. */
  readonly shares: readonly [number, number]
  /** How long transfers took in the second half minute, in ms. */
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
  readonly samples: readonly WeightsSample[]
}
