/** What must survive from run to run, as a value. */
import type { Layout } from '../layout.ts'
import type { Family } from '../net/family.ts'

/** Of two routers: `active` has the address on the LAN that both share. */
export type Role = 'active' | 'standby'

/** What must survive from run to run. It is kept in /run, so a boot starts anew. */
export interface State {
  /** By uplink name, also those that are away: a number in a connection's mark must not change its meaning. */
  readonly uplinks: Readonly<Record<string, KnownUplink>>
  /** Which of two routers this one was; absent where it has no peer. */
  readonly role?: Role
  /** Since when it is active, in seconds as `Observed.uptime`; absent where it is not, or nobody knows. */
  readonly activeSince?: number
  /** By sysctl name, the value that it had before we changed it. */
  readonly sysctls: Readonly<Record<string, string>>
  /** How many subflows MPTCP allowed before we raised that; absent where we did not. */
  readonly subflows?: number
  /**
   * The layouts in use: where our marks, tables and rules are now, and where they were while something is left there;
   * absent for the default one.
   */
  readonly layouts?: readonly Layout[]
}

export interface KnownUplink {
  readonly number: number
  /** The interface that it was last seen as; until then, the configured name or pattern. */
  readonly interface: string
  /** `hardware` of that interface's Link. */
  readonly hardware?: readonly string[]
  /**
   * What the interface (or its configured pattern) was called when the device still had the name that the configuration
   * gives it.
   */
  readonly movedFrom?: string
  /** IPv6 prefixes that were told of it, present ones first: clients may still have addresses from earlier ones. */
  readonly prefixes?: readonly string[]
  /** When it was first missed, in seconds as `Observed.uptime`; absent while it is here or configured. */
  readonly goneSince?: number
  /**
   * Families in which it was an uplink by more than a router's advertisement, which anyone on its link can send. In
   * these it stays an uplink while its lease is away.
   */
  readonly families?: readonly Family[]
  /**
   * Families in which it takes no new connections, but may have old ones: it works, or its connections were not cut
   * when it died.
   */
  readonly drains?: readonly Family[]
  /** With a peer: nothing behind it answered when this router had its address last. */
  readonly wasDead?: true
  /**
   * Addresses that it had, which have left this host, and in whose place nothing has come; with when they were first
   * missed, in seconds as `Observed.uptime`.
   */
  readonly left?: Readonly<Record<string, number>>
}

/** A number that is kept for an uplink in /var/lib, over boots. */
export interface KeptNumber {
  readonly number: number
  /** When the uplink was first missed, in seconds since 1970; absent while it is known. */
  readonly goneSince?: number
}
