/** What makes an interface an uplink, in which family, and for how long. */
import { expect, test } from 'vitest'
import type { Desired } from '../../../../../src/model/desired.ts'
import type { Address, NamedSet, Route } from '../../../../../src/model/kernel.ts'
import type { Observed } from '../../../../../src/model/observed.ts'
import type { State } from '../../../../../src/model/state.ts'
import type { Uplink } from '../../../../../src/model/uplink.ts'
import type { Family } from '../../../../../src/net/family.ts'
import { decide } from '../../../../../src/reconcile/decide/decide.ts'
import { gatewaylessLines } from '../../../../../src/reconcile/decide/warnings/gatewayless.ts'
import { configOf } from '../../../../config-of.ts'
import { hopOf, linkOf, routeOf, worldOf } from '../../../builders.ts'

const cables = worldOf('two-dhcp-uplinks')

const lan0 = linkOf('lan0')

const sysctls = ['rp_filter', 'ignore_routes_with_linkdown'].map((name) => [`net/ipv4/conf/lan0/${name}`, '0'])

const world: Observed = {
  ...cables,
  links: [...cables.links, lan0],
  sysctls: { ...cables.sysctls, ...Object.fromEntries(sysctls) },
}

const address = (family: Family, text: string, more: Partial<Address> = {}): Address => ({
  ...{ family, address: text, prefixLength: family === 'inet' ? 24 : 64, peer: null, global: true, usable: true },
  ...more,
})

const route = (device: string, protocol: number, gateway = 'fe80::9'): Route =>
  routeOf('default', [hopOf(device, gateway)], { protocol, metric: 1024 })

const advertised = (device: string) => route(device, 9)
const slaac = address('inet6', '2001:db8:9::77', { dynamic: true })

interface Change {
  readonly addresses?: readonly Address[]
  readonly routes?: readonly Route[]
  readonly up?: boolean
  readonly carrier?: boolean
  readonly rest?: Partial<Observed>
}

/** The world with another lan0, after what was remembered of the worlds before. */
function see(
  { addresses = [], routes = [], rest = {}, ...flags }: Change,
  state: State = world.state,
  text = '',
): Desired {
  const links = world.links.map((link) => (link.name === 'lan0' ? { ...link, ...flags, addresses } : link))
  const { ruleset, ...others } = world
  return decide(configOf(text), { ...others, ruleset, links, routes: [...world.routes, ...routes], state, ...rest })
}

function lan(desired: Desired): Uplink | undefined {
  return desired.uplinks.find((uplink) => uplink.interface === 'lan0')
}

/** As long as it is one, whatever its state. */
const isUplink = (desired: Desired) => (lan(desired)?.index ?? null) !== null

const settled = address('inet', '192.168.77.1')
const leased = address('inet', '10.9.0.2', { dynamic: true })
const lease = (gateway: string | null) => ({
  leases: { lan0: { source: 'dhclient', address: '10.9.0.2', gateway: gateway === null ? {} : { inet: gateway } } },
})

test.for<[string, boolean, Change]>([
  ['a LAN on which a router is advertised', false, { addresses: [settled, slaac], routes: [advertised('lan0')] }],
  [
    'the same, where an old kernel calls it its own',
    false,
    { addresses: [settled, slaac], routes: [route('lan0', 2)] },
  ],
  ['a lease without a gateway', false, { addresses: [leased, slaac], routes: [advertised('lan0')], rest: lease(null) }],
  ['a lease that nobody has told of yet', false, { addresses: [leased, slaac], routes: [advertised('lan0')] }],
  [
    'a lease with a gateway',
    true,
    { addresses: [leased, slaac], routes: [advertised('lan0')], rest: lease('10.9.0.1') },
  ],
  ['no IPv4 at all', true, { addresses: [slaac], routes: [advertised('lan0')] }],
  ['a static route of IPv6', true, { addresses: [settled, slaac], routes: [route('lan0', 4)] }],
  [
    'a prefix of its own',
    true,
    { addresses: [settled], routes: [advertised('lan0')], rest: { delegations: { lan0: ['2001:db8:9::/56'] } } },
  ],
  [
    "a LAN without IPv4, in another uplink's prefix",
    false,
    { addresses: [slaac], routes: [advertised('lan0')], rest: { delegations: { wan1: ['2001:db8:9::/56'] } } },
  ],
])('%s: an uplink is %s', ([, expected, change]) => expect(isUplink(see(change))).toBe(expected))

