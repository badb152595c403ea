/** One reading of a line, once a second: an uplink's device, both families together. */
export interface Reading {
  /** When it was read, in monotonic ms. */
  readonly at: number
  /** Bytes received and sent by the device; null where they cannot be read. */
  readonly counters: { readonly rx: number; readonly tx: number } | null
  /** Answers since the last reading to the probes that are sent anyway. */
  readonly answers: readonly Answer[]
}

export interface Answer {
  readonly target: string
  /** Round trip in ms; null: no answer came. */
  readonly rttMs: number | null
}
