/** What counts the connections that rules take. */
import { expect, test } from 'vitest'
import { loadingTransactions, parseListing } from '../../../../../src/kernel/nft/table.ts'
import type { Ruleset } from '../../../../../src/model/kernel.ts'
import { decide } from '../../../../../src/reconcile/decide/decide.ts'
import { hitsOf } from '../../../../../src/reconcile/decide/steering/hits.ts'
import { diff } from '../../../../../src/reconcile/diff.ts'
import { configOf } from '../../../../config-of.ts'
import { worldOf } from '../../../builders.ts'

const world = worldOf('ipv6-two-providers')
const uplinks = '[uplink wan1]\n[uplink wan2]\n'
const config = configOf(`${uplinks}[rule telephones]
source = 192.168.77.32/27
uplinks = wan1
[rule web]
source = 192.168.78.0/24, fd00:78::/64
port = 80
uplinks = wan1
[rule guests]
interface = guests0
uplinks = wan2
`)

function rulesetOf(some: typeof config): Ruleset {
  const { ruleset } = decide(some, world)
  if (ruleset === null) throw new Error('no ruleset')
  return ruleset
}

const ruleset = rulesetOf(config)
const elementsOf = ({ sets = [] }: Ruleset) => sets.flatMap(({ elements = [] }) => elements)
const rulesOf = (name: string) => ruleset.chains.find((chain) => chain.name === name)?.rules

test('its packets pass by its counter on their way to what it does, the first one of each connection', () => {
  expect(rulesOf('hits_1_1_forward_4')).toEqual([
    'ct status confirmed goto use_1_forward_4',
    'counter name rule.telephones',
    'goto use_1_forward_4',
  ])
  expect(rulesOf('hits_2_1_forward_4')?.at(-1)).toBe('goto use_1_forward_4')
  expect(rulesOf('hits_1_1_forward_6')?.[1]).toBe('counter name rule.web')
  expect(rulesOf('hits_1_1_local_6')).toEqual(['counter name rule.web', 'goto use_1_local_6'])
  expect(elementsOf(ruleset)).toContain('192.168.77.32-192.168.77.63 : goto hits_1_1_forward_4')
})

test('rules that one map leads to the same end share a chain, and a map tells their counters', () => {
  const rules = Array.from({ length: 100 }, (_, i) => `[rule r${i}]\nport = ${i + 1}\nuplinks = wan${1 + (i % 2)}\n`)
  const many = rulesetOf(configOf(`${uplinks}${rules.join('')}`))
  const counting = many.chains.filter(({ name }) => name.startsWith('hits_'))
  expect(counting.map(({ name }) => name)).toEqual(
    ['forward_4', 'forward_6', 'local_4', 'local_6'].flatMap((side) => [`hits_1_1_${side}`, `hits_1_2_${side}`]),
  )
  const [, map] = / map @(\S+)$/.exec(counting[0]?.rules[1] ?? '') ?? []
  const found = many.sets?.find(({ name }) => name === map)
  expect(found?.definition).toBe('type inet_proto . inet_service : counter')
  expect(found?.elements?.slice(0, 2)).toEqual([
    expect.stringContaining('"rule.r0"'),
    expect.stringContaining('"rule.r'),
  ])
})

test('nobody else comes by a counter', () => {
  const counting = ruleset.chains.filter(({ rules }) => rules.some((rule) => rule.includes('counter')))
  expect(counting.length).toBeGreaterThan(0)
  for (const { name } of counting) expect(name).toMatch(/^hits_/)
  const alone = rulesetOf(configOf('[balance]\nmode = source\n'))
  expect(JSON.stringify(alone)).not.toContain('counter')
})

test('each rule has one counter, also while nothing can match it', () => {
  const counters = ruleset.sets?.filter(({ kind }) => kind === 'counter').map(({ name }) => name)
  expect(counters).toEqual(['rule.telephones', 'rule.web', 'rule.guests'])
})

test('a counter stays when the rules are replaced, and goes with its rule', () => {
  const [replacing, deleting] = loadingTransactions(
    rulesetOf(configOf(`${uplinks}[rule web]\nport = 81\nuplinks = wan2\n`)),
    ruleset,
  )
  expect(replacing).not.toMatch(/^ {2}counter /m)
  expect(deleting).toMatch(/^delete counter inet ifbalance rule\.telephones$/m)
  expect(deleting).not.toContain('counter inet ifbalance rule.web')
  expect(loadingTransactions(ruleset, null).join('')).toMatch(/^ {2}counter rule\.web \{ packets 0 bytes 0; \}$/m)
})

test('what it has counted is no difference', () => {
  const sets = ruleset.sets?.map(({ kind, name }) => ({ kind, name, ...(kind === 'counter' && { packets: 7 }) })) ?? []
  const observed = { ...world, ruleset: { ...ruleset, sets } }
  const kinds = diff(observed, decide(config, observed), config.layout).map(({ kind }) => kind)
  expect(kinds).not.toContain('load-ruleset')
})

test('what the kernel lists is told by rule', () => {
  const table = 'ifbalance'
  const counter = (name: string, packets: number) => ({ counter: { family: 'inet', table, name, packets, bytes: 1 } })
  const theirs = { counter: { family: 'inet', table: 'fw', name: 'rule.web', packets: 99, bytes: 1 } }
  const nftables = [{ table: { family: 'inet', name: table } }, counter('rule.web', 3), counter('rule.old', 5), theirs]
  const listed = parseListing(JSON.stringify({ nftables }), new Map())
  expect([...hitsOf(listed, config.rules)]).toEqual([['web', 3]])
  expect([...hitsOf(null, config.rules)]).toEqual([])
})
