/** What others' rules leave alone on an uplink. */
import { expect, test } from 'vitest'
import type { DeviceTest, ForeignNat } from '../../../../../src/model/facts.ts'
import { foreignNatWarnings, leftAlone } from '../../../../../src/reconcile/decide/translation/foreign-nat.ts'
import { linkOf, observedOf } from '../../../builders.ts'

const out = (names: readonly string[], not?: true): DeviceTest => ({ direction: 'out', names, ...(not && { not }) })
const by = (name: string, not?: true): DeviceTest => ({ direction: 'in', names: [name], ...(not && { not }) })
const rule = (
  does: ForeignNat['does'],
  devices: readonly DeviceTest[],
  more: Partial<ForeignNat> = {},
): ForeignNat => ({
  ...{ does, where: 'ip nat post', family: 'inet', devices, matches: [], ...more },
})
const observed = (...foreignNat: readonly ForeignNat[]) =>
  observedOf({ foreignNat, links: ['lan0', 'lan1', 'wan1'].map((name, at) => linkOf(name, { index: 3 + at })) })
const on = (device: string, ...rules: readonly ForeignNat[]) => leftAlone(device, observed(...rules))

test.for<[string, ForeignNat, readonly string[], readonly string[]]>([
  ['masquerade on wan1', rule('translates', [out(['wan1'])]), ['meta nfproto ipv4 accept'], []],
  ['on wan*', rule('translates', [out(['wan*'])]), ['meta nfproto ipv4 accept'], ['meta nfproto ipv4 accept']],
  [
    'on all but the LAN',
    rule('translates', [out(['lan0'], true)]),
    ['meta nfproto ipv4 accept'],
    ['meta nfproto ipv4 accept'],
  ],
  ['all but wan1 is left alone: the way to the rest of the chain', rule('accepts', [out(['wan1'], true)]), [], []],
  ['wan1 is left alone', rule('accepts', [out(['wan1'])]), ['meta nfproto ipv4 accept'], []],
  ['everything is left alone: a policy', rule('accepts', []), [], []],
  [
    'what comes in by a LAN',
    rule('accepts', [by('lan*')]),
    ['meta nfproto ipv4 iif { 3, 4 } accept'],
    ['meta nfproto ipv4 iif { 3, 4 } accept'],
  ],
  ['what comes in by a device that is not there', rule('translates', [by('lan9')]), [], []],
  [
    'by marks, on an uplink that it names',
    rule('translates', [out(['wan1'])], { unknown: true }),
    ['meta nfproto ipv4 accept'],
    [],
  ],
  ['by marks, on any uplink', rule('translates', [], { unknown: true }), [], []],
  ['an exemption that cannot be read', rule('accepts', [out(['wan1'])], { unknown: true }), [], []],
  [
    "docker's own ports",
    rule('translates', [], { matches: ['ip saddr { 172.17.0.2 }', 'ip daddr 172.17.0.2'] }),
    [],
    [],
  ],
])('%s', ([, one, wan1, wan2]) => {
  expect(on('wan1', one)).toEqual(wan1)
  expect(on('wan2', one)).toEqual(wan2)
})

test('what is within another exemption is not said again, of two that are alike the first is', () => {
  const subnet = rule('translates', [], { matches: ['ip saddr 172.17.0.0/16'] })
  const port = rule('translates', [], { matches: ['ip saddr 172.17.0.0/16', 'tcp dport 0x19'] })
  expect(on('wan1', port, subnet, subnet)).toEqual(['ip saddr 172.17.0.0/16 accept'])
  expect(on('wan1', subnet, rule('translates', [out(['wan1'])]))).toEqual(['meta nfproto ipv4 accept'])
})

test('no more lines than an uplink can bear', () => {
  const many = Array.from({ length: 1000 }, (_, i) => rule('accepts', [], { matches: [`ip daddr 198.51.100.${i}`] }))
  expect(on('wan1', ...many)).toHaveLength(256)
})

test('what cannot be read is told of the uplinks that it concerns', () => {
  const rules = [
    rule('translates', [out(['wan1'])], { unknown: true }),
    rule('accepts', [out(['wan2'])], { unknown: true }),
  ]
  const found = foreignNatWarnings(['wan1', 'wan2'], observed(...rules, rule('translates', [], { unknown: true })))
  expect(found.map(({ reason }) => reason)).toEqual([
    expect.stringMatching(/ip nat post .*on wan1/),
    expect.stringContaining('no-masquerade'),
  ])
  expect(foreignNatWarnings([], observed(...rules))).toEqual([])
})
