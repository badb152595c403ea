/** A route's answer -> the ways out that it means. Pure. */

import type { RouteAnswer, RouteQuery } from '../kernel/iproute/route-get.ts'
import { balancedTable, tables, uplinkTable } from '../layout.ts'
import { type Mode, modeOf } from '../model/mode.ts'
import type { Facts, RouteChoice } from './explanation.ts'
import { ruleTo } from './policy.ts'

export interface Ways {
  readonly ways: readonly RouteChoice[]
  readonly refused: string | null
}

/**
 * The ways of a connection. `mark` is that of the packet that was asked for. Where the hash is not known, every nexthop
 * of the route counts.
 */
export function waysOf(route: RouteAnswer | string, query: RouteQuery, mark: number, facts: Facts): Ways {
  if (typeof route === 'string') return { ways: [], refused: route }
  const { device, gateway, table } = route
  if (table === tables.local) return { ways: [], refused: null }
  const { desired, config } = facts
  const ipRule = ipRuleOf(route, query, mark, facts)
  const shares = isCertain(route, query, config.balance.mode) ? [{ device, share: 1 }] : route.shares
  const ways = shares.map((one): RouteChoice => {
    const uplink = desired.uplinks.find((other) => other.interface === one.device)
    const path = uplink?.[query.family]
    return {
      ...{ uplink: uplink?.name ?? null, share: one.share, device: one.device, mark },
      gateway: one.device === device ? gateway : (path?.gateway ?? null),
      ...{ table: tableName(table, facts), ipRule },
      ...(path && { mtu: path.mtu }),
    }
  })
  return { ways, refused: null }
}

/**
 * Whether the kernel's answer is the way that packets take. Over ports it takes the hash that a packet has from its
 * network card or socket, where it has one. Over chosen fields it takes another hash for what it is asked than for
 * packets, except for forwarded IPv4 (Linux 6.18: only there a packet is made up for the question).
 */
function isCertain({ shares }: RouteAnswer, { family, incoming }: RouteQuery, mode: Mode): boolean {
  const overFields = modeOf(mode).hash.policy === '3'
  return shares.length === 1 || (overFields && family === 'inet' && incoming !== null)
}

function ipRuleOf(
  { table, isDefault }: RouteAnswer,
  { family, incoming, source }: RouteQuery,
  mark: number,
  { observed }: Facts,
): string | null {
  const walker = { family, mark, incoming: incoming ?? 'lo', source, device: null, isDefault }
  const rule = ruleTo(table, observed.rules, walker)
  return rule && `${rule.priority}: ${rule.spec}`
}

function tableName(table: number, { config, desired }: Facts): string {
  const uplink = desired.uplinks.find(({ number }) => uplinkTable(number, config.layout) === table)
  const known = Object.entries(tables).find(([, number]) => number === table)?.[0]
  return known ?? uplink?.name ?? (table === balancedTable(config.layout) ? 'balanced' : String(table))
}
