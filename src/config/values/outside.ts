/** What the files of the configuration point to. */
export interface Outside {
  /** The text of a file of addresses. Throws `reading PATH: cause`. */
  readonly readSet: (path: string) => string
  /** The number of a user of this host, or null. */
  readonly userId: (name: string) => number | null
}
