/** Two routers that pass addresses and connections to each other: which of them this one is, and what it could carry. Pure. */
import { contains } from '../net/prefix.ts'
import type { Config } from './config.ts'
import type { Link } from './kernel.ts'
import type { Observed } from './observed.ts'
import type { Role } from './state.ts'
import { isWorking, type Uplink } from './uplink.ts'

/** One of two routers, as people and programs see it. */
export interface Pair {
  readonly role: Role
  /** Why it is what it is, as far as this router can see. */
  readonly why: string
  /** How many uplinks keepalived was told to be usable; null where it was told nothing. */
  readonly usable: number | null
}

/** How this router stands; null where it has no peer. `told` is what keepalived was told. */
export function pairOf(
  config: Pick<Config, 'ha'>,
  { links }: Pick<Observed, 'links'>,
  uplinks: readonly Uplink[],
  told: number | null,
): Pair | null {
  const role = roleOf(config, { links })
  if (role === null || !config.ha) return null
  const isWaiting = told !== null && told < countUsable(uplinks)
  return { role, why: whyOf(config.ha, links, isWaiting), usable: told }
}

function whyOf({ address }: NonNullable<Config['ha']>, links: readonly Link[], isWaiting: boolean): string {
  if (address === null) return 'no address is configured'
  const holder = links.find(({ addresses }) => addresses.some((one) => one.address === address))
  if (holder) return `${address} is on ${holder.name}`
  const lan = links.find(({ addresses }) => addresses.some((one) => one.global && contains(one, address)))
  if (lan && !(lan.up && lan.carrier)) return `${lan.name} has no link`
  if (isWaiting) return "its peer's connections may not be here yet"
  return `${address} is not here`
}

/** What this router is; null where it has no peer. */
export function roleOf({ ha }: Pick<Config, 'ha'>, { links }: Pick<Observed, 'links'>): Role | null {
  if (!ha) return null
  const isHere = links.some(({ addresses }) => addresses.some(({ address }) => address === ha.address))
  return isHere ? 'active' : 'standby'
}

/**
 * Whether connections may come that the peer has not told of yet: as a standby, and for `hold` after that. Rounds of before say since when
 * it is active.
 */
export function awaitsConnections(
  config: Pick<Config, 'ha'>,
  observed: Pick<Observed, 'links' | 'state' | 'uptime'>,
): boolean {
  if (!config.ha) return false
  if (roleOf(config, observed) === 'standby') return true
  const since = activeSince(observed)
  return since !== undefined && (observed.uptime ?? 0) - since <= config.ha.holdSeconds
}

/** Of a router that is active: since when, as `Observed.uptime`; undefined where nobody knows, as long ago. */
export function activeSince({ state, uptime }: Pick<Observed, 'state' | 'uptime'>): number | undefined {
  return state.role === 'active' ? state.activeSince : uptime
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
