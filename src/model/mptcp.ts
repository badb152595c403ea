/** MPTCP's endpoints, as values: local addresses from which one connection may have further subflows (ip-mptcp(8)). */

export interface Mptcp {
  readonly endpoints: readonly MptcpEndpoint[]
  /** How many subflows a connection may have besides its first one. */
  readonly subflows: number
}

export interface MptcpEndpoint {
  readonly id: number
  readonly address: string
  readonly device: string | null
  /** Words such as `subflow` and `backup`, sorted. */
  readonly flags: readonly string[]
}
