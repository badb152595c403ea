/** What others have in our number spaces, or what would mislead, for the log and `ifbalance status`. Pure. */

import { inOurBlock, isOurTable, lastPriority, marks, nftTable, protocols, tables } from '../../../layout.ts'
import type { Config } from '../../../model/config.ts'
import type { Route, Rule } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Trouble } from '../../../model/trouble.ts'
import type { Uplink } from '../../../model/uplink.ts'
import type { Family } from '../../../net/family.ts'
import { hex } from '../../../values/hex.ts'
import { ourRoutes } from '../ours/our-routes.ts'
import { isInOurTables } from '../ours/previous-layout.ts'
import { findTakers } from '../routing/internet.ts'
import { isOurRuleset } from '../ruleset/ruleset.ts'

export function findConflicts(config: Config, uplinks: readonly Uplink[], observed: Observed): readonly Trouble[] {
  if (uplinks.length === 0) return []
  return [
    ...some(observed.rules.flatMap((rule) => [...foreignRule(rule, config), ...foreignMark(rule, config)])),
    ...some(foreignRoutes(config, observed)),
    ...some(observed.routes.flatMap((route) => otherMultipath(route, config, observed))),
    ...some(findTakers(uplinks, observed, config.layout)),
    ...some(deadEnds(uplinks, observed)),
    ...foreignTable(observed),
    ...some(otherMarks(config, observed)),
    ...some(sharedAddresses(uplinks)),
    ...some(overlaps(uplinks, observed)),
  ]
}

/**
 * The first few of a kind, as neighbours can make any number of subnets. How many are left out is not said:
 * that would be another message each time.
 */
function some(found: readonly Trouble[]): readonly Trouble[] {
  const [first] = found
  if (first === undefined || found.length <= most) return found
  return [...found.slice(0, most), { kind: first.kind, reason: '... and more of this kind' }]
}

const most = 8

function foreignRule({ family, priority, spec, protocol, foreign }: Rule, { layout }: Config): readonly Trouble[] {
  if (!inOurBlock(priority, layout) || (protocol === protocols.rule && !foreign)) return []
  const reason = `${ipv(family)} rule ${priority} "${spec}" is another program's, among ours: move ours with rule-base`
  return [{ kind: 'foreign-rule', family, reason }]
}

/**
 * A rule of others that compares our bits of marks. One that compares all bits and none of ours is no concern, such as
 * WireGuard's 0xca6c.
 */
function foreignMark({ family, priority, spec, protocol }: Rule, { layout }: Config): readonly Trouble[] {
  const [, value, mask] = /\bfwmark (0x[0-9a-f]+)\/(0x[0-9a-f]+)/.exec(spec) ?? []
  const isOurs = protocol === protocols.rule && (inOurBlock(priority, layout) || priority === lastPriority)
  if (isOurs || value === undefined) return []
  const bits = marks(layout).mask
  const compared = Number(mask) === 0xffffffff ? Number(value) : Number(mask)
  if ((compared & bits) === 0) return []
  const reason = `${ipv(family)} rule ${priority} "${spec}" uses bits of our mark ${hex(bits)}: move ours with mark-shift`
  return [{ kind: 'mark-compared', family, reason }]
}

/**
 * Others' rules that write our bits of marks before packets are routed. A connection whose mark is only cleared is
 * found again by its address (staying.ts).
 */
function otherMarks({ layout }: Config, { foreignMarks = [] }: Observed): readonly Trouble[] {
  const ours = marks(layout).mask
  return foreignMarks.flatMap(({ where, of, sets, clears }): readonly Trouble[] => {
    if ((sets & ours) !== 0)
      return [
        {
          kind: 'mark-written',
          reason: `${where} sets bits ${hex((sets & ours) >>> 0)} of ${of} marks, which are ours: move ours with mark-shift`,
        },
      ]
    if (of === 'connection' || (clears & ours) === 0) return []
    return [
      {
        kind: 'mark-written',
        reason:
          `${where} sets packet marks anew, without a mask: what it marks may leave its uplink, and no rule of ours steers it; ` +
          `let it leave bits ${hex(ours)} alone`,
      },
    ]
  })
}

function foreignRoutes({ layout }: Config, observed: Observed): readonly Trouble[] {
  const isOurs = ourRoutes([layout], observed)
  return observed.routes
    .filter((route) => isOurTable(route.table, layout) && !isOurs(route))
    .map(({ family, destination, table }) => {
      const reason = `${ipv(family)} route ${destination} in table ${table} is another program's: move ours with table-base`
      return { kind: 'foreign-route', family, reason }
    })
}

