/** Where new connections really go, whoever says so. */
import { expect, test } from 'vitest'
import type { Route, Rule } from '../../../../../src/model/kernel.ts'
import type { Observed } from '../../../../../src/model/observed.ts'
import { decide } from '../../../../../src/reconcile/decide/decide.ts'
import { statusOf } from '../../../../../src/status/status.ts'
import { configOf } from '../../../../config-of.ts'
import { healthOf, hopOf, linkOf, routeOf, worldOf } from '../../../builders.ts'

const config = configOf('')
const bare = worldOf('two-dhcp-uplinks')
const wanted = decide(config, bare)
const tunnel = linkOf('tun0', { index: 99, kind: 'tun' })
const before: readonly Rule[] = bare.rules.filter(({ priority }) => priority < 20000)
const behind: readonly Rule[] = bare.rules.filter(({ priority }) => priority > 20000)
const ours = wanted.rules.toSorted((a, b) => a.priority - b.priority)

function by(device: string, destination = 'default', other: Partial<Route> = {}): Route {
  return routeOf(destination, [hopOf(device)], other)
}

/** With ours in effect, as far as others leave it so. */
function seen(routes: readonly Route[], rules: readonly Rule[] = []) {
  const links = [...bare.links, tunnel]
  const world = { ...bare, links, routes: [...bare.routes, ...routes], rules: [...before, ...rules, ...behind] }
  const there = decide(config, world)
  const mine = there.rules.toSorted((a, b) => a.priority - b.priority)
  const observed = {
    ...world,
    routes: [...world.routes, ...there.routes],
    rules: [...before, ...rules, ...mine, ...behind],
    state: there.state,
  }
  const desired = decide(config, observed)
  const facts = { config, observed, desired, pending: 0, daemon: true, heldDown: false, warnings: [] }
  return {
    shares: statusOf(facts).uplinks.map(({ inet }) => inet?.share),
    told: desired.warnings.flatMap(({ kind, reason }) => (kind === 'bypass' ? [reason] : [])),
  }
}

const says = (percent: number, device: string, table: number | 'main') => [
  expect.stringContaining(
    `${percent} % of new connections go by ${device}, which is no uplink: routes of table ${table}`,
  ),
]

test('by the uplinks', () => {
  expect(ours.length).toBeGreaterThan(0)
  expect(seen([])).toEqual({ shares: [0.5, 0.5], told: [] })
  // Nobody's in particular.
  expect(seen([by('tun0', '10.0.0.0/8'), by('tun0', '203.0.113.5')])).toEqual({ shares: [0.5, 0.5], told: [] })
})

test.each([
  ['a better default in main', [by('tun0', 'default', { metric: 5 })], [], 100, 'main'],
  ['both halves', [by('tun0', '0.0.0.0/1'), by('tun0', '128.0.0.0/1')], [], 100, 'main'],
  ['one half', [by('tun0', '128.0.0.0/1')], [], 50, 'main'],
  [
    'a table of its own',
    [by('tun0', 'default', { table: 51820 })],
    [
      { family: 'inet', priority: 19998, protocol: 3, spec: 'lookup 254 suppress_prefixlength 0' },
      { family: 'inet', priority: 19999, protocol: 3, spec: 'not fwmark 0xca6c/0xffffffff lookup 51820' },
    ],
    100,
    51820,
  ],
] as const)('by a tunnel with %s', (_, routes, rules, percent, table) => {
  const rest = (100 - percent) / 200
  expect(seen(routes, rules)).toEqual({ shares: [rest, rest], told: says(percent, 'tun0', table) })
})

test('by a rule for someone in particular: no', () => {
  const rules = [
    { family: 'inet', priority: 19998, protocol: 3, spec: 'from 192.168.77.0/24 lookup 51820' },
    { family: 'inet', priority: 19999, protocol: 3, spec: 'lookup 51820 dst 203.0.113.0' },
  ] as const
  expect(seen([by('tun0', 'default', { table: 51820 })], rules)).toEqual({ shares: [0.5, 0.5], told: [] })
})

test('by one of the uplinks with both halves in its lease', () => {
  const halves = ['0.0.0.0/1', '128.0.0.0/1'].map((half) => by('wan2', half, { protocol: 16 }))
  const { shares, told } = seen(halves)
  expect(shares).toEqual([0, 1])
  expect(told).toEqual([expect.stringContaining('100 % of new connections go by wan2, whether it works or not')])
})

test('a route to one host by an uplink behind which nothing answers', () => {
  const world = { ...bare, health: { wan2: { inet: healthOf('offline') } } }
  const told = (observed: Observed) =>
    decide(config, observed).warnings.flatMap(({ kind, reason }) => (kind === 'dead-end' ? [reason] : []))
  const endpoint = routeOf('203.0.113.5', [hopOf('wan2', '10.2.0.1')])
  expect(told({ ...world, routes: [...bare.routes, endpoint] })).toEqual([
    'IPv4 route 203.0.113.5 in main leads by wan2, where nothing answers: what needs it (a tunnel?) waits',
  ])
  // A lease's own, and one whose line is alive.
  expect(told({ ...world, routes: [...bare.routes, { ...endpoint, protocol: 16 }] })).toEqual([])
  expect(told({ ...bare, routes: [...bare.routes, endpoint] })).toEqual([])
})
