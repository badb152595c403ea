/** When packets of connections that are on an uplink have to ask table `main` first. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { slicePath } from '../../../../src/kernel/cgroup/slices.ts'
import type { Route } from '../../../../src/model/kernel.ts'
import type { Observed } from '../../../../src/model/observed.ts'
import { decide } from '../../../../src/reconcile/decide/decide.ts'
import { configOf } from '../../../config-of.ts'

const world: Observed = JSON.parse(
  readFileSync(new URL('../../../cases/two-dhcp-uplinks/observed.json', import.meta.url), 'utf8'),
)

function asks(text: string, change: Partial<Observed>): boolean {
  const { rules } = decide(configOf(text), { ...world, ...change })
  return rules.some(({ priority }) => priority === 20001)
}

function withRoute(route: Partial<Route>): Partial<Observed> {
  const base = { family: 'inet', type: 'unicast', table: 254, protocol: 3, metric: 0 } as const
  const hops = [{ device: 'lan0', gateway: null, weight: 1, onlink: false }]
  return { routes: [...world.routes, { ...base, destination: '10.99.0.0/16', nexthops: hops, ...route }] }
}

test.each<[string, boolean, string, Partial<Observed>]>([
  ['nothing but uplinks and a LAN', false, '', withRoute({ protocol: 2 })],
  ['a LAN with the addresses of an uplink', true, '', withRoute({ protocol: 2, destination: '10.1.0.0/16' })],
  ['a route into a tunnel', true, '', withRoute({})],
  ['a route that refuses', true, '', withRoute({ type: 'unreachable', nexthops: [] })],
  ['what ifbalance exec runs', true, '', { slices: { [slicePath('wan1')]: 7 } }],
  [
    'flows past the rules, whose answers are routed with the mark',
    true,
    '[balance]\noffload = yes\n',
    { flowtables: true },
  ],
])('%s: %s', (_, expected, config, change) => expect(asks(config, change)).toBe(expected))
