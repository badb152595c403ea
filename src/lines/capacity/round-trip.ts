/** A line's round trip and losses now, over all targets: one that is slow by itself does not count. Pure. */
import type { LineModel } from './line-model.ts'
import { baseOf, lowerMedian, type Target } from './target.ts'

export interface RoundTrip {
  /** Round trips at rest and now, in ms. */
  readonly baseMs: number
  readonly presentMs: number
  /** How much later than `baseMs` answers come at rest, in ms. */
  readonly jitterMs: number
  /** The part of the latest probes that was lost, 0 to 1. */
  readonly loss: number
}

/** The round trip, by the medians of the targets; null while nobody has answered. */
export function roundTripOf({ targets }: Pick<LineModel, 'targets'>): RoundTrip | null {
  const known = Object.values(targets).filter(({ least }) => least.length > 0)
  if (known.length === 0) return null
  const median = (pick: (target: Target) => number) => lowerMedian(known.map(pick))
  return {
    baseMs: median(baseOf),
    presentMs: median(({ presentMs }) => presentMs),
    jitterMs: median(({ jitterMs }) => jitterMs),
    loss: median(({ loss }) => loss),
  }
}
