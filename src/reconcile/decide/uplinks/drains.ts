/** Which uplinks may have connections: those that carry new ones, and those that work and only have old ones. Pure. */

import type { Layout } from '../../../layout.ts'
import { balancedDevices, isLinked } from '../../../model/active-uplinks.ts'
import type { Desired } from '../../../model/desired.ts'
import type { Observed } from '../../../model/observed.ts'
import type { KnownUplink } from '../../../model/state.ts'
import type { Uplink } from '../../../model/uplink.ts'
import type { Family } from '../../../net/family.ts'
import { getOwn } from '../../../values/get-own.ts'

type Wish = Pick<Desired, 'uplinks' | 'routes'>

/** Whether the uplink has a link, a way out that nobody refused, and a line that is not known to be dead. */
export function isAlive(uplink: Uplink, family: Family): boolean {
  const path = uplink[family]
  const isWay = path !== null && path.refused === undefined && !path.elsewhere
  return isLinked(uplink) && isWay && path.line?.state !== 'offline'
}

/** Uplinks that do not work, while connections have somewhere else to go. */
export function deadUplinks(family: Family, wish: Wish, layout: Layout): readonly Uplink[] {
  return hasRefuge(family, wish, layout) ? wish.uplinks.filter((uplink) => !mayKeep(uplink, family)) : []
}

/** Whether connections that it has may live: it is alive, or disabled after a drain, and its link is there. */
export function mayKeep(uplink: Uplink, family: Family): boolean {
  return isAlive(uplink, family) || (uplink.lingers === true && uplink[family] !== null)
}

/**
 * Uplinks that no longer work, and whose connections have somewhere else to go, so both ends are to notice that they
 * are lost.
 */
export function lostUplinks(family: Family, observed: Observed, wish: Wish, layout: Layout): readonly Uplink[] {
  if (!hasRefuge(family, wish, layout)) return []
  const before = balancedDevices(family, observed.routes, layout)
  return wish.uplinks.filter(
    (uplink) => !mayKeep(uplink, family) && (before.has(uplink.interface) || drained(uplink, family, observed)),
  )
}

/**
 * The known uplinks with those that drain: the balanced default does not tell the next run which uplinks without new
 * connections may have old ones.
 */
export function withDrains(
  known: Readonly<Record<string, KnownUplink>>,
  observed: Observed,
  wish: Wish,
  layout: Layout,
): Readonly<Record<string, KnownUplink>> {
  const families = (['inet', 'inet6'] as const).map((family) => ({
    family,
    before: balancedDevices(family, observed.routes, layout),
    after: balancedDevices(family, wish.routes, layout),
    refuge: hasRefuge(family, wish, layout),
  }))
  return Object.fromEntries(
    // What the former run wrote is in `observed`, so the entries here begin without it: they would keep that of uplinks
    // that are away.
    Object.entries(known).map(([name, { drains: _, ...entry }]) => {
      const uplink = wish.uplinks.find((other) => other.name === name)
      const drains = families.flatMap(({ family, before, after, refuge }) => {
        if (!uplink || after.has(uplink.interface)) return []
        const mayHave = before.has(uplink.interface) || drained(uplink, family, observed)
        // A dead uplink's connections wait for a living one.
        return mayKeep(uplink, family) || (mayHave && !refuge) ? [family] : []
      })
      return [name, { ...entry, ...(drains.length > 0 && { drains }) }]
    }),
  )
}

function drained({ name }: Uplink, family: Family, { state }: Observed): boolean {
  return getOwn(state.uplinks, name)?.drains?.includes(family) ?? false
}

/** Whether connections have somewhere else to go. Where all uplinks are dead, all stay in use, and nothing is cut. */
function hasRefuge(family: Family, { uplinks, routes }: Wish, layout: Layout): boolean {
  const after = balancedDevices(family, routes, layout)
  return uplinks.some((uplink) => after.has(uplink.interface) && isAlive(uplink, family))
}
