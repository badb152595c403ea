/** What a rule asks of a line, besides that it works. Pure. */

/** Bounds as the uplink's own are; absent members ask for nothing. */
export interface LineQuality {
  /** The largest smoothed round trip of probes, in milliseconds. */
  readonly maxLatencyMs?: number
  /** The largest mean deviation of round trips, in milliseconds. */
  readonly maxJitterMs?: number
  /** The largest share of lost probes, 0 to 1. */
  readonly maxLoss?: number
}

/** How many rules may ask for something else: each line is judged by each of these. */
export const mostQualities = 32

/** What is asked for, in the words of the configuration, by which it is known, too; null: nothing. */
export function qualityText({ maxLatencyMs, maxJitterMs, maxLoss }: LineQuality): string | null {
  const parts = [
    ...(maxLatencyMs === undefined ? [] : [`max-latency ${maxLatencyMs}`]),
    ...(maxJitterMs === undefined ? [] : [`max-jitter ${maxJitterMs}`]),
    ...(maxLoss === undefined ? [] : [`max-loss ${Math.round(maxLoss * 100)}`]),
  ]
  return parts.length === 0 ? null : parts.join(', ')
}
