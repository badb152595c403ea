/** Address families, and ranges. Pure. */

export type Family = 'inet' | 'inet6'

/** A range; both ends are included. */
export type Range<T> = readonly [first: T, last: T]
