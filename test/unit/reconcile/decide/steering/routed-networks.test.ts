/** Public networks behind this host that one provider routes here: others would drop what comes from them. */
import { expect, test } from 'vitest'
import type { Route } from '../../../../../src/model/kernel.ts'
import type { Family } from '../../../../../src/net/family.ts'
import { decide } from '../../../../../src/reconcile/decide/decide.ts'
import { maxRoutedNetworks } from '../../../../../src/reconcile/decide/steering/routed-networks.ts'
import { configOf } from '../../../../config-of.ts'
import { hopOf, routeOf, worldOf } from '../../../builders.ts'

const world = worldOf('ipv6-two-providers')

const route = (destination: string, device: string, gateway: string | null = null): Route =>
  routeOf(destination, [hopOf(device, gateway)], { protocol: 2 })

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

/** What is said of them. */
const told = (routes: readonly Route[], text = '') =>
  decide(configOf(text), { ...world, routes: [...world.routes, ...routes] }).warnings.flatMap(({ kind, reason }) =>
    kind === 'many-networks' ? [reason] : [],
  )

test('of more than there are rules for, all are, by prefixes that cover them', () => {
  const many = Array.from({ length: maxRoutedNetworks + 1 }, (_, index) => route(`198.51.100.${index}`, 'lan0'))
  expect(left('inet', many.slice(1))).toHaveLength(maxRoutedNetworks)
  expect(told(many.slice(1))).toEqual([])
  // The two that are closest, and no more.
  const covered = left('inet', many)
  expect(covered).toHaveLength(maxRoutedNetworks)
  expect(covered).toContain('from 198.51.100.0/31 lookup 254')
  expect(covered).toContain('from 198.51.100.16 lookup 254')
  expect(told(many)).toEqual([
    'IPv4: of 17 public networks behind this host, all are left to main, by 16 prefixes that cover them',
  ])
})

test('what lies within another is counted once', () => {
  const many = Array.from({ length: 30 }, (_, index) => route(`198.51.100.${index * 8}/29`, 'lan0'))
  const all = [route('203.0.113.0/24', 'lan0'), route('198.51.100.0/24', 'lan0', '192.168.77.9'), ...many]
  expect(left('inet', all).toSorted()).toEqual(['from 198.51.100.0/24 lookup 254', 'from 203.0.113.0/24 lookup 254'])
})

test('many of them, all over the internet, in a moment', () => {
  const many = Array.from({ length: 1000 }, (_, i) =>
    route(`${11 + (i % 80)}.${(i * 37) % 256}.${(i * 11) % 256}.0/24`, 'lan0'),
  )
  const covered = left('inet', many)
  expect(covered.length).toBeLessThanOrEqual(maxRoutedNetworks)
  expect(told(many)[0]).toMatch(/all are left to main/)
  expect(left('inet', many.slice(0, 700)).length).toBeGreaterThan(0)
})

test('no cover takes what is private, or an uplink’s', () => {
  const text = '[uplink wan1]\ninterface = wan1\nprefix = 2001:db8:8:80::/57\n'
  const around = Array.from({ length: 17 }, (_, i) => route(`2001:db8:8:${(i * 2).toString(16)}::/64`, 'lan0'))
  const far = Array.from({ length: 17 }, (_, i) => route(`2001:db8:8:${(0x100 + i * 2).toString(16)}::/64`, 'lan0'))
  for (const spec of left('inet6', [...around, ...far], text))
    expect(spec).toMatch(/^from 2001:db8:8:(?:[0-9a-f]{1,3}:)?:\/(?:5[89]|6[0-4]) lookup 254$/)
  expect(told([...around, ...far], text)[0]).toMatch(/all are left to main/)
})

test('where they and uplinks’ addresses take turns, some are balanced, and it is said', () => {
  const addresses = Array.from({ length: 30 }, (_, i) => `198.51.100.${2 * i + 1}`)
  const links = world.links.map((link) => {
    const index = ['wan1', 'wan2'].indexOf(link.name)
    const [first] = link.addresses.filter(({ family }) => family === 'inet')
    if (index < 0 || !first) return link
    const more = addresses.filter((_, i) => i % 2 === index).map((address) => ({ ...first, address }))
    return { ...link, addresses: [...link.addresses, ...more] }
  })
  const networks = addresses.map((_, i) => route(`198.51.100.${2 * i}`, 'lan0'))
  const { rules, warnings } = decide(configOf(''), { ...world, links, routes: [...world.routes, ...networks] })
  expect(rules.filter(({ priority, spec }) => priority === 32765 && spec.startsWith('from '))).toHaveLength(16)
  expect(warnings.find(({ kind }) => kind === 'many-networks')?.reason).toMatch(/^IPv4: of 30 .* \d+ are balanced, and/)
})

test('where rules spread everything, they leave these networks alone', () => {
  const observed = { ...world, routes: [...world.routes, route('198.51.100.0/28', 'lan0')] }
  const { ruleset, rules } = decide(configOf('[balance]\nmode = source\n'), observed)
  const maps = ruleset?.sets?.flatMap(({ elements = [] }) => elements) ?? []
  expect(maps).toContainEqual(expect.stringMatching(/^198\.51\.100\.0-198\.51\.100\.15 : goto use_1_forward_4$/))
  expect(ruleset?.chains.find(({ name }) => name === 'use_1_forward_4')?.rules).toEqual(['goto via_main'])
  expect(rules.map(({ spec }) => spec)).toContain('from 198.51.100.0/28 fwmark 0x0/0xbf000000 lookup 254')
})
