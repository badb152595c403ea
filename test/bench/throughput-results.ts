/** What the benchmarks of throughput and size measure. Plain values. */

export const setups = ['plain', 'article', 'ifbalance', 'even'] as const
export type Setup = (typeof setups)[number]

export interface Sample {
  readonly setup: Setup
  /** What the lines carried, as tbf counts it: Mbit/s of frames, by uplink. */
  readonly carried: readonly [number, number]
  /** What arrived: Mbit/s of TCP payload. */
  readonly payload: number
  readonly failed: number
}

export interface ThroughputResults {
  /** The machine. */
  readonly on: string
  /** Mbit/s. */
  readonly lines: readonly [number, number]
  readonly concurrent: number
  readonly bytes: number
  readonly seconds: number
  readonly samples: readonly Sample[]
  /** MiB of the daemon, after all this. */
  readonly memory: { readonly rss: number; readonly pss: number; readonly minutes: number }
  /** MB of the package, and of what it installs. */
  readonly deb: { readonly file: number; readonly installed: number }
}
