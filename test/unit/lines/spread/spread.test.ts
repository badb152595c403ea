import { expect, test } from 'vitest'
import { learn } from '../../../../src/lines/capacity/learn.ts'
import type { LineModel } from '../../../../src/lines/capacity/line-model.ts'
import { newSpread, type SpreadState, spreadOver, type Wish } from '../../../../src/lines/spread/spread.ts'
import { inTime, lateAnswers, nextOf, rested, type Second } from '../capacity/lines-of.ts'

const wish: Wish = { spread: 'weight', overflowAt: 0.9, isAuto: true }
const shaky = (mean: number, second: number) => mean * (1 + 0.2 * Math.sin(2 * second))

/** A line of 40 and one of 10 Mbit/s, both full. */
const full = (second: number): Readonly<Record<string, Second>> => ({
  fast: { down: shaky(36, second), answers: lateAnswers },
  slow: { down: shaky(9, second + 1), answers: lateAnswers },
})

interface Played {
  readonly state: SpreadState
  readonly lines: Readonly<Record<string, LineModel>>
  /** When what is in force became another, in seconds. */
  readonly changes: readonly number[]
}

function play(
  seconds: number,
  each: (second: number) => Readonly<Record<string, Second>>,
  { state = newSpread(null), lines = { fast: rested(), slow: rested() }, ...other }: Partial<Played & Wish> = {},
  groups: readonly (readonly string[])[] = [Object.keys(lines)],
): Played {
  let [known, spread] = [lines, state]
  const changes: number[] = []
  for (let second = 0; second < seconds; second++) {
    const looks = each(second)
    const names = Object.keys(known)
    const learned = learn(names.map((name) => ({ line: nextOf(known[name] as LineModel, looks[name] ?? {}) })))
    known = Object.fromEntries(names.map((name, i) => [name, learned[i] as LineModel]))
    const named = groups.map((group) => Object.fromEntries(group.map((name) => [name, known[name] as LineModel])))
    const next = spreadOver(spread, { ...wish, ...other }, named, learned[0]?.at ?? 0)
    if (next.inForce !== spread.inForce) changes.push(second)
    spread = next
  }
  return { state: spread, lines: known, changes }
}

test('a line that is four times as fast gets about four times as much, and at rest nothing changes', () => {
  const loaded = play(15, full)
  const { fast = 0, slow = 1 } = loaded.state.inForce?.weights ?? {}
  expect(fast / slow).toBeGreaterThan(3)
  expect(fast / slow).toBeLessThan(9)
  for (const [i, second] of loaded.changes.entries()) expect(second - (loaded.changes[i - 1] ?? -2)).toBeGreaterThan(1)
  expect(play(60, () => ({ fast: { answers: inTime }, slow: { answers: inTime } }), loaded).changes).toEqual([])
})

test('what is in force at a restart stays until something better is known', () => {
  const state = newSpread({ weights: { fast: 256, slow: 50 } })
  expect(play(30, () => ({}), { state }).changes).toEqual([])
})

test('who is away for a while keeps what it had', () => {
  const loaded = play(15, full)
  const alone = play(5, full, loaded, [['fast']])
  expect(alone.state.inForce).toEqual(loaded.state.inForce)
})

test("numbers of the administrator are nobody else's", () => {
  expect(play(15, full, { isAuto: false }).changes).toEqual([])
})

test('overflow: the second line when the first is full, both when both are, and only those are weighed', () => {
  const groups = [['fast'], ['slow']]
  const easy = play(
    10,
    (second) => ({ fast: { down: shaky(20, second), answers: inTime } }),
    { spread: 'overflow' },
    groups,
  )
  expect(easy.state.inForce).toMatchObject({ takes: ['fast'] })
  const first = play(
    5,
    (second) => ({ fast: { down: shaky(36, second), answers: lateAnswers } }),
    { ...easy, spread: 'overflow' },
    groups,
  )
  expect(first.state.inForce).toMatchObject({ takes: ['slow'] })
  const both = play(15, full, { ...first, spread: 'overflow' }, groups)
  expect(both.state.inForce?.takes).toEqual(['fast', 'slow'])
  const { fast = 0, slow = 1 } = both.state.inForce?.weights ?? {}
  expect(fast).toBeGreaterThan(2 * slow)
})

test('load: by what is left; latency: the nearest takes all', () => {
  const loaded = play(15, full)
  const half = (second: number) => ({
    fast: { down: shaky(10, second), answers: inTime },
    slow: { down: shaky(6, second), answers: inTime },
  })
  const load = play(10, half, { ...loaded, spread: 'load' }).state.inForce
  expect(load?.takes).toBeUndefined()
  expect(load?.weights['fast']).toBeGreaterThan(3 * (load?.weights['slow'] ?? 0))
  const far = inTime.map(({ target, rttMs }) => ({ target, rttMs: (rttMs ?? 0) + 50 }))
  const near = play(30, () => ({ fast: { answers: far }, slow: { answers: inTime } }), { spread: 'latency' })
  expect(near.state.inForce?.takes).toEqual(['slow'])
})
