import { expect, test } from 'vitest'
import type { Answer } from '../../../../src/lines/capacity/reading.ts'
import { type Aim, aimOf } from '../../../../src/lines/learning/aim.ts'
import { aimed, type Earlier } from '../../../../src/lines/learning/begin.ts'
import {
  answered,
  knownLines,
  type Learning,
  newLearning,
  spreadingOf,
} from '../../../../src/lines/learning/learning.ts'
import { looked } from '../../../../src/lines/learning/look.ts'
import { configOf } from '../../../config-of.ts'
import { pathOf, uplinkOf } from '../../builders.ts'

const mbit = 125_000
const nothing: Earlier = { spreading: null, lines: new Map(), wallMs: 1e12 }
const uplinks = [1, 2].map((i) => uplinkOf(i, { auto: true, inet: pathOf(`10.${i}.0.1`, [`10.${i}.0.2`]) }))
const aim = aimOf(uplinks, configOf(''))

const begun = (more: Partial<Aim> = {}, earlier: Partial<Earlier> = {}) =>
  aimed(newLearning(0), { ...aim, ...more }, { ...nothing, ...earlier }, 0)

/** What the lines carry in a second, in Mbit/s down, by device, and what their probes are answered. */
interface Second {
  readonly wan1?: number
  readonly wan2?: number
  readonly late?: readonly string[]
}

/** Looks once a second from `from` (in seconds) on; gives the last state, and what each look gave. */
function play(learning: Learning, from: number, seconds: readonly Second[]) {
  const carried = { wan1: 0, wan2: 0 }
  for (const device of ['wan1', 'wan2'] as const) carried[device] = learning.latest?.counters.get(device)?.rxBytes ?? 0
  const given: Omit<ReturnType<typeof looked>, 'learning'>[] = []
  for (const [i, { wan1 = 0, wan2 = 0, late = [] }] of seconds.entries()) {
    const at = (from + i) * 1000
    carried.wan1 += wan1 * mbit
    carried.wan2 += wan2 * mbit
    for (const name of ['wan1', 'wan2'])
      for (const target of ['a', 'b', 'c'])
        learning = answered(learning, name, { target, rttMs: late.includes(name) ? 90 : 20 }, at - 100)
    const counters = new Map(Object.entries(carried).map(([device, rxBytes]) => [device, { ...silent, rxBytes }]))
    const { learning: next, ...rest } = looked(learning, { at, counters })
    learning = next
    given.push(rest)
  }
  return { learning, given }
}

const silent = { rxBytes: 0, rxPackets: 0, rxMulticast: 0, txBytes: 0, txPackets: 0 }
const times = <T>(count: number, value: T): readonly T[] => Array.from({ length: count }, () => value)
const rest = (count: number) => times(count, {})
const loaded = (count: number) => times(count, { wan1: 40, wan2: 10, late: ['wan1', 'wan2'] })

test('what full lines carry is what they can carry, new connections follow, and that is told once', () => {
  const { learning, given } = play(begun(), 0, [...rest(12), ...loaded(40)])
  const told = given.flatMap(({ changed }) => changed ?? [])
  expect(told.length).toBeGreaterThan(0)
  expect(told.length).toBeLessThan(4)
  const { lines, weights, spread } = spreadingOf(learning)
  expect(spread).toBe('weight')
  expect(weights).toEqual(told.at(-1)?.weights)
  expect((weights['wan1'] ?? 0) / (weights['wan2'] ?? 1)).toBeCloseTo(4, 0)
  expect(lines['wan1']?.down).toMatchObject({ sure: 'known', capacity: expect.closeTo(40e6, -6) })
})

test('at rest, what is looked at is learned from each third second, and answers wait until then', () => {
  const { learning } = play(begun(), 0, rest(12))
  expect(learning.learnedAt).toBe(9000)
  expect(learning.heard.get('wan1')).toHaveLength(6)
  const many = times<Answer>(100, { target: 'a', rttMs: 20 }).reduce(
    (all, one) => answered(all, 'wan1', one, 1),
    learning,
  )
  expect(many.heard.get('wan1')).toHaveLength(32)
  // A look learns of what was there when it looked.
  const later = answered(play(learning, 12, rest(1)).learning, 'wan1', { target: 'a', rttMs: 20 }, 12_500)
  expect(later.heard.get('wan1')).toEqual([{ target: 'a', rttMs: 20, at: 12_500 }])
})

test('where a load begins, the look before it counts', () => {
  const { learning } = play(begun(), 0, rest(12))
  const { learning: next } = play(learning, 12, loaded(1))
  expect(next.learnedAt).toBe(12_000)
  expect(next.loadedAt).toBe(12_000)
  // From 11 to 12 seconds, and not from 9 on.
  expect(next.models.get('wan1')?.line.rates.at(-1)?.down).toBeCloseTo(40 * mbit, -1)
})

test('more targets are asked during a load, 20 seconds longer, and for 3.5 seconds of each 280', () => {
  const asked = (from: Learning, seconds: readonly Second[]) =>
    play(from, 0, seconds).given.flatMap(({ asksMore }, second) => (asksMore ? [second] : []))
  expect(asked(begun(), rest(400))).toEqual([30, 31, 32, 33, 310, 311, 312, 313])
  const during = asked(begun(), [...rest(5), ...loaded(10), ...rest(60)])
  // The sample that was due at 30 seconds follows.
  expect(during).toEqual(Array.from({ length: 33 }, (_, i) => 5 + i))
  const typed = { ...aim, wish: { spread: 'weight', overflowAt: 0.9, isAuto: false } } as const
  for (const none of [begun({ groups: [['wan1']] }), begun({ wish: null }), begun(typed)])
    expect(asked(none, [...rest(5), ...loaded(10), ...rest(60)])).toEqual([])
})

