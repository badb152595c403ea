/** Public networks behind this host that one provider routes here: others would drop what comes from them. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Route } from '../../../../src/model/kernel.ts'
import type { Observed } from '../../../../src/model/observed.ts'
import type { Family } from '../../../../src/net/family.ts'
import { decide } from '../../../../src/reconcile/decide/decide.ts'
import { maxRoutedNetworks } from '../../../../src/reconcile/decide/steering/routed-networks.ts'
import { configOf } from '../../../config-of.ts'

const world: Observed = JSON.parse(
  readFileSync(new URL('../../../cases/ipv6-two-providers/observed.json', import.meta.url), 'utf8'),
)

const route = (destination: string, device: string, gateway: string | null = null): Route => ({
  family: destination.includes(':') ? 'inet6' : 'inet',
  ...{ type: 'unicast', destination, table: 254, protocol: 2, metric: 0 },
  nexthops: [{ device, gateway, weight: 1, onlink: false }],
})

/** What is left to main, in the order in which the kernel asks. */
function left(family: Family, routes: readonly Route[], text = ''): readonly string[] {
  const { rules } = decide(configOf(text), { ...world, routes: [...world.routes, ...routes] })
  const last = rules.filter((rule) => rule.family === family && rule.priority === 32765).map(({ spec }) => spec)
  expect(last.at(-1)).toMatch(/lookup 30098$/)
  return last.filter((spec) => spec.startsWith('from '))
}

test('a public network on a LAN, and one behind a router there, are left to main', () => {
  const routes = [route('198.51.100.0/28', 'lan0'), route('203.0.113.64/26', 'lan0', '192.168.77.9')]
  expect(left('inet', routes)).toEqual(routes.map(({ destination }) => `from ${destination} lookup 254`))
  expect(left('inet6', [route('2001:db8:7::/64', 'lan0')])).toEqual(['from 2001:db8:7::/64 lookup 254'])
})

test.each([
  '10.0.0.0/8',
  '100.64.3.0/24',
  '172.20.0.0/16',
  '192.168.9.0/24',
  '169.254.0.0/16',
  '0.0.0.0/1',
  '128.0.0.0/1',
])('%s is nobody’s on the internet, or all of it', (network) =>
  expect(left('inet', [route(network, 'lan0')])).toEqual([]),
)

test('private networks of IPv6, and what is routed to an uplink, are not', () => {
  expect(left('inet6', [route('fd00:9::/64', 'lan0'), route('2001:db8:9::/64', 'wan1')])).toEqual([])
})

test('what is known to be an uplink’s can be translated, and is balanced', () => {
  const text = '[uplink wan1]\ninterface = wan1\nprefix = 2001:db8:7::/56\n'
  expect(left('inet6', [route('2001:db8:7::/64', 'lan0')], text)).toEqual([])
})

test('of too many, none is', () => {
  const many = Array.from({ length: maxRoutedNetworks + 1 }, (_, index) => route(`198.51.100.${index}/32`, 'lan0'))
  expect(left('inet', many.slice(1))).toHaveLength(maxRoutedNetworks)
  expect(left('inet', many)).toEqual([])
})

test('where rules spread everything, they leave these networks alone', () => {
  const observed = { ...world, routes: [...world.routes, route('198.51.100.0/28', 'lan0')] }
  const { ruleset, rules } = decide(configOf('[balance]\nmode = source\n'), observed)
  const maps = ruleset?.sets?.flatMap(({ elements = [] }) => elements) ?? []
  expect(maps).toContainEqual(expect.stringMatching(/^198\.51\.100\.0-198\.51\.100\.15 : goto use_1_forward_4$/))
  expect(ruleset?.chains.find(({ name }) => name === 'use_1_forward_4')?.rules).toEqual(['goto via_main'])
  expect(rules.map(({ spec }) => spec)).toContain('from 198.51.100.0/28 fwmark 0x0/0xbf000000 lookup 254')
})