test('what is refused is told once a router is advertised, and not before', () => {
  const warnings = (change: Change) => see(change).warnings.filter(({ kind }) => kind === 'lan')
  expect(warnings({ addresses: [settled] })).toEqual([])
  expect(warnings({ addresses: [settled, slaac], routes: [advertised('lan0')] })).toHaveLength(1)
})

test('an uplink by an advertisement alone is one for as long as that lasts', () => {
  const first = see({ addresses: [slaac], routes: [advertised('lan0')] })
  expect(lan(first)).toMatchObject({ state: 'online', inet: null })
  const unplugged = see({ addresses: [slaac], carrier: false }, first.state)
  expect(lan(unplugged)?.state).toBe('down')
  const expired = see({ addresses: [slaac] }, unplugged.state)
  expect(isUplink(expired)).toBe(false)
  const again = see({ addresses: [slaac], routes: [advertised('lan0')] }, expired.state)
  expect(lan(again)?.number).toBe(lan(first)?.number)
})

test('an uplink by an advertisement ends when it turns out to be a LAN', () => {
  const early = see({ addresses: [slaac], routes: [advertised('lan0')] })
  expect(isUplink(early)).toBe(true)
  expect(isUplink(see({ addresses: [settled, slaac], routes: [advertised('lan0')] }, early.state))).toBe(false)
  // The address of a lease comes before the hook.
  expect(isUplink(see({ addresses: [leased, slaac], routes: [advertised('lan0')] }, early.state))).toBe(true)
})

test('what earlier versions adopted wrongly is let go', () => {
  const state = { ...world.state, uplinks: { lan0: { number: 3, interface: 'lan0' } } }
  expect(isUplink(see({ addresses: [settled] }, state))).toBe(false)
})

test('an uplink that lost its lease stays one in IPv4, and becomes none in IPv6', () => {
  const before = see({ addresses: [leased, slaac], routes: [advertised('lan0')], rest: lease('10.9.0.1') })
  const after = see({}, before.state)
  expect(lan(after)).toMatchObject({ state: 'unconfigured', awayIn: ['inet'] })
  expect(lines(after)).toEqual({ mark: ['ipv4'], oif: ['inet'], sysctls: ['ignore_routes_with_linkdown', 'rp_filter'] })
})

/** In which families lan0 is treated as an uplink. */
function lines({ ruleset, rules, sysctls, ...rest }: Desired) {
  const { index, number } = lan({ ruleset, rules, sysctls, ...rest }) ?? {}
  const chains = ruleset?.chains.filter(({ name }) => ['prerouting', 'pin', 'postrouting'].includes(name)) ?? []
  const leadsOn = ({ elements = [] }: NamedSet) => elements.some((text) => text.startsWith(`${index} : goto `))
  const maps = (ruleset?.sets ?? []).filter(leadsOn).map(({ name }) => name)
  const all = chains.flatMap((chain) => chain.rules).filter((line) => maps.some((name) => line.endsWith(`@${name}`)))
  const of = (line: string) => /meta nfproto (ipv[46])/.exec(line)?.[1] ?? 'both'
  const oif = rules.filter(({ spec }) => spec === `oif lan0 lookup ${30000 + (number ?? 0)}`)
  return {
    mark: [...new Set(all.map(of))],
    oif: oif.map(({ family }) => family),
    sysctls: Object.keys(sysctls)
      .filter((name) => name.startsWith('net/ipv4/conf/lan0/'))
      .map((name) => name.split('/').at(-1))
      .sort(),
  }
}

test('an uplink in IPv6 alone is a device like any in IPv4, also where the administrator lists it', () => {
  const listed = see({ addresses: [settled, slaac], routes: [advertised('lan0')] }, world.state, '[uplink lan0]\n')
  expect(lines(listed)).toEqual({ mark: ['ipv6'], oif: ['inet6'], sysctls: [] })
})

test("a router's advertisement on a LAN beside that of an uplink does not end balancing", () => {
  const routes = [advertised('lan0'), advertised('wan1')]
  const { rules } = see({
    ...{ addresses: [settled], routes },
    rest: {
      links: world.links.map((link) =>
        link.name === 'wan1' ? { ...link, addresses: [...link.addresses, slaac] } : link,
      ),
    },
  })
  expect(rules.filter(({ family, spec }) => family === 'inet6' && spec === 'lookup 30098')).toHaveLength(1)
})

