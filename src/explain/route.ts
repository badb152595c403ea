/** What the kernel's routes would do with a packet. */

import { hex } from '../kernel/iproute/rule-spec.ts'
import { refusalText } from '../kernel/refusal-text.ts'
import { programs, tables } from '../layout.ts'
import type { Family } from '../net/family.ts'
import { run } from '../os/run.ts'
import { own } from '../values/own.ts'

export interface RouteQuery {
  readonly family: Family
  readonly destination: string
  readonly source: string | null
  readonly incoming: string | null
  readonly mark: number
  readonly protocol: number
  /** Null: not known, and 0 for the kernel. */
  readonly sourcePort: number | null
  readonly port: number
}

export interface RouteAnswer {
  readonly device: string
  readonly gateway: string | null
  readonly table: number
  /** The address that the kernel would choose for a socket without one. */
  readonly source: string | null
  readonly isDefault: boolean
  /** Of the route: each nexthop with its part of new connections; one where there is one. */
  readonly shares: readonly { readonly device: string; readonly share: number }[]
}

interface JsonRoute {
  readonly dst?: string
  readonly type?: string
  readonly dev?: string
  readonly gateway?: string
  readonly via?: { readonly host: string }
  readonly table?: string
  readonly prefsrc?: string
  readonly nexthops?: readonly { readonly dev: string; readonly weight: number }[]
}

/** The way of one packet; or why there is none, in the kernel's words. */
export async function routeOf(query: RouteQuery): Promise<RouteAnswer | string> {
  const [route, matched] = await Promise.all([ask(query, []), ask(query, ['fibmatch'])])
  if (typeof route === 'string') return route
  const { type = 'unicast' } = route
  const refusal = own(refusals, type)
  if (refusal !== undefined) return refusal
  const { dev = '', gateway, via, table, prefsrc } = route
  const { dst, nexthops = [{ dev, weight: 1 }] } = typeof matched === 'string' ? {} : matched
  const total = nexthops.reduce((sum, { weight }) => sum + weight, 0)
  return {
    device: dev,
    gateway: gateway ?? via?.host ?? null,
    table: table === undefined ? tables.main : Number(table),
    source: prefsrc ?? null,
    isDefault: dst === 'default',
    shares: nexthops.map((hop) => ({ device: hop.dev, share: hop.weight / total })),
  }
}

/** By their numbers in rtnetlink(7), as ip shows them, and by name. The kernel gives an error instead, mostly. */
const refusals: Readonly<Record<string, string>> = {
  ...{ '6': 'blackhole', '7': 'unreachable', '8': 'prohibit', '9': 'throw' },
  ...{ blackhole: 'blackhole', unreachable: 'unreachable', prohibit: 'prohibit', throw: 'throw' },
}

async function ask(query: RouteQuery, flags: readonly string[]): Promise<JsonRoute | string> {
  const { family, destination, source, incoming, mark, protocol, sourcePort, port } = query
  const words = [
    ...['route', 'get', ...flags, destination],
    ...(source === null ? [] : ['from', source]),
    ...(incoming === null ? [] : ['iif', incoming]),
    ...(mark === 0 ? [] : ['mark', hex(mark)]),
    ...['ipproto', String(protocol)],
    ...(protocol === 6 || protocol === 17 ? portWords(sourcePort ?? 0, port) : []),
  ]
  const options = [family === 'inet' ? '-4' : '-6', '-json', '-Numeric']
  const { stdout, stderr, exitCode } = await run(programs.ip, [...options, ...words], { accept: [0, 1, 2] })
  if (exitCode !== 0) return refusalText(stderr)
  const [route] = JSON.parse(stdout) as readonly JsonRoute[]
  return route ?? 'no answer'
}

function portWords(sourcePort: number, port: number): readonly string[] {
  return [...(sourcePort > 0 ? ['sport', String(sourcePort)] : []), ...(port > 0 ? ['dport', String(port)] : [])]
}
