/** Many lines at once. Times in ms. */
import { expect, test } from 'vitest'
import { advanceTogether, type LineNews, type Member } from '../../../src/lines/family.ts'
import { newLine } from '../../../src/lines/machine.ts'
import { settingsOf } from './simulation.ts'

const settings = settingsOf()
const keys = Array.from({ length: 63 }, (_, i) => `line${i}`)
const counters = { rx: 0, tx: 0 }
const ticks = (of: readonly string[]): readonly LineNews[] =>
  of.map((key) => ({ key, event: { kind: 'tick', counters } }))

/** All were answered when they had to be, but for `late`, by so many ms. */
function members(lines: readonly string[], late: Readonly<Record<string, number>>) {
  return new Map(
    lines.map((key) => {
      const line = { ...newLine(0, settings), state: 'online' as const, dueAt: 10_000 - (late[key] ?? -500) }
      return [key, { settings, line }]
    }),
  )
}

function asked(lines: readonly string[], late: Readonly<Record<string, number>>): readonly string[] {
  const { effects } = advanceTogether(members(lines, late), ticks(lines), 10_000, false)
  return effects.filter(({ effect }) => effect.kind === 'burst').map(({ key }) => key)
}

test('where dozens of lines are late, as when the host is busy, few are asked at a time, and the latest first', () => {
  const late = Object.fromEntries(keys.map((key) => [key, key === 'line40' ? 300 : 100]))
  const first = asked(keys, late)
  // Besides the two that are asked as witnesses.
  expect(first.length).toBeLessThanOrEqual(10)
  expect(first[0]).toBe('line40')
})

test('eight lines are asked at once', () => {
  const few = keys.slice(0, 8)
  expect(asked(few, Object.fromEntries(few.map((key) => [key, 100])))).toEqual(few)
})

test('who is late while others are asked is asked when those have answered', () => {
  const late = Object.fromEntries(keys.map((key) => [key, 100]))
  let { lines } = advanceTogether(members(keys, late), ticks(keys), 10_000, false)
  const turns: string[] = []
  for (let now = 10_100; turns.length < keys.length && now < 20_000; now += 100) {
    const under = keys.filter((key) => lines.get(key)?.burst)
    turns.push(...under)
    const ends = under.map(
      (key): LineNews => ({
        key,
        event: { kind: 'burst', answered: 2, targets: 3, unknown: 0, rttMs: 5, spanMs: 150 },
      }),
    )
    const present = new Map([...lines].map(([key, line]) => [key, { settings, line }]))
    lines = advanceTogether(present, [...ends, ...ticks(keys)], now, false).lines
  }
  expect(new Set(turns)).toEqual(new Set(keys))
})

test('a line whose cable is gone is dead at once, whatever it was asked before', () => {
  const cut: LineNews = { key: 'a', event: { kind: 'cut', why: 'no cable' } }
  const asking = { ...newLine(0, settings), burst: { began: 9900, void: false } }
  const present = new Map<string, Member>([...members(['b'], {}), ['a', { settings, line: asking }]])
  const { lines, told } = advanceTogether(present, [cut], 10_000, false)
  expect(told.get('a')).toBe('offline')
  expect(lines.get('a')?.why).toBe('no cable')
  const after = new Map([...lines].map(([key, line]) => [key, { settings, line }]))
  const answered: LineNews = {
    key: 'a',
    event: { kind: 'burst', answered: 3, targets: 3, unknown: 0, rttMs: 5, spanMs: 150 },
  }
  expect(advanceTogether(after, [answered], 10_050, false).told.get('a')).toBe('offline')
})
