/** Two routers that pass addresses and connections to each other: which of them this one is, and what it could carry. Pure. */
import type { Config } from './config.ts'
import type { Observed } from './observed.ts'
import type { Role } from './state.ts'
import { isWorking, type Uplink } from './uplink.ts'

/** What this router is; null where it has no peer. */
export function roleOf({ ha }: Pick<Config, 'ha'>, { links }: Pick<Observed, 'links'>): Role | null {
  if (!ha) return null
  const isHere = links.some(({ addresses }) => addresses.some(({ address }) => address === ha.address))
  return isHere ? 'active' : 'standby'
}

/**
 * How many uplinks would carry connections if this router were active. One without an address of its own cannot be asked,
 * so what was found out when it had one counts.
 */
export function countUsable(uplinks: readonly Uplink[]): number {
  const mayCarry = ({ inet, inet6 }: Uplink) =>
    [inet, inet6].some((path) => path && path.refused === undefined && !path.line?.barred)
  return uplinks.filter((uplink) => {
    if (uplink.drained) return false
    return uplink.state === 'standby' ? !uplink.wasDead : isWorking(uplink) && mayCarry(uplink)
  }).length
}
