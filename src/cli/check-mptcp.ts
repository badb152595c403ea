/** Why one connection does not use all uplinks, where it might. Nothing is wrong then. */
import { hasMptcp } from '../kernel/mptcp.ts'
import type { Config } from '../model/config.ts'
import type { Observed } from '../model/observed.ts'
import { othersEndpoints } from '../reconcile/decide/mptcp.ts'

/** Text lines, none or one. `isThere`: whether the kernel has MPTCP. */
export function checkMptcp(
  { balance }: Pick<Config, 'balance'>,
  observed: Pick<Observed, 'mptcp' | 'mptcpd'>,
  isThere: () => boolean = hasMptcp,
): readonly string[] {
  if (balance.mptcp === 'no') return []
  if (!isThere()) return ['MPTCP: the kernel has none, or net.mptcp.enabled is 0; one connection uses one uplink']
  if (observed.mptcpd) return ['MPTCP: left to mptcpd, which is running']
  const others = othersEndpoints(observed).map(({ address }) => address)
  return others.length === 0 ? [] : [`MPTCP: left to those who made other endpoints (${others.slice(0, 8).join(', ')})`]
}
