/** What must survive from run to run. */
import type { Layout } from '../layout.ts'
import type { Family } from '../net/family.ts'

/** What must survive from run to run; kept in /run, so a boot starts anew. */
export interface State {
  /** By uplink name, also those that are away: a number in a connection's mark must not change its meaning. */
  readonly uplinks: Readonly<Record<string, KnownUplink>>
  /** By sysctl name, the value that was there before ours. */
  readonly sysctls: Readonly<Record<string, string>>
  /** Where our marks, tables and rules are, and where they were while something is left there; absent for the defaults. */
  readonly numbers?: readonly Layout[]
}

export interface KnownUplink {
  readonly number: number
  /** Where it was last seen; the configured pattern until then. */
  readonly interface: string
  /** Of that interface, see Link. */
  readonly hardware?: readonly string[]
  /** What the interface was called, or its pattern, when the device had the name that the configuration gives it. */
  readonly movedFrom?: string
  /** IPv6 prefixes that were told of it, the present ones first: clients may still have addresses from earlier ones. */
  readonly prefixes?: readonly string[]
  /** When it was first missed, as `Observed.uptime`; absent while it is here or configured. */
  readonly goneSince?: number
  /**
   * In which it was an uplink by more than what anyone on its link can send (a router's advertisement): there it is one still
   * while its lease is away.
   */
  readonly families?: readonly Family[]
  /** It works, or was not cut when it died, and takes no new connections: old ones may be on it. */
  readonly drains?: readonly Family[]
}
