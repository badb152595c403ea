/** Facts for `ifbalance connections`. Pure. */

import type { Counted, Sum } from '../kernel/conntrack/count.ts'
import type { Family } from '../net/family.ts'
import type { MptcpConnection } from './mptcp.ts'

/** What `ifbalance connections --json` prints; `format` promises the same as in Status (status.ts). */
export interface Connections {
  readonly format: 1
  readonly uplinks: readonly UplinkConnections[]
  /** Connections that neither left nor came in by an uplink. */
  readonly others: Readonly<Record<Family, number>>
  /** This host's MPTCP connections; each subflow is one of the connections above. */
  readonly mptcp: readonly MptcpConnection[]
}

export interface UplinkConnections {
  /** The uplink's name; null where no uplink has this number of marks now. */
  readonly name: string | null
  readonly number: number
  readonly inet: FamilyConnections
  readonly inet6: FamilyConnections
}

export interface FamilyConnections {
  /** How many connections left by the uplink, and how many came in by it. */
  readonly out: number
  readonly in: number
  /** Share of all connections of this family that are on an uplink, 0 to 1. */
  readonly share: number
  /**
   * Connections of which the kernel counts bytes, and the bytes that they sent and received; null where there are none.
   */
  readonly bytes: { readonly connections: number; readonly sent: number; readonly received: number } | null
}

/** The facts from the counts of both families. */
export function connectionsOf(
  uplinks: readonly { readonly name: string; readonly number: number }[],
  counted: Readonly<Record<Family, Counted>>,
  mptcp: readonly MptcpConnection[],
): Connections {
  const known = new Map(uplinks.map(({ name, number }) => [number, name] as const))
  const numbers = new Set([...known.keys(), ...counted.inet.uplinks.keys(), ...counted.inet6.uplinks.keys()])
  return {
    format: 1,
    uplinks: [...numbers]
      .toSorted((one, other) => one - other)
      .map((number) => ({
        name: known.get(number) ?? null,
        number,
        inet: ofFamily(number, counted.inet),
        inet6: ofFamily(number, counted.inet6),
      })),
    others: { inet: counted.inet.others, inet6: counted.inet6.others },
    mptcp,
  }
}

const none: Sum = { out: 0, in: 0, counted: 0, sent: 0, received: 0 }

function ofFamily(number: number, { uplinks }: Counted): FamilyConnections {
  const sum = uplinks.get(number) ?? none
  const all = [...uplinks.values()].reduce((total, one) => total + one.out + one.in, 0)
  return {
    out: sum.out,
    in: sum.in,
    share: all === 0 ? 0 : (sum.out + sum.in) / all,
    bytes: sum.counted === 0 ? null : { connections: sum.counted, sent: sum.sent, received: sum.received },
  }
}
