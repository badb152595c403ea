/** What a scenario in the emulated machine tells the test outside. */
export type Scenario = 'latency' | 'loss' | 'lossy line' | 'clock' | 'brownout'

/** Times in ms of the machine's own clock, shares from 0 to 1; `error` alone where it did not get to its end. */
export type Seen = Readonly<Record<string, number | string | boolean>>

/** Times in ms since a silent blackhole began: all new connections are good; the daemon knows that the line is dead. */
export interface Crowded {
  readonly good: number
  readonly verdict: number
}

export interface FairLines {
  /** As tc(8) lists those of one line. */
  readonly queues: string
  /** The part of the sum of both lines that was carried, in the first half minute and after it. */
  readonly first: number
  readonly after: number
  /** Transfers that failed. */
  readonly failed: number
  /** Of the quick line and the slow one, at the end. */
  readonly weights: readonly number[]
}
