/** Which uplinks carry new connections of a family. Pure. */

import type { Layout } from '../layout.ts'
import { balancedTable } from '../layout.ts'
import type { Family } from '../net/family.ts'
import { compareInTurn } from '../values/compare-in-turn.ts'
import type { Config } from './config.ts'
import type { Route } from './kernel.ts'
import { modeOf } from './mode.ts'
import type { Path, Uplink } from './uplink.ts'

/** An uplink whose interface is there. */
export type Present = Uplink & { readonly index: number }

export type Usable = Uplink & { readonly path: Path }

/**
 * Whether it is an uplink in this family. A device that leads out in IPv6 alone is in IPv4 what it would be without us.
 */
export function isUplinkIn(family: Family, { awayIn = [], ...paths }: Pick<Uplink, 'awayIn' | Family>): boolean {
  return paths[family] !== null || awayIn.includes(family)
}

/** Whether it has a link and a way out, whatever is known of the line behind them. */
export function isLinked({ state }: Uplink): boolean {
  return ['online', 'suspect', 'degraded', 'offline'].includes(state)
}

/**
 * The uplinks whose line is alive, and that nobody drains. Where no probe is answered anywhere, the probes may be wrong: then all that have a
 * link.
 */
export function usable(family: Family, uplinks: readonly Uplink[]): readonly Usable[] {
  const linked = uplinks.flatMap((uplink) => {
    const path = uplink[family]
    const mayTake = isLinked(uplink) && !uplink.drained
    const isWay = path !== null && path.refused === undefined && !path.elsewhere && !path.line?.barred
    return mayTake && isWay ? [{ ...uplink, path }] : []
  })
  const alive = linked.filter(({ path }) => path.line?.state !== 'offline')
  return alive.length > 0 ? alive : linked
}

/** The usable uplinks of the best tier that are chosen to take new connections; in mode `failover` the first of them. */
export function activeUplinks(family: Family, config: Config, uplinks: readonly Uplink[]): readonly Usable[] {
  const best = bestOf(usable(family, uplinks))
  if (modeOf(config.balance.mode).spreads === 'in order') return best.slice(0, 1)
  const taking = eligibleUplinks(family, config, uplinks).filter(({ takes }) => takes)
  return taking.length > 0 ? taking : best
}

/** The usable uplinks among whom `spread` chooses: those of the best tier, with `overflow` whatever their metric is. */
export function eligibleUplinks(
  family: Family,
  { balance }: Pick<Config, 'balance'>,
  uplinks: readonly Uplink[],
): readonly Usable[] {
  const able = usable(family, uplinks)
  const best = bestOf(able)
  const [first] = best
  if (balance.spread !== 'overflow' || first === undefined) return best
  return able.filter((uplink) => compareTiers({ ...uplink, metric: first.metric }, first) === 0)
}

function bestOf(candidates: readonly Usable[]): readonly Usable[] {
  const [first, ...others] = candidates
  if (first === undefined) return []
  const best = others.reduce((found, uplink) => (compareTiers(uplink, found) < 0 ? uplink : found), first)
  return candidates.filter((uplink) => compareTiers(uplink, best) === 0)
}

/**
 * Order of tiers. Uplinks whose addresses are deprecated come last; before them degraded lines, standby ones, and those
 * of a higher metric.
 */
function compareTiers(one: Usable, other: Usable): number {
  const tier = ({ path, standby, metric }: Usable) => [
    Number(path.deprecated ?? false),
    Number(path.line?.degraded ?? false),
    Number(standby ?? false),
    metric,
  ]
  return compareInTurn(tier(one), tier(other))
}

/** Devices of the balanced default: of those whom new connections of the family take. */
export function balancedDevices(family: Family, routes: readonly Route[], layout: Layout): ReadonlySet<string> {
  const balanced = routes.filter((route) => route.family === family && isBalancedDefault(route, layout))
  return new Set(balanced.flatMap(({ nexthops }) => nexthops.map(({ device }) => device)))
}

/** Whether it is the default that new connections take. The balanced table has routes for single hosts, too. */
export function isBalancedDefault({ table, destination }: Route, layout: Layout): boolean {
  return table === balancedTable(layout) && destination === 'default'
}
