/** Which uplinks may have connections: those that new ones take, and those that work and only have old ones. Pure. */

import type { Layout } from '../../layout.ts'
import { isBalancedDefault, isLinked } from '../../model/active-uplinks.ts'
import type { Desired } from '../../model/desired.ts'
import type { Route } from '../../model/kernel.ts'
import type { Observed } from '../../model/observed.ts'
import type { KnownUplink } from '../../model/state.ts'
import type { Uplink } from '../../model/uplink.ts'
import type { Family } from '../../net/family.ts'
import { getOwn } from '../../values/get-own.ts'

type Wish = Pick<Desired, 'uplinks' | 'routes'>

/** Devices of the balanced default. */
function carriersOf(family: Family, routes: readonly Route[], numbers: Layout): ReadonlySet<string> {
  const balanced = routes.filter((route) => route.family === family && isBalancedDefault(route, numbers))
  return new Set(balanced.flatMap(({ nexthops }) => nexthops.map((hop) => hop.device)))
}

export function isAlive(uplink: Uplink, family: Family): boolean {
  const path = uplink[family]
  return isLinked(uplink) && path !== null && path.refused === undefined && path.line?.state !== 'offline'
}

/** Uplinks that no longer work, whose connections have somewhere else to go: at both ends they are to be noticed as lost. */
export function lostUplinks(family: Family, observed: Observed, wish: Wish, numbers: Layout): readonly Uplink[] {
  if (!hasRefuge(family, wish, numbers)) return []
  const before = carriersOf(family, observed.routes, numbers)
  return wish.uplinks.filter(
    (uplink) => !isAlive(uplink, family) && (before.has(uplink.interface) || drained(uplink, family, observed)),
  )
}

/** With what the next run has to know of uplinks that carry no new connections: the balanced default does not tell. */
export function withDrains(
  known: Readonly<Record<string, KnownUplink>>,
  observed: Observed,
  wish: Wish,
  numbers: Layout,
): Readonly<Record<string, KnownUplink>> {
  const families = (['inet', 'inet6'] as const).map((family) => ({
    family,
    before: carriersOf(family, observed.routes, numbers),
    after: carriersOf(family, wish.routes, numbers),
    refuge: hasRefuge(family, wish, numbers),
  }))
  return Object.fromEntries(
    // What the run before wrote is in `observed`: of an uplink that is away, `known` would still have it.
    Object.entries(known).map(([name, { drains: _, ...entry }]) => {
      const uplink = wish.uplinks.find((other) => other.name === name)
      const drains = families.flatMap(({ family, before, after, refuge }) => {
        if (!uplink || after.has(uplink.interface)) return []
        const mayHave = before.has(uplink.interface) || drained(uplink, family, observed)
        // Those of a dead one wait for a living one.
        return isAlive(uplink, family) || (mayHave && !refuge) ? [family] : []
      })
      return [name, { ...entry, ...(drains.length > 0 && { drains }) }]
    }),
  )
}

function drained({ name }: Uplink, family: Family, { state }: Observed): boolean {
  return getOwn(state.uplinks, name)?.drains?.includes(family) ?? false
}

/** Where all are dead, all stay in use, and nothing is cut. */
function hasRefuge(family: Family, { uplinks, routes }: Wish, numbers: Layout): boolean {
  const after = carriersOf(family, routes, numbers)
  return uplinks.some((uplink) => after.has(uplink.interface) && isAlive(uplink, family))
}
