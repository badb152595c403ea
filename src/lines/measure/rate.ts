/** What a line has carried while it was loaded on purpose. Pure. */

export interface Sample {
  /** Monotonic ms. */
  readonly at: number
  /** Bytes that the device has received. */
  readonly bytes: number
}

/** How much of the time connections may take to become fast. */
const warmUp = 0.3
/** Of what a device received, so much must be at least what was downloaded: the rest of it went by another way. */
const leastPart = 0.9

/** Bytes/s after the warm-up; null where there is too little to say. */
export function measuredRate(samples: readonly Sample[]): number | null {
  const [first, last] = [samples[0], samples.at(-1)]
  if (!first || !last) return null
  const begun = samples.find(({ at }) => at >= first.at + warmUp * (last.at - first.at))
  if (!begun || last.at - begun.at < 500) return null
  return ((last.bytes - begun.bytes) * 1000) / (last.at - begun.at)
}

/** Whether what was downloaded has come by the device. */
export function cameBy(samples: readonly Sample[], downloaded: number): boolean {
  return (samples.at(-1)?.bytes ?? 0) - (samples[0]?.bytes ?? 0) >= leastPart * downloaded
}
