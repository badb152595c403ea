/** What was found out of lines, in the routes and rulesets that follow. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { isBalancedDefault } from '../../../../../src/model/active-uplinks.ts'
import type { Observed } from '../../../../../src/model/observed.ts'
import type { Spreading } from '../../../../../src/model/spreading.ts'
import { decide } from '../../../../../src/reconcile/decide/decide.ts'
import { weightReason } from '../../../../../src/status/weight-reason.ts'
import { configOf } from '../../../../config-of.ts'

const world: Observed = JSON.parse(
  readFileSync(new URL('../../../../cases/two-dhcp-uplinks/observed.json', import.meta.url), 'utf8'),
)
const found: Spreading = { spread: 'weight', weights: { wan1: 256, wan2: 60 }, lines: {} }

const decided = (text: string, spreading?: Spreading, change: Partial<Observed> = {}) =>
  decide(configOf(text), { ...world, ...change, ...(spreading && { spreading }) })

/** `wan1 256, wan2 60` */
function balanced(text: string, spreading?: Spreading, change: Partial<Observed> = {}): string {
  const config = configOf(text)
  const { routes } = decided(text, spreading, change)
  const hops = routes.filter((route) => isBalancedDefault(route, config.layout)).map(({ nexthops }) => nexthops)
  return (hops[0] ?? []).map(({ device, weight }) => `${device} ${weight}`).join(', ')
}

const metrics = '[uplink wan1]\n[uplink wan2]\nmetric = 20\n'

test.each<[string, string, string, Spreading?]>([
  ['nothing is known', '', 'wan1 1, wan2 1'],
  ['what was found out', '', 'wan1 256, wan2 60', found],
  ['auto is the default', '[uplink wan1]\nweight = auto\n', 'wan1 256, wan2 60', found],
  ['numbers', '[uplink wan1]\nweight = 4\n[uplink wan2]\nweight = 3\n', 'wan1 4, wan2 3', found],
  ['one without a number beside one with one counts 1', '[uplink wan1]\nweight = 4\n', 'wan1 4, wan2 1', found],
  ['one that is new counts as the others on average', '', 'wan1 200, wan2 200', { ...found, weights: { wan1: 200 } }],
  ['contracts', both('100M/20M', '25M/10M'), 'wan1 256, wan2 64'],
  ['what was found out, before contracts', both('100M/20M', '25M/10M'), 'wan1 256, wan2 60', found],
  ['the contract of one line alone says nothing', '[uplink wan1]\nbandwidth = 100M/20M\n', 'wan1 1, wan2 1'],
  ['what was found out for another spread', '[balance]\nspread = load\n', 'wan1 1, wan2 1', found],
  [
    'what lines have left, whatever numbers say',
    '[balance]\nspread = load\n[uplink wan1]\nweight = 4\n',
    'wan1 256, wan2 60',
    { ...found, spread: 'load' },
  ],
  ['flow keeps clients', '[balance]\nmode = flow\n', 'wan1 1, wan2 1', found],
  [
    'source keeps them by contracts',
    `[balance]\nmode = source\n${both('40M/10M', '10M/10M')}`,
    'wan1 256, wan2 64',
    found,
  ],
  ['the nearest', '[balance]\nspread = latency\n', 'wan2 1', { ...found, spread: 'latency', takes: ['wan2'] }],
  [
    'nearest, and gone',
    '[balance]\nspread = latency\n',
    'wan1 256, wan2 60',
    { ...found, spread: 'latency', takes: ['x'] },
  ],
  ['the first line has room', `[balance]\nspread = overflow\n${metrics}`, 'wan1 1'],
  [
    'the first line is full',
    `[balance]\nspread = overflow\n${metrics}`,
    'wan2 1',
    { ...found, spread: 'overflow', takes: ['wan2'] },
  ],
  [
    'both are full',
    `[balance]\nspread = overflow\n${metrics}`,
    'wan1 256, wan2 60',
    { ...found, spread: 'overflow', takes: ['wan1', 'wan2'] },
  ],
  [
    'a standby line waits for the others to fail, not to be full',
    `[balance]\nspread = overflow\n[uplink wan2]\nstandby = yes\n`,
    'wan1 1',
    { ...found, spread: 'overflow', takes: ['wan1', 'wan2'] },
  ],
])('weights: %s', (_, text, expected, spreading) => expect(balanced(text, spreading)).toBe(expected))

function both(...bandwidths: readonly string[]): string {
  return bandwidths.map((bandwidth, i) => `[uplink wan${i + 1}]\nbandwidth = ${bandwidth}\n`).join('')
}

test('who takes new connections and dies is not waited for', () => {
  const spreading: Spreading = { ...found, spread: 'latency', takes: ['wan1'] }
  const dead = {
    state: 'offline',
    degraded: false,
    since: 0,
    why: '',
    latencyMs: null,
    jitterMs: null,
    loss: 1,
    lastProbe: null,
  } as const
  expect(balanced('[balance]\nspread = latency\n', spreading)).toBe('wan1 1')
  expect(balanced('[balance]\nspread = latency\n', spreading, { health: { wan1: { inet: dead } } })).toBe('wan2 1')
})

