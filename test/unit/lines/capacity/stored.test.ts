import fc from 'fast-check'
import { expect, test } from 'vitest'
import { newLine } from '../../../../src/lines/capacity/line-model.ts'
import { roundTripOf } from '../../../../src/lines/capacity/round-trip.ts'
import { fromStored, toStored } from '../../../../src/lines/capacity/stored.ts'
import { inTime, knownOf, lateAnswers, rested, together } from './lines-of.ts'

const wall = Date.UTC(2026, 10, 26)
const day = 24 * 3600 * 1000
const [line = newLine()] = together([{ line: rested() }, { line: rested() }], 6, () => [
  { down: 40, up: 3, answers: lateAnswers },
  { down: 10, answers: inTime },
])

test('what is known of a line survives a restart', () => {
  const stored: unknown = JSON.parse(JSON.stringify(toStored(line, wall)))
  const again = fromStored(stored, 5000, wall + day)
  expect(knownOf(again, 'down')).toEqual(['known', 40])
  expect(again.capacity.down.since).toBe(5000 - ((line.at ?? 0) - line.capacity.down.since))
  expect(knownOf(again, 'up')?.[0]).toBe(line.capacity.up.sure)
  expect(roundTripOf(again)?.baseMs).toBe(30)
  expect([again.at, again.counters, again.rates]).toEqual([null, null, []])
})

test('what the administrator says is the most that it counts for', () => {
  const bandwidth = { down: 30 * 125_000, up: null }
  expect(knownOf(fromStored(toStored(line, wall), 0, wall, bandwidth), 'down')).toEqual(['known', 30])
  expect(knownOf(fromStored(null, 0, wall, bandwidth), 'down')).toEqual(['known', 30])
})

test.each([
  ['of another season', wall + 15 * day],
  ['of the day after tomorrow', wall - 2 * day],
])('what is %s is of another line', (_, now) => {
  expect(fromStored(toStored(line, wall), 0, now)).toEqual(newLine())
})

test.each([
  ['nothing', null],
  ['a text', 'known'],
  ['no time', { ...toStored(line, wall), at: '2026' }],
])('%s is a new line', (_, stored) => {
  expect(fromStored(stored, 0, wall)).toEqual(newLine())
})

test('each part that cannot be is left out', () => {
  const stored = toStored(line, wall)
  const bad = {
    ...stored,
    down: { ...stored.down, rate: -1 },
    up: { ...stored.up, sure: 'certain' },
    targets: { good: { baseMs: 5, jitterMs: 1 }, bad: { baseMs: '5', jitterMs: 1 }, worse: null },
  }
  const again = fromStored(bad, 0, wall)
  expect(again.capacity).toEqual(newLine().capacity)
  expect(Object.keys(again.targets)).toEqual(['good'])
})

test('whatever was written there, numbers are numbers', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (down, up, targets) => {
      const { capacity, targets: found } = fromStored({ at: wall, down, up, targets }, 0, wall)
      for (const { rate, seen, since } of [capacity.down, capacity.up])
        expect([rate, seen, since].every((value) => Number.isFinite(value))).toBe(true)
      expect(Object.keys(found).length).toBeLessThanOrEqual(16)
    }),
  )
})
