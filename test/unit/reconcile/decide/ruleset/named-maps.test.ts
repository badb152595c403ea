import { expect, test } from 'vitest'
import type { Ruleset } from '../../../../../src/model/kernel.ts'
import { withNamedMaps } from '../../../../../src/reconcile/decide/ruleset/named-maps.ts'

const rulesetOf = (...rules: readonly string[]): Ruleset => ({ chains: [{ name: 'prerouting', hook: null, rules }] })

test.each([
  ['iif vmap { 3 : goto in_1, 5 : goto in_2 }', 'type iface_index : verdict; size 2'],
  ['iif { 3, 5 } fib saddr oif { 3, 5 } iif vmap { 3 : goto to_1 }', 'type iface_index : verdict; size 1'],
  ['ct mark & 0xc0000000 vmap { 0 : jump unmarked, 0x80000000 : goto came_in }', 'type mark : verdict; size 2'],
  ['ct state new meta nfproto vmap { ipv4 : goto a, ipv6 : goto b }', 'type nf_proto : verdict; size 2'],
  ['ct direction reply ct original ip daddr vmap { 10.1.0.2 : jump in_1 }', 'type ipv4_addr : verdict; size 1'],
  ['ct reply ip6 daddr vmap { 2001:db8::/64 : goto leaves }', 'type ipv6_addr : verdict; flags interval'],
])('%s', (rule, definition) => {
  const { chains, sets = [] } = withNamedMaps(rulesetOf(rule, rule))
  const [map] = sets
  const elements = / vmap \{ (.*) \}$/.exec(rule)?.[1]?.split(', ')
  expect(sets).toEqual([{ kind: 'map', name: map?.name, definition, elements }])
  const named = rule.replace(/ vmap .*/, ` vmap @${map?.name}`)
  expect(chains).toEqual([{ name: 'prerouting', hook: null, rules: [named, named] }])
})

test('what has no map, or one with a name, stays as it is', () => {
  const ruleset = rulesetOf('iif { 3, 5 } accept', 'ip saddr vmap @map_1', 'udp length vmap { 80 : accept }')
  expect(withNamedMaps(ruleset)).toEqual(ruleset)
})

test('another element is another map', () => {
  const nameOf = (rule: string) => withNamedMaps(rulesetOf(rule)).sets?.[0]?.name
  expect(nameOf('iif vmap { 3 : goto in_1 }')).not.toBe(nameOf('iif vmap { 3 : goto in_2 }'))
})
