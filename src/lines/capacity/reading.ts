/** One reading of a line, once a second: an uplink's device, both families together. */
export interface Reading {
  /** When it was read, in monotonic ms. */
  readonly at: number
  /** What the device has received and sent; null where it cannot be read. */
  readonly counters: ReadCounters | null
  /** Answers since the last reading to the probes that are sent anyway. */
  readonly answers: readonly Answer[]
}

/** Bytes, and packets where they are counted. */
export interface ReadCounters {
  readonly rx: number
  readonly tx: number
  readonly rxPackets?: number
  readonly txPackets?: number
}

export interface Answer {
  readonly target: string
  /** Round trip in ms; null: no answer came. */
  readonly rttMs: number | null
}