test('another weight is one route for each family, and no other ruleset', () => {
  const [before, after] = [decided(''), decided('', found)]
  const differ = after.routes.filter(
    (route) => !before.routes.some((one) => JSON.stringify(one) === JSON.stringify(route)),
  )
  expect(differ.map(({ destination }) => destination)).toEqual(['default'])
  expect({ ...after, routes: [], uplinks: [] }).toEqual({ ...before, routes: [], uplinks: [] })
})

test.each([
  ['flow', false],
  ['source', false],
  ['connection', true],
  ['random', true],
])('a rule of mode %s follows what was found out: %s', (mode, follows) => {
  const text = `[uplink wan1]\n[uplink wan2]\n[rule r]\nsource = 192.168.0.0/16\nuplinks = wan1 wan2\nmode = ${mode}\n`
  const [before, after] = [decided(text).ruleset, decided(text, found).ruleset]
  if (follows) expect(after).not.toEqual(before)
  else expect(after).toEqual(before)
})

const way = (carries: number, capacity: number, sure: 'unknown' | 'at-least' | 'known' = 'known') => ({
  ...{ carries: carries * 1e6, capacity: capacity * 1e6, sure },
})

test.each([
  [null, {}],
  [null, { line: { down: way(1, 2), up: way(0, 1) } }],
  ['auto: nothing is known yet', { auto: true as const }],
  ['auto: 38 of about 40 Mbit/s down', { auto: true as const, line: { down: way(38.2, 40.1), up: way(1, 9) } }],
  ['auto: 9 of about 9.8 Mbit/s up', { auto: true as const, line: { down: way(1, 40), up: way(9, 9.8) } }],
  [
    'auto: 12 of at least 20 Mbit/s down',
    { auto: true as const, line: { down: way(12, 20, 'at-least'), up: way(0, 0) } },
  ],
  ['auto: 940 of about 1000 Mbit/s down', { auto: true as const, line: { down: way(941, 1001), up: way(0, 0) } }],
  [
    '0 of about 40 Mbit/s down, takes no new connections now',
    { takes: false, line: { down: way(0, 40), up: way(0, 9) } },
  ],
])('why it has its weight: %s', (reason, weighing) => expect(weightReason(weighing)).toBe(reason))

test.each([
  [
    'load',
    'uplinks = wan1 wan2\nspread = load',
    { 'load: wan1 wan2': { weights: { wan1: 50, wan2: 200 } } },
    'wan1 205, wan2 819',
  ],
  ['load of all', 'spread = load', { 'load: all': { weights: { wan1: 50, wan2: 200 } } }, 'wan1 205, wan2 819'],
  ['load, nothing found out', 'uplinks = wan1 wan2\nspread = load', {}, 'wan1 830, wan2 194'],
  [
    'load, found out for others',
    'uplinks = wan1 wan2\nspread = load',
    { 'load: all': { weights: { wan1: 9 } } },
    'wan1 830, wan2 194',
  ],
  ['latency', 'spread = latency', { 'latency: all': { weights: { wan2: 1 }, takes: ['wan2'] } }, 'wan2'],
  ['overflow, nothing found out', 'uplinks = wan2 wan1\nspread = overflow', {}, 'wan2'],
  ['overflow by metric', 'spread = overflow', {}, 'wan1'],
  [
    'overflow, the first is full',
    'uplinks = wan2 wan1\nspread = overflow\noverflow-at = 80',
    { 'overflow at 0.8: wan2 wan1': { weights: {}, takes: ['wan1'] } },
    'wan1',
  ],
  [
    'overflow, all are full',
    'uplinks = wan2:3 wan1:1\nspread = overflow',
    { 'overflow: wan2 wan1': { weights: {}, takes: ['wan2', 'wan1'] } },
    'wan1 256, wan2 768',
  ],
] as const)('spread of a rule: %s', (_, rule, rules, expected) => {
  const text = `[uplink wan1]\n[uplink wan2]\nmetric = ${rule === 'spread = overflow' ? 20 : 10}\n[rule r]\nport = 80\n${rule}\n`
  const chains = decided(text, { ...found, rules }).ruleset?.chains ?? []
  const use = chains.find(({ name }) => name === 'use_1_forward_4')?.rules ?? []
  let from = 0
  const parts = use.map((line) => {
    const to = Number(/< (\S+) /.exec(line)?.[1] ?? 1024)
    const part = [`wan${/goto via_(\d)/.exec(line)?.[1]}`, to - from] as const
    from = to
    return part
  })
  expect(
    parts.length === 1
      ? parts[0]?.[0]
      : parts
          .map((part) => part.join(' '))
          .sort()
          .join(', '),
  ).toBe(expected)
})

test.each([
  ['spread = load\nmode = source', /spread = load is nothing for mode = source/],
  ['spread = load\nuplinks = wan1', /spread = load with nothing to choose from/],
  ['spread = latency\nuplinks = wan1:2 wan2', /finds weights by itself/],
  ['overflow-at = 50', /expected spread = overflow as well/],
])('spread of a rule: refuses %j', (rule, reason) => {
  expect(() => configOf(`[uplink wan1]\n[uplink wan2]\n[rule r]\nport = 80\n${rule}\n`)).toThrow(reason)
})
