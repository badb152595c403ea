/** Why a connection is decided about without the administrator's rules. Pure. */

import type { RouteAnswer, RouteQuery } from '../kernel/iproute/route-get.ts'
import { balancedTable, tables, uplinkTable } from '../layout.ts'
import { activeUplinks, isUplinkIn } from '../model/active-uplinks.ts'
import type { FirstPacket } from '../model/match.ts'
import type { Uplink } from '../model/uplink.ts'
import { hex } from '../values/hex.ts'
import type { Facts } from './explanation.ts'
import { leadsTo } from './policy.ts'

/** The reason for people; null where rules are asked. */
export function bypassReason(
  query: RouteQuery,
  { mark, user }: FirstPacket,
  route: RouteAnswer | string,
  facts: Facts,
): string | null {
  const { config, desired } = facts
  const local = query.incoming === null
  if (desired.ruleset === null) {
    const isDisabled = desired.uplinks.some(({ state }) => state === 'disabled')
    return `nothing is balanced here: ${isDisabled ? 'all uplinks are disabled' : 'no uplink is known'}`
  }
  const cameIn = desired.uplinks.find(
    (uplink) => uplink.interface === query.incoming && isUplinkIn(query.family, uplink),
  )
  if (cameIn) return `comes in by uplink ${cameIn.name}, and its answers leave by it`
  if (typeof route === 'string') return whyNoWay(query, facts)
  if (route.table === tables.local) return 'stays on this host'
  const uplink = desired.uplinks.find((one) => one.interface === route.device)
  if (!uplink) return `the kernel sends it by ${route.device}, which is no uplink`
  if (!mayBeSteered(query, route, uplink, facts))
    return route.table === tables.main ? 'table main has a route of its own for it' : 'another policy rule comes first'
  if (local && user !== null && user === config.probeUser) return "a probe of ifbalance's, which no rule moves"
  return mark === 0 || config.rules.some(({ match }) => match.mark) ? null : `marked ${hex(mark)} by another program`
}

/**
 * Whether rules may decide: the connection goes by the balanced default, or by main's where there is none, or is bound
 * to the uplink's address. What this host itself sends is steered after it was routed, and then our block of rules
 * comes before others' that stand behind it.
 */
function mayBeSteered(
  { incoming, family }: RouteQuery,
  { table, isDefault }: RouteAnswer,
  uplink: Uplink,
  { config: { layout }, observed }: Facts,
): boolean {
  if (table === tables.main) return isDefault
  if (table === balancedTable(layout)) return true
  if (incoming !== null) return false
  const theirs = observed.rules.filter((rule) => rule.family === family && leadsTo(table, rule))
  return table === uplinkTable(uplink.number, layout) || theirs.every(({ priority }) => priority > layout.ruleBase)
}

function whyNoWay({ family, source }: RouteQuery, { config, desired }: Facts): string {
  const bound = desired.uplinks.find((uplink) => uplink[family]?.addresses.includes(source ?? ''))
  if (bound) return `its address is that of uplink ${bound.name}, which has no way for it`
  if (activeUplinks(family, config, desired.uplinks).length > 0) return 'the kernel has no way for it'
  return `no uplink is usable: last-resort = ${config.balance.lastResort}`
}
