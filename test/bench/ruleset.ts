/** What a host is given; texts for `ip -batch`, nft(8), iptables-restore(8) and ipset(8), each empty where not needed. */
export interface Ruleset {
  readonly sysctls: readonly string[]
  readonly ip: readonly string[]
  readonly nft: string
  readonly iptables: string
  readonly ipset: string
}
