/** What is looked at once a second of one line: an uplink's device, both families together. */
export interface Reading {
  /** Monotonic, in ms. */
  readonly at: number
  /** Bytes from the internet and to it, as the device counts them; null where they cannot be read. */
  readonly counters: { readonly rx: number; readonly tx: number } | null
  /** Of the probes that are sent anyway, since the last reading. */
  readonly answers: readonly Answer[]
}

export interface Answer {
  readonly target: string
  /** Null: it did not come. */
  readonly rttMs: number | null
}