function foreignTable({ ruleset }: Observed): readonly Trouble[] {
  if (ruleset === null || isOurRuleset(ruleset)) return []
  const names = ruleset.chains.map(({ name }) => name).join(', ')
  return [
    {
      kind: 'foreign-table',
      reason: `nft table ${nftTable.family} ${nftTable.name} with chain ${names} is another program's: left alone, and nothing is balanced`,
    },
  ]
}

/** Others' multipath routes, which our hash policy changes, as it is the whole host's. */
function otherMultipath(route: Route, { layout, balance }: Config, observed: Observed): readonly Trouble[] {
  if (route.nexthops.length < 2 || isInOurTables(route, layout, observed)) return []
  const where = route.table === tables.main ? 'main' : String(route.table)
  const reason =
    `${ipv(route.family)} route ${route.destination} in table ${where} has several nexthops: mode ${balance.mode} now ` +
    'decides its hash policy, too'
  return [{ kind: 'multipath', family: route.family, reason }]
}

function sharedAddresses(uplinks: readonly Uplink[]): readonly Trouble[] {
  const owners = Map.groupBy(
    uplinks.flatMap(({ name, inet }) => (inet?.addresses ?? []).map((address) => ({ name, address }))),
    ({ address }) => address,
  )
  return [...owners]
    .filter(([, names]) => names.length > 1)
    .map(([address, names]) => ({
      kind: 'shared-address',
      family: 'inet',
      reason: `uplinks ${names.map(({ name }) => name).join(' and ')} both have address ${address}: sockets bound to it are balanced`,
    }))
}

/**
 * Uplinks whose subnet is a LAN's, too, as with two routers fresh from the factory: main's choice stands. Several lines
 * to one concentrator have its address as their peer's, and nobody wants to reach that.
 */
function overlaps(uplinks: readonly Uplink[], { routes, links }: Observed): readonly Trouble[] {
  const byDevice = new Map(uplinks.map((uplink) => [uplink.interface, uplink.name]))
  const isPeer = (device: string, destination: string) =>
    byDevice.has(device) &&
    links.some(({ name, addresses }) => name === device && addresses.some(({ peer }) => peer === destination))
  const onLink = routes.filter(
    ({ table, type, destination, nexthops }) =>
      table === tables.main &&
      type === 'unicast' &&
      destination !== 'default' &&
      !destination.startsWith('fe80:') &&
      nexthops.length === 1 &&
      nexthops[0]?.gateway === null,
  )
  return [...Map.groupBy(onLink, ({ destination }) => destination)].flatMap(
    ([destination, same]): readonly Trouble[] => {
      const devices = [...new Set(same.flatMap(({ nexthops }) => nexthops.map(({ device }) => device)))]
      const uplink = devices.map((device) => byDevice.get(device)).find((name) => name !== undefined)
      if (devices.length < 2 || uplink === undefined) return []
      if (devices.every((device) => isPeer(device, destination))) return []
      const reason = `subnet ${destination} is on ${devices.join(' and ')}: hosts there are reached by the route that main prefers`
      return [{ kind: 'overlap', uplink, reason }]
    },
  )
}

/**
 * Routes in main to single hosts by an uplink where nothing answers. Mostly it is a tunnel's endpoint; the tunnel waits
 * until that uplink is back, as the route is not ours to change.
 */
function deadEnds(uplinks: readonly Uplink[], { routes }: Observed): readonly Trouble[] {
  const found = routes.filter(({ table, type, destination, protocol, family, nexthops }) => {
    const [hop] = nexthops
    const uplink = uplinks.find((other) => other.interface === hop?.device)
    const isHost = destination !== 'default' && (!destination.includes('/') || /\/(32|128)$/.test(destination))
    // Routes that a network manager makes by itself, such as that to a name server, belong to the uplink.
    const isOthers = protocol === protocols.boot || protocol === protocols.static
    return table === tables.main && type === 'unicast' && isHost && isOthers && hop?.gateway && isDead(uplink, family)
  })
  return found.map(({ family, destination, nexthops }) => {
    const device = nexthops[0]?.device
    return {
      kind: 'dead-end',
      family,
      reason: `${ipv(family)} route ${destination} in main leads by ${device}, where nothing answers: what needs it (a tunnel?) waits`,
    }
  })
}

function isDead(uplink: Uplink | undefined, family: Family): boolean {
  return uplink !== undefined && (uplink.state === 'down' || uplink[family]?.line?.state === 'offline')
}

function ipv(family: 'inet' | 'inet6'): string {
  return family === 'inet' ? 'IPv4' : 'IPv6'
}
