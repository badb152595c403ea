/** `ip route get`: what the kernel's routes would do with a packet. */

import { programs, tables } from '../../layout.ts'
import type { Family } from '../../net/family.ts'
import { run } from '../../os/run.ts'
import { type Json, listOf, objectOf, stringOf, stringOrNull } from '../../values/checked.ts'
import { getOwn } from '../../values/get-own.ts'
import { hex } from '../../values/hex.ts'
import { refusalText } from '../refusal-text.ts'
import { parseNexthops } from './route.ts'

export interface RouteQuery {
  readonly family: Family
  readonly destination: string
  readonly source: string | null
  readonly incoming: string | null
  readonly mark: number
  readonly protocol: number
  /** Null: not known; the kernel gets 0. */
  readonly sourcePort: number | null
  readonly port: number
}

export interface RouteAnswer {
  readonly device: string
  readonly gateway: string | null
  readonly table: number
  /** The source address that the kernel would choose for a socket without one. */
  readonly source: string | null
  readonly isDefault: boolean
  /** The nexthops of the matching route with their shares of new connections, 0 to 1; one where it has no choice. */
  readonly shares: readonly { readonly device: string; readonly share: number }[]
}

/** The way of one packet; or why there is none, in the kernel's words. Throws where ip(8) cannot be run. */
export async function routeOf(query: RouteQuery): Promise<RouteAnswer | string> {
  const [route, matched] = await Promise.all([ask(query, []), ask(query, ['fibmatch'])])
  if (typeof route === 'string') return route
  const refusal = getOwn(refusals, stringOf(route['type']))
  if (refusal !== undefined) return refusal
  const [hop] = parseNexthops(route)
  const hops = parseNexthops(typeof matched === 'string' || !('nexthops' in matched) ? route : matched)
  const total = hops.reduce((sum, { weight }) => sum + weight, 0)
  return {
    device: hop?.device ?? '',
    gateway: hop?.gateway ?? null,
    table: 'table' in route ? Number(route['table']) : tables.main,
    source: stringOrNull(route['prefsrc']),
    isDefault: typeof matched !== 'string' && matched['dst'] === 'default',
    shares: hops.map(({ device, weight }) => ({ device, share: weight / total })),
  }
}

/**
 * Route types by their numbers in rtnetlink(7), as `ip -N` shows them, and by name. Mostly the kernel gives an error
 * instead.
 */
const refusals: Readonly<Record<string, string>> = {
  ...{ '6': 'blackhole', '7': 'unreachable', '8': 'prohibit', '9': 'throw' },
  ...{ blackhole: 'blackhole', unreachable: 'unreachable', prohibit: 'prohibit', throw: 'throw' },
}

async function ask(query: RouteQuery, flags: readonly string[]): Promise<Json | string> {
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
  return parseRoutesGot(stdout)[0] ?? 'no answer'
}

/** Routes from the answer, one JSON array a text line; none for queries that were refused. */
export function parseRoutesGot(stdout: string): readonly Json[] {
  return stdout.split('\n').flatMap((line) => (line.startsWith('[{') ? listOf(JSON.parse(line)).map(objectOf) : []))
}

function portWords(sourcePort: number, port: number): readonly string[] {
  return [...(sourcePort > 0 ? ['sport', String(sourcePort)] : []), ...(port > 0 ? ['dport', String(port)] : [])]
}
