/** What the configuration refers to outside its files. */
export interface Outside {
  /** The text of a file of addresses. Throws an Error `reading PATH: cause`. */
  readonly readSet: (path: string) => string
  /** The number of a user of this host, or null. */
  readonly userId: (name: string) => number | null
}