test('another device of that name is another line; what was known of the same one is known again', () => {
  const { learning } = play(begun(), 0, [...rest(12), ...loaded(40)])
  const known = knownLines(learning, new Map([['away', { device: 'usb0', line: {} }]]), 1e12)
  expect([...known.keys()]).toEqual(['away', 'wan1', 'wan2'])
  const sureOf = (state: Learning) => spreadingOf(state).lines['wan1']?.down.sure
  expect(sureOf(begun({}, { lines: known }))).toBe('known')
  const moved = aim.watched.map((one) => ({ ...one, device: `${one.device}x` }))
  expect(sureOf(begun({ watched: moved }, { lines: known }))).toBe('unknown')
  expect(sureOf(aimed(learning, aim, nothing, 60_000))).toBe('known')
  expect(sureOf(aimed(learning, { ...aim, watched: moved }, nothing, 60_000))).toBe('unknown')
  // Away for a moment it stays; forgotten as an uplink, it is forgotten here.
  const away = { ...aim, watched: [], groups: [] }
  expect(sureOf(aimed(learning, away, nothing, 60_000))).toBe('known')
  const gone = aimed(learning, { ...away, names: ['wan2'] }, nothing, 60_000)
  expect([[...gone.models.keys()], [...gone.heard.keys()]]).toEqual([['wan2'], ['wan2']])
})

test('what an earlier daemon had in force goes on where it was made for the same wish, and ends with another', () => {
  const spreading = { spread: 'weight', weights: { wan1: 7, wan2: 2 }, lines: {} } as const
  const first = begun({}, { spreading })
  expect(spreadingOf(first).weights).toEqual(spreading.weights)
  expect(spreadingOf(begun({}, { spreading: { ...spreading, spread: 'load' } })).weights).toEqual({})
  expect(spreadingOf(aimed(first, aim, nothing, 1000)).weights).toEqual(spreading.weights)
  const overflow = aimOf(uplinks, configOf('[balance]\nspread = overflow\n'))
  expect(spreadingOf(aimed(first, overflow, { ...nothing, spreading }, 1000))).toMatchObject({
    spread: 'overflow',
    weights: {},
  })
})

test('before the first round nothing is learned', () => {
  const { learning, given } = play(newLearning(0), 0, loaded(5))
  expect(given.every(({ changed, asksMore }) => changed === null && !asksMore)).toBe(true)
  expect(spreadingOf(learning)).toEqual({ spread: 'weight', weights: {}, lines: {} })
})

test('lines that overflow are those that can carry, by metric; a hash of addresses has no weights to change', () => {
  const third = uplinkOf(3, { auto: true, metric: 5, inet: pathOf('10.3.0.1', ['10.3.0.2']) })
  const dead = uplinkOf(4, { state: 'down' })
  const { groups, watched, names } = aimOf(
    [...uplinks, third, dead],
    configOf('[balance]\nspread = overflow\n[uplink wan3]\ninterface = wan3\nbandwidth = 8M/800k\n'),
  )
  expect(groups).toEqual([['wan3'], ['wan1', 'wan2']])
  expect(watched.map(({ name }) => name)).not.toContain('wan4')
  expect(watched.find(({ name }) => name === 'wan3')?.bandwidth).toEqual({ down: 1e6, up: 1e5 })
  expect(names).toContain('wan4')
  expect(aimOf(uplinks, configOf('[balance]\nmode = flow\n')).wish).toBeNull()
})

const rules = `[uplink wan1]
[uplink wan2]
[rule fill]
port = 80
uplinks = wan2 wan1
spread = overflow
[rule also]
port = 81
uplinks = wan2 wan1
spread = overflow
[rule near]
port = 22
spread = latency
`

test('rules that spread otherwise: those that wish the same are worked out once', () => {
  const { rules: aims } = aimOf(uplinks, configOf(rules))
  expect([...aims].map(([key, { groups }]) => [key, groups])).toEqual([
    ['overflow: wan2 wan1', [['wan2'], ['wan1']]],
    ['latency: all', [['wan1', 'wan2']]],
  ])
})

test('a rule fills one line, then the next, whatever all else does; and that outlives the daemon', () => {
  const { learning, given } = play(begun(aimOf(uplinks, configOf(rules))), 0, [...rest(12), ...loaded(40)])
  const found = spreadingOf(learning)
  expect(found.rules?.['overflow: wan2 wan1']?.takes).toEqual(['wan2', 'wan1'])
  expect(given.flatMap(({ changedRules }) => changedRules).length).toBeGreaterThan(0)
  const again = begun(aimOf(uplinks, configOf(rules)), { spreading: found })
  expect(spreadingOf(again).rules).toEqual(found.rules)
  const { learning: rested } = play(learning, 52, rest(30))
  expect(spreadingOf(rested).rules?.['overflow: wan2 wan1']?.takes).toEqual(['wan2'])
  expect(spreadingOf(aimed(learning, aim, nothing, 1e5)).rules).toBeUndefined()
})
