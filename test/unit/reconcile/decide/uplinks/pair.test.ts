/** Uplinks of one of two routers. */
import { expect, test } from 'vitest'
import { parseConfig } from '../../../../../src/config/parse.ts'
import { egressesOf } from '../../../../../src/lines/probes/egresses.ts'
import type { Link } from '../../../../../src/model/kernel.ts'
import type { Observed } from '../../../../../src/model/observed.ts'
import { countUsable, pairOf, roleOf } from '../../../../../src/model/pair.ts'
import { decide } from '../../../../../src/reconcile/decide/decide.ts'
import { configOf } from '../../../../config-of.ts'
import { healthOf, linkOf, worldOf } from '../../../builders.ts'

const world = worldOf('two-dhcp-uplinks')
const ha = '[ha]\naddress = 172.20.0.1\n'
const numbered = `${ha}[uplink wan1]\nnumber = 1\ngateway = 10.1.0.1\n[uplink wan2]\nnumber = 2\n`
const shared = {
  family: 'inet',
  address: '172.20.0.1',
  prefixLength: 24,
  peer: null,
  global: true,
  usable: true,
} as const
const lan = linkOf('lan0', { index: 40, addresses: [shared] })
/** The world while the peer has wan1's address. */
const without = {
  ...world,
  links: world.links.map((link) => (link.name === 'wan1' ? { ...link, addresses: [] } : link)),
}

test('who has the shared address is active', () => {
  expect(roleOf(configOf(''), { links: [lan] })).toBeNull()
  expect(roleOf(configOf(ha), { links: [lan] })).toBe('active')
  expect(roleOf(configOf(ha), { links: world.links })).toBe('standby')
})

test('why it is what it is, as far as one router can see', () => {
  const { uplinks } = decide(configOf(numbered), world)
  const own = { ...shared, address: '172.20.0.2' }
  const at = (link: Link, told: number | null = 2) => pairOf(configOf(ha), { links: [link] }, uplinks, told)
  const standby = (why: string, usable: number | null = 2) => ({ role: 'standby', why, usable })
  expect(pairOf(configOf(''), { links: [lan] }, uplinks, null)).toBeNull()
  expect(at(lan)).toEqual({ role: 'active', why: '172.20.0.1 is on lan0', usable: 2 })
  expect(at({ ...lan, addresses: [own] })).toEqual(standby('172.20.0.1 is not here'))
  expect(at({ ...lan, addresses: [own] }, null)).toEqual(standby('172.20.0.1 is not here', null))
  expect(at({ ...lan, addresses: [own] }, 0)).toEqual(standby("its peer's connections may not be here yet", 0))
  expect(at({ ...lan, addresses: [own], carrier: false })).toEqual(standby('lan0 has no link'))
})

test('what is translated gets the address of now, and the source where one is said', () => {
  const of = (text: string) => decide(configOf(text), world).uplinks.map(({ translateTo }) => translateTo)
  expect(of('')).toEqual([undefined, undefined])
  expect(of(numbered)).toEqual([{ inet: '10.1.0.2' }, { inet: '10.2.0.2' }])
  expect(of(`${numbered}source = 10.2.0.9\n`)).toEqual([{ inet: '10.1.0.2' }, { inet: '10.2.0.9' }])
})

test('an uplink whose only address is with the peer is ready and carries nothing', () => {
  const { uplinks, routes, rules } = decide(configOf(numbered), without)
  expect(uplinks.map(({ state }) => state)).toEqual(['standby', 'online'])
  expect(routes.filter(({ table, destination }) => table === 30001 && destination === 'default')).toMatchObject([
    { destination: 'default', nexthops: [{ device: 'wan1', gateway: '10.1.0.1', onlink: true }] },
    { type: 'unreachable' },
  ])
  expect(routes.find(({ table, destination }) => table === 30098 && destination === 'default')).toMatchObject({
    nexthops: [{ device: 'wan2' }],
  })
  expect(rules.filter(({ spec }) => spec === 'oif wan1 lookup 30001')).toHaveLength(1)
  expect(egressesOf(uplinks).map(({ uplink }) => uplink)).toEqual(['wan2'])
  const active = { ...without, links: [...without.links, lan] }
  expect(decide(configOf(numbered), active).uplinks.map(({ state }) => state)).toEqual(['unconfigured', 'online'])
  expect(decide(configOf(numbered.replace(ha, '')), without).uplinks[0]).toMatchObject({ state: 'unconfigured' })
})

