import { expect, test } from 'vitest'
import { withoutIntervalSets } from '../../../../../src/reconcile/decide/ruleset/interval-sets.ts'

const play = (rule: string) => {
  const { chains, sets } = withoutIntervalSets({ chains: [{ name: 'nat_1', hook: null, rules: [rule] }] })
  return { rules: chains[0]?.rules, sets }
}

test.each([
  [
    'ip saddr { 10.0.0.0/8, 192.168.0.0/16 } masquerade',
    ['ip saddr 10.0.0.0/8 masquerade', 'ip saddr 192.168.0.0/16 masquerade'],
  ],
  [
    'ip saddr { 10.0.0.0/8, 192.0.2.1, 192.0.2.9-192.0.2.11 } accept',
    ['ip saddr { 192.0.2.1 } accept', 'ip saddr 10.0.0.0/8 accept', 'ip saddr 192.0.2.9-192.0.2.11 accept'],
  ],
  ['tcp dport { 0x50, 0x1-0x5 } accept', ['tcp dport 0x50 accept', 'tcp dport 0x1-0x5 accept']],
  [
    'ip saddr != { 10.0.0.0/8, 192.0.2.1, 192.0.2.2 } udp dport { 0x1-0x5, 0x9-0xa } accept',
    ['0x1-0x5', '0x9-0xa'].map(
      (ports) => `ip saddr != { 192.0.2.1, 192.0.2.2 } ip saddr != 10.0.0.0/8 udp dport ${ports} accept`,
    ),
  ],
  [
    'ct direction reply ct original ip6 daddr vmap { 2001:db8::1 : jump in_1, 2001:db8:1::/64 : jump in_2 }',
    [
      'ct direction reply ct original ip6 daddr vmap { 2001:db8::1 : jump in_1 }',
      'ct direction reply ct original ip6 daddr 2001:db8:1::/64 jump in_2',
    ],
  ],
])('%s', (rule, rules) => expect(play(rule)).toEqual({ rules, sets: [] }))

test.each([
  'ip saddr { 10.0.0.1, 10.0.0.2 } accept',
  'iif vmap { 3 : goto in_1, 5 : goto in_2 }',
  'ip saddr 10.0.0.0/8 accept',
  'update @newcomers_ip { ip saddr limit rate over 50/second burst 500 packets } accept',
  'meta mark set socket cgroupv2 level 2 map { "a.slice/b-c.slice" : 0x1 }',
])('%s stays', (rule) => expect(play(rule)).toEqual({ rules: [rule], sets: [] }))

test('many intervals become a set with a name', () => {
  const networks = Array.from({ length: 5 }, (_, i) => `10.${2 * i}.0.0/16`)
  const { rules, sets = [] } = play(
    `ip saddr { ${networks.join(', ')}, 10.1.0.1 } ip daddr != { ${networks.join(', ')} } accept`,
  )
  const [from, to] = sets.map(({ name }) => name)
  expect(rules).toEqual([`ip saddr @${from} ip daddr != @${to} accept`])
  expect(sets).toMatchObject(
    [[...networks, '10.1.0.1'], networks].map((elements) => ({
      kind: 'set',
      definition: 'type ipv4_addr; flags interval; auto-merge',
      elements,
    })),
  )
})

test('a map of many intervals stays, to get its name', () => {
  const elements = Array.from({ length: 5 }, (_, i) => `10.${2 * i}.0.0/16 : goto nat_1`)
  const rule = `ct reply ip daddr vmap { ${elements.join(', ')} }`
  expect(play(rule)).toEqual({ rules: [rule], sets: [] })
})
