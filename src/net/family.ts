/** Address families, and ranges. */

export type Family = 'inet' | 'inet6'

/** Both ends included. */
export type Range<T> = readonly [first: T, last: T]
