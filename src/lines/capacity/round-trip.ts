/** How far and how good a line is now, over all its targets: one that is slow by itself does not count for the line. Pure. */
import type { LineModel } from './line-model.ts'
import { baseOf, lowerMedian, type Target } from './target.ts'

export interface RoundTrip {
  /** At rest, and now, in ms. */
  readonly baseMs: number
  readonly presentMs: number
  /** How much later than the base answers come at rest, in ms. */
  readonly jitterMs: number
  /** Part of the latest probes that was lost. */
  readonly loss: number
}

/** Null: nobody answered yet. */
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
