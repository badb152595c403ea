/** How connections are spread, and what becomes of those that nothing takes. */

export type Mode = 'connection' | 'flow' | 'source' | 'failover' | 'random'

/** Route types; `throw` goes on to the next rule, and so to the balanced default. */
export type ClosingRoute = 'unreachable' | 'prohibit' | 'blackhole' | 'throw'

export type LastResort = 'main' | 'unreachable' | 'prohibit' | 'blackhole'