/** What a burst of advertisements leaves on wan1: with each prefix an address and a subnet. */
function flooded(count: number, state: State, rules: Observed['rules'] = world.rules): Desired {
  const numbers = Array.from({ length: count }, (_, index) => index)
  const own = address('inet6', '2001:db8:ffff::2')
  // As the kernel lists them: the latest first.
  const made = numbers.map((i) => address('inet6', `2001:db8:${i.toString(16)}::2`, { dynamic: true })).toReversed()
  const subnets = [...numbers.map((i) => i.toString(16)), 'ffff'].map((i) =>
    routeOf(`2001:db8:${i}::/64`, [hopOf('wan1')], { protocol: 2, metric: 256 }),
  )
  const links = world.links.map((link) =>
    link.name === 'wan1' ? { ...link, addresses: [...link.addresses, ...made, own] } : link,
  )
  return see({ routes: [advertised('wan1'), ...subnets], rest: { links, rules } }, state)
}

test('what neighbours can send is bounded: addresses, subnets, lines', () => {
  const { uplinks, rules, routes, warnings } = flooded(3000, world.state)
  const wan1 = uplinks.find(({ name }) => name === 'wan1')
  expect(wan1?.inet6?.addresses).toHaveLength(16)
  expect(wan1?.inet6?.addresses).toContain('2001:db8:ffff::2')
  expect(rules.length).toBeLessThan(64)
  const subnets = routes.filter(({ family, table }) => family === 'inet6' && table === 30001)
  expect(subnets.length).toBeLessThan(20)
  expect(subnets.map(({ destination }) => destination)).toContain('2001:db8:ffff::/64')
  const tooMany = warnings.filter(({ kind }) => kind === 'many-addresses')
  expect(tooMany).toMatchObject([{ uplink: 'wan1', family: 'inet6' }])
})

test('addresses that come later push out none', () => {
  const first = flooded(14, world.state)
  const later = flooded(3000, first.state, [...world.rules, ...first.rules])
  const of = ({ uplinks }: Desired) => uplinks.find(({ name }) => name === 'wan1')?.inet6?.addresses ?? []
  expect(of(later)).toEqual(expect.arrayContaining([...of(first)]))
  expect(flooded(2000, later.state, later.rules).rules).toEqual(later.rules)
})

test('an interface with an address and no gateway is told by check, and in status where it has that of an uplink', () => {
  const of = (text: string, more: Partial<Observed> = {}, config = '') => {
    const links = world.links.map((link) =>
      link.name === 'lan0' ? { ...link, addresses: [address('inet', text)] } : link,
    )
    const observed = { ...world, links, ...more }
    const { uplinks, warnings } = decide(configOf(config), observed)
    const lines = gatewaylessLines(configOf(config), uplinks, observed)
    const status = warnings.map(({ reason }) => reason).filter((line) => line.includes('lan0'))
    return { check: lines.map((line) => line.split(' ')[0]), status }
  }
  expect(of('192.168.77.1')).toEqual({ check: ['lan0'], status: [] })
  expect(of('10.1.0.2').status).toEqual([
    expect.stringMatching(/^lan0 has the address of uplink wan1 .* gateway = 10\.1\.0\.1,/),
  ])
  expect(of('10.1.0.2', {}, '[uplink lan0]\nenabled = no\n')).toEqual({ check: [], status: [] })
  expect(of('10.1.0.2', { stanzas: { lan0: { balance: false } } })).toEqual({ check: [], status: [] })
})

test('a port of a VRF that has a way out is left out, listed or not, and told; one without is nothing to tell of', () => {
  const inVrf = (routes: readonly Route[], config = '') => {
    const port = linkOf('lan0', { index: 70, master: 71, addresses: [address('inet', '10.9.0.2')] })
    const links = [...cables.links, port, linkOf('blue', { index: 71, kind: 'vrf' })]
    const observed = { ...world, links, routes: [...world.routes, ...routes] }
    const { uplinks, warnings } = decide(configOf(config), observed)
    const isUplink = uplinks.some(({ interface: device, index }) => device === 'lan0' && index !== null)
    return { isUplink, told: warnings.filter(({ kind }) => kind === 'vrf').map(({ reason }) => reason) }
  }
  const wayOut = routeOf('default', [hopOf('lan0', '10.9.0.1')], { table: 10 })
  const told = ['interface lan0: left out, what comes in by it belongs to VRF blue alone']
  expect(inVrf([wayOut])).toEqual({ isUplink: false, told })
  expect(inVrf([], '[uplink lan0]\n')).toEqual({ isUplink: false, told })
  expect(inVrf([])).toEqual({ isUplink: false, told: [] })
  expect(inVrf([wayOut], '[balance]\nadopt = listed\n')).toEqual({ isUplink: false, told: [] })
})
