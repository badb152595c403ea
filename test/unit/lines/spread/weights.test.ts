import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { learn } from '../../../../src/lines/capacity/learn.ts'
import type { LineModel } from '../../../../src/lines/capacity/line-model.ts'
import { mayChange, remember } from '../../../../src/lines/spread/pace.ts'
import { type Balance, newBalance, weigh } from '../../../../src/lines/spread/weights.ts'
import { answers, inTime, lateAnswers, nextOf, rested, type Second } from '../capacity/lines-of.ts'

interface Run {
  readonly lines: readonly LineModel[]
  readonly balance: Balance
  /** Of each second in which they changed. */
  readonly weights: readonly (readonly [number, readonly number[]])[]
}

const begin = (count: number): Run => ({
  lines: Array.from({ length: count }, () => rested()),
  balance: newBalance,
  weights: [],
})
const nameOf = (i: number) => `line-${i}`

/** Seconds in which each line carries what it carries, whatever the weights are. */
function play(before: Run, seconds: number, each: (second: number) => readonly Second[]): Run {
  let { lines, balance } = before
  const weights = [...before.weights]
  for (let second = 0; second < seconds; second++) {
    const looks = each(second)
    lines = learn(lines.map((line, i) => ({ line: nextOf(line, looks[i] ?? {}) })))
    const at = lines[0]?.at ?? 0
    const named = Object.fromEntries(lines.map((line, i) => [nameOf(i), line]))
    // What is kept in memory today may be kept in a file tomorrow.
    const result = weigh(JSON.parse(JSON.stringify(balance)), JSON.parse(JSON.stringify(named)), at)
    balance = result.balance
    const changed = result.weights
    if (changed) weights.push([at, lines.map((_, i) => changed[nameOf(i)] ?? 0)])
  }
  return { lines, balance, weights }
}

const full = (down: number): Second => ({ down, up: down / 40, answers: lateAnswers })

describe('weights', () => {
  test('never change at rest, whatever answers take', () => {
    const run = play(begin(2), 120, (second) => [{ down: 0.1, answers: answers(second % 7 === 0 ? 300 : 0) }, {}])
    expect(run.weights).toEqual([])
  })

  test('stay equal for lines that carry the same', () => {
    expect(play(begin(2), 60, (second) => [full(20 - (second % 3)), full(20 - (second % 2))]).weights).toEqual([])
  })

  test('come to what each line carries while all are full, a little less for the slow one', () => {
    const { weights } = play(begin(2), 30, () => [full(40), full(10)])
    const [fast = 0, slow = 0] = weights.at(-1)?.[1] ?? []
    expect(fast).toBe(256)
    expect(slow).toBeGreaterThan(0.18 * 256)
    expect(slow).toBeLessThan(0.27 * 256)
    expect(weights.length).toBeLessThanOrEqual(4)
  })

  test('follow a line that falls to a tenth within ten seconds', () => {
    const settled = play(begin(2), 60, () => [full(100), full(100)])
    expect(settled.weights).toEqual([])
    const { weights } = play(settled, 10, () => [full(10), full(100)])
    const [fallen = 0, other = 0] = weights.at(-1)?.[1] ?? []
    expect(other).toBe(256)
    expect(fallen).toBeLessThan(0.2 * 256)
  })

  test('go by what is up- and downloaded: the best line one way may be the worst the other way', () => {
    const down = play(begin(2), 30, () => [full(100), full(20)])
    expect(down.weights.at(-1)?.[1][0]).toBe(256)
    const up = play(down, 60, () => [
      { down: 0.2, up: 5, answers: lateAnswers },
      { down: 0.5, up: 20, answers: lateAnswers },
    ])
    expect(up.weights.at(-1)?.[1][1]).toBe(256)
  })

  test('hold nothing against a line that was never full', () => {
    const { weights } = play(begin(2), 20, (second) => [
      { down: 6 + 3 * Math.sin(2 * second), answers: inTime },
      full(10),
    ])
    const [unknown = 0, slow = 0] = weights.at(-1)?.[1] ?? [256, 256]
    expect(unknown).toBeGreaterThanOrEqual(slow)
  })

  test('are those of the lines that are there: who dies changes nothing among the others, who comes is weighed at once', () => {
    const { lines, balance } = play(begin(3), 30, () => [full(40), full(20), full(10)])
    const named = Object.fromEntries(lines.map((line, i) => [nameOf(i), line]))
    const at = (lines[0]?.at ?? 0) + 10_000
    const { [nameOf(2)]: third, ...two } = named
    const without = weigh(balance, two, at)
    expect(without.weights).toBeNull()
    const withNew = weigh(without.balance, { ...two, other: third as LineModel }, at + 10_000)
    expect(withNew.weights?.['other']).toBeLessThan(0.4 * 256)
    const soon = weigh({ ...without.balance, changes: [at] }, { ...two, other: third as LineModel }, at + 500)
    expect(Object.keys(soon.weights ?? {})).toEqual([nameOf(0), nameOf(1), 'other'])
  })

  test('whatever is measured, are whole numbers from 1 to 256, two seconds apart', () => {
    const rate = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e5, noNaN: true }))
    const second = fc.record({
      down: rate,
      up: rate,
      answers: fc.array(
        fc.record({
          target: fc.constantFrom('target-0', 'target-1', 'target-2', '__proto__'),
          rttMs: fc.option(fc.double()),
        }),
        { maxLength: 3 },
      ),
    })
    fc.assert(
      fc.property(fc.array(fc.tuple(second, second, second), { minLength: 5, maxLength: 40 }), (seconds) => {
        const { weights } = play(begin(3), seconds.length, (i) => seconds[i] ?? [])
        for (const [i, [at, each]] of weights.entries()) {
          expect(each.every((weight) => Number.isInteger(weight) && weight >= 1 && weight <= 256)).toBe(true)
          expect(Math.max(...each)).toBe(256)
          expect(at - (weights[i - 1]?.[0] ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(1900)
        }
      }),
      { numRuns: 50 },
    )
  })
})

describe('the pace of changes', () => {
  test('a change is worth 15 % at least, and the more the more there were', () => {
    expect([mayChange([], 0.14, 0), mayChange([], 0.15, 0)]).toEqual([false, true])
    const three = [0, 3000, 6000]
    expect([mayChange(three, 0.2, 9000), mayChange(three, 0.25, 9000)]).toEqual([false, true])
    const six = [...three, 9000, 12_000, 15_000]
    expect([mayChange(six, 1, 20_000), mayChange(six, 1.2, 20_000)]).toEqual([false, true])
    expect(mayChange(six, 0.2, 75_000)).toBe(true)
  })

  test('two seconds are between two, and what is a minute ago is forgotten', () => {
    expect([mayChange([1000], 3, 2000), mayChange([1000], 3, 3000)]).toEqual([false, true])
    expect(remember([0, 30_000], 61_000)).toEqual([30_000, 61_000])
  })
})
