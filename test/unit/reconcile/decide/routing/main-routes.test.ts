/** When packets of connections that are on an uplink have to ask table `main` first. */
import { expect, test } from 'vitest'
import { slicePath } from '../../../../../src/kernel/cgroup/slices.ts'
import type { Route } from '../../../../../src/model/kernel.ts'
import type { Observed } from '../../../../../src/model/observed.ts'
import { decide } from '../../../../../src/reconcile/decide/decide.ts'
import { configOf } from '../../../../config-of.ts'
import { hopOf, routeOf, worldOf } from '../../../builders.ts'

const world = worldOf('two-dhcp-uplinks')

function asks(text: string, change: Partial<Observed>): boolean {
  const { rules } = decide(configOf(text), { ...world, ...change })
  return rules.some(({ priority }) => priority === 20001)
}

function withRoute(route: Partial<Route>): Partial<Observed> {
  return { routes: [...world.routes, routeOf('10.99.0.0/16', [hopOf('lan0')], route)] }
}

test.each<[string, boolean, string, Partial<Observed>]>([
  ['nothing but uplinks and a LAN', false, '', withRoute({ protocol: 2 })],
  ['a LAN with the addresses of an uplink', true, '', withRoute({ protocol: 2, destination: '10.1.0.0/16' })],
  ['a route into a tunnel', true, '', withRoute({})],
  ['routes that are hidden, as there are too many', true, '', { hiddenRoutes: ['inet'] }],
  ['a route that refuses', true, '', withRoute({ type: 'unreachable', nexthops: [] })],
  ['what ifbalance exec runs', true, '', { slices: { [slicePath('wan1')]: 7 } }],
  [
    'flows past the rules, whose answers are routed with the mark',
    true,
    '[balance]\noffload = yes\n',
    { flowtables: true },
  ],
])('%s: %s', (_, expected, config, change) => expect(asks(config, change)).toBe(expected))

const byWan2 = hopOf('wan2', '10.2.0.1')
const tunnel = withRoute({ destination: '172.30.0.0/16' }).routes?.at(-1) as Route

test.each<[string, readonly string[], Partial<Route>, readonly Route[]]>([
  ['but not of what it leads to by an uplink', ['203.0.113.0/24'], {}, [tunnel]],
  ['also of that where a part of it is by another device', [], {}, [{ ...tunnel, destination: '203.0.113.128/25' }]],
  ['not at all where all of it is by uplinks', [], {}, []],
  ['also of the subnet of an address', [], { protocol: 2, nexthops: [hopOf('wan2')] }, [tunnel]],
])('main is asked first, %s', (_, expected, change, others) => {
  const { routes = [] } = withRoute({ destination: '203.0.113.0/24', nexthops: [byWan2], ...change })
  const { rules } = decide(configOf(''), { ...world, routes: [...routes, ...others] })
  const jumps = rules.filter(({ priority, spec }) => priority === 20000 && spec.startsWith('to '))
  const spec = (to: string) => `to ${to} fwmark 0x40000000/0x40000000 goto 20002`
  expect(jumps.map((rule) => rule.spec)).toEqual(expected.map(spec))
})

test('the jump lands, whichever uplinks there are', () => {
  const { routes = [] } = withRoute({ destination: '203.0.113.0/24', nexthops: [byWan2] })
  const state = { ...world.state, uplinks: { wan2: { number: 2, interface: 'wan2', families: ['inet'] as const } } }
  const links = world.links.filter(({ name }) => name !== 'wan1')
  const isWan1 = ({ nexthops }: Route) => nexthops.some(({ device }) => device === 'wan1')
  const left = [...routes, tunnel].filter((route) => !isWan1(route))
  const { rules } = decide(configOf(''), { ...world, state, links, routes: left })
  expect(rules.filter(({ priority }) => priority === 20002).map(({ spec }) => spec)).toEqual(['nop'])
})

const pinned = 'fwmark 0x40000000/0x40000000'

test.each<[string, readonly string[]]>([
  ['from 192.168.77.11 lookup 101', [`from 192.168.77.11 ${pinned} goto 20002`]],
  ['from 192.168.77.0/24 iif lan0 lookup 101', [`from 192.168.77.0/24 ${pinned} iif lan0 goto 20002`]],
  ['iif lan0 lookup 101', [`${pinned} iif lan0 goto 20002`]],
  ['from 192.168.77.11 lookup 254', []],
  ['fwmark 0x5/0xff lookup 101', []],
  ['not from 192.168.77.11 lookup 101', []],
  ['lookup 101', []],
  ['from 192.168.77.11 goto 32766', []],
])("what another's rule behind ours has chosen stays on its uplink: %s", (spec, expected) => {
  const { routes = [] } = withRoute({ destination: '172.30.0.0/16' })
  const late = { family: 'inet', priority: 32000, protocol: 3, spec } as const
  const { rules } = decide(configOf(''), { ...world, routes, rules: [...world.rules, late] })
  const jumps = rules.filter((rule) => rule.priority === 20000 && rule.spec.endsWith(' goto 20002'))
  expect(jumps.map((rule) => rule.spec)).toEqual(expected)
})
