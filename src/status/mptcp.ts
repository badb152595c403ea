/** MPTCP connections of this host, each with its subflows by uplink. Pure. */
import type { Subflow } from '../kernel/sockets/subflows.ts'
import type { Uplink } from '../model/uplink.ts'

export interface MptcpConnection {
  readonly peer: Subflow['peer']
  readonly subflows: readonly MptcpSubflow[]
}

export interface MptcpSubflow extends Omit<Subflow, 'token' | 'peer'> {
  /** The uplink whose address it has; null for an address of no uplink. */
  readonly uplink: string | null
}

/** The connections, the one that has carried most first. The peer is that of the subflow that has. */
export function mptcpConnections(
  uplinks: readonly Pick<Uplink, 'name' | 'inet' | 'inet6'>[],
  subflows: readonly Subflow[],
): readonly MptcpConnection[] {
  const uplinkOf = (address: string) =>
    uplinks.find(({ inet, inet6 }) => [inet, inet6].some((path) => path?.addresses.includes(address)))?.name ?? null
  const carried = ({ sent, received }: Pick<Subflow, 'sent' | 'received'>) => sent + received
  const connections = [...Map.groupBy(subflows, ({ token }) => token).values()].map((own) => {
    const sorted = own.toSorted((one, other) => carried(other) - carried(one))
    return {
      peer: sorted[0]?.peer ?? { address: '', port: 0 },
      subflows: sorted.map(({ token: _, peer: __, ...subflow }) => ({ uplink: uplinkOf(subflow.address), ...subflow })),
      bytes: own.reduce((sum, one) => sum + carried(one), 0),
    }
  })
  return connections
    .toSorted((one, other) => other.bytes - one.bytes)
    .map(({ peer, subflows: parts }) => ({ peer, subflows: parts }))
}

/** `wan1 10.1.0.2:4711, wan2 10.2.0.2:4712 (backup)` */
export function subflowsText(subflows: readonly MptcpSubflow[], more: (subflow: MptcpSubflow) => string): string {
  return subflows
    .map((subflow) => `${subflow.uplink ?? 'no uplink'} ${more(subflow)}${subflow.isBackup ? ' (backup)' : ''}`)
    .join(', ')
}