test('packets that come with the address, before a default route does, pass the reverse path filter', () => {
  const filters = (text: string, observed: Observed) => {
    const { sysctls } = decide(configOf(text), observed)
    return ['wan1', 'wan2'].map((device) => sysctls[`net/ipv4/conf/${device}/rp_filter`])
  }
  expect(filters(numbered, without)).toEqual(['0', '2'])
  expect(filters(numbered, world)).toEqual(['0', '2'])
  expect(filters(numbered.replace(ha, ''), world)).toEqual(['2', '2'])
})

test('usable is what would carry; one without an address counts as it was when it had one', () => {
  const config = configOf(numbered)
  const round = (observed: Observed, state = observed.state) => {
    const { uplinks, state: after } = decide(config, { ...observed, state })
    return { usable: countUsable(uplinks), after }
  }
  expect(round(world).usable).toBe(2)
  expect(round(without).usable).toBe(2)
  const dead = round({ ...world, health: { wan1: { inet: healthOf('offline') } } })
  expect(dead.usable).toBe(1)
  const gone = round(without, dead.after)
  expect(gone.usable).toBe(1)
  expect(round(without, gone.after).usable).toBe(1)
  const back = round(world, gone.after)
  expect([back.usable, round(without, back.after).usable]).toEqual([2, 2])
})

test('numbers that nobody has fixed are told, of a pair alone', () => {
  const told = (text: string) =>
    decide(configOf(text), world).warnings.flatMap(({ kind, uplink }) => (kind === 'no-fixed-number' ? [uplink] : []))
  expect(told('')).toEqual([])
  expect(told(ha)).toEqual(['wan1', 'wan2'])
  expect(told(numbered)).toEqual([])
})

test('[ha] without an address is an error, and what is understood is a standby', () => {
  const loaded = parseConfig([{ path: '1.conf', text: '[ha]\nhold = 5\n' }])
  expect(loaded).toMatchObject({
    errors: ["1.conf:1: [ha]: expected address = ..., the LAN's address that both routers share"],
    understood: { ha: { address: null, holdSeconds: 5, readySeconds: 10 } },
  })
  if (!loaded.ok) expect(roleOf(loaded.understood, { links: [lan] })).toBe('standby')
})

test('what the peer has not told of is dropped as a standby, and for `hold` seconds after that', () => {
  const config = configOf(numbered)
  const at = (uptime: number, links: readonly Link[], state: Observed['state']) => {
    const desired = decide(config, { ...world, links: [...world.links, ...links], state, uptime })
    const guard = desired.ruleset?.chains.filter(({ name }) => name.startsWith('guard')).map(({ name }) => name)
    return { guard, state: desired.state }
  }
  const guarded = ['guard_forward', 'guard_input']
  const standby = at(100, [], world.state)
  expect(standby.guard).toEqual(guarded)
  const active = at(110, [lan], standby.state)
  expect([active.guard, active.state.activeSince]).toEqual([guarded, 110])
  expect(at(113, [lan], active.state).guard).toEqual(guarded)
  const later = at(114, [lan], active.state)
  expect([later.guard, later.state.activeSince]).toEqual([[], 110])
  expect(at(200, [], later.state).state.activeSince).toBeUndefined()
  // An earlier version did not say since when.
  expect(at(200, [lan], { ...world.state, role: 'active' }).guard).toEqual([])
  expect(decide(configOf(''), world).ruleset?.chains.some(({ name }) => name.startsWith('guard'))).toBe(false)
})
