/** What is not as it should be, for people and for programs. */
import type { Family } from '../net/family.ts'

export interface Trouble {
  readonly kind: TroubleKind
  /** The uplink that it is about, where it is about one. */
  readonly uplink?: string
  readonly family?: Family
  /** The rule of the configuration that it is about. */
  readonly rule?: string
  /** The code of the error that it comes from: the system's, or ours. */
  readonly code?: string
  /** One text line for people. */
  readonly reason: string
}

/** Whether it tells of others' nft rules, which root alone may list. */
export function isOfRuleset({ kind }: Pick<Trouble, 'kind'>): boolean {
  return ['foreign-table', 'mark-compared', 'mark-written', 'unknown-nat'].includes(kind)
}

/** Words that programs may compare; they stay what they are when the text changes. */
export type TroubleKind =
  /** Others' rules, routes or table in our number spaces, or under our name. */
  | 'foreign-rule'
  | 'foreign-route'
  | 'foreign-table'
  /** Others' rules that compare, or write, our bits of marks, or that write all of a mark. */
  | 'mark-compared'
  | 'mark-written'
  /** Another's multipath route, whose hash is ours now. */
  | 'multipath'
  /** Routes that come before balancing. */
  | 'bypass'
  /** A route to a host by an uplink that is dead. */
  | 'dead-end'
  /** An address that two devices have; a subnet that is on two. */
  | 'shared-address'
  | 'overlap'
  /** A name of a table that is another table's. */
  | 'table-name'
  /** Others' source NAT that cannot be understood. */
  | 'unknown-nat'
  /** More public networks behind this host than rules for them. */
  | 'many-networks'
  /** More addresses than rules for them. */
  | 'many-addresses'
  /** What is left out: no number is free, its name is none or another's, it is taken for a LAN, it is in a VRF. */
  | 'no-number'
  | 'bad-name'
  | 'same-name'
  | 'lan'
  | 'vrf'
  /** A bridge that leads out and is not listed. */
  | 'bridge'
  /** An uplink of one of two routers whose number nobody has fixed. */
  | 'no-fixed-number'
  /** A modem without a connection. */
  | 'no-bearer'
  /** Nothing answers in a family, by any uplink. */
  | 'nothing-answers'
  | 'no-flowtables'
  /** `source-check = own`, and the kernel goes on to check. */
  | 'source-check'
  /** The kernel, or nft, does not take it. */
  | 'refused'
  /** It was done, and is not there. */
  | 'without-effect'
  /** A round, or a part of it, has failed. */
  | 'failed'
  /** Another package does our work. */
  | 'package'
