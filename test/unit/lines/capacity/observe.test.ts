import { describe, expect, test } from 'vitest'
import { type LineModel, newLine, rateOf } from '../../../../src/lines/capacity/line-model.ts'
import { observe } from '../../../../src/lines/capacity/observe.ts'
import { roundTripOf } from '../../../../src/lines/capacity/round-trip.ts'
import { answers, inTime, lateAnswers, nextOf, rested } from './lines-of.ts'

const times = (count: number, line: LineModel, next: (line: LineModel, i: number) => LineModel) =>
  Array.from({ length: count }).reduce<LineModel>((one, _, i) => next(one, i), line)

describe('rates', () => {
  test('are what was counted, by the time that it took', () => {
    const line = observe(newLine(), { at: 5000, counters: { rx: 1000, tx: 10 }, answers: [] })
    expect(rateOf(line, 'down')).toBe(0)
    const next = observe(line, { at: 7000, counters: { rx: 401_000, tx: 30_010 }, answers: [] })
    expect([rateOf(next, 'down'), rateOf(next, 'up')]).toEqual([200_000, 15_000])
  })

  test.each([
    ['the device was made anew', { at: 7000, counters: { rx: 5, tx: 0 } }],
    ['nothing could be read', { at: 7000, counters: null }],
    ['the host slept', { at: 60_000, counters: { rx: 900_000, tx: 900_000 } }],
  ])('are unknown after %s', (_, reading) => {
    const line = times(3, rested(), (one) => nextOf(one, { down: 8 }))
    expect(observe({ ...line, at: 6000 }, { ...reading, answers: [] }).rates).toEqual([])
  })

  test('wait for the next reading when this one came too early, and its answers do not', () => {
    const line = rested()
    const at = line.at ?? 0
    const early = observe(line, { at: at + 50, counters: { rx: 1e6, tx: 0 }, answers: [{ target: 'new', rttMs: 7 }] })
    expect(Object.keys(early.targets)).toContain('new')
    const next = observe(early, { at: at + 1000, counters: { rx: 1e6, tx: 0 }, answers: [] })
    expect(rateOf(next, 'down')).toBe(1e6)
  })
})

describe('lateness', () => {
  test('is what answers take beyond what the same target takes at rest', () => {
    const line = rested()
    expect(line.queue).toEqual({ ms: 0, late: 0 })
    expect(roundTripOf(line)).toMatchObject({ baseMs: 30, presentMs: 30, loss: 0 })
    const late = times(2, line, (one) => nextOf(one, { down: 20, answers: lateAnswers }))
    expect(late.queue).toEqual({ ms: 60, late: 1 })
    expect(roundTripOf(late)?.baseMs).toBe(30)
  })

  test('of one target of three is its own: slow, lying or silent', () => {
    for (const rttMs of [500, null, 20 + 80]) {
      const line = times(20, rested(), (one) =>
        nextOf(one, { down: 20, answers: [{ target: 'target-0', rttMs }, ...inTime.slice(1)] }),
      )
      expect(line.queue.late ?? 1, `${rttMs}`).toBeLessThan(0.5)
      expect(line.queue.ms, `${rttMs}`).toBeLessThan(10)
    }
  })

  test('is not what a target that fell silent says for ever, even where there are two', () => {
    const two = (rttMs: number | null) => [{ target: 'target-0', rttMs }, ...inTime.slice(1, 2)]
    const first = observe(newLine(), { at: 0, counters: { rx: 0, tx: 0 }, answers: [] })
    const line = times(10, first, (one) => nextOf(one, { answers: two(20) }))
    expect(times(5, line, (one) => nextOf(one, { down: 20, answers: two(null) })).queue.late).toBe(0)
  })

  test('of a single target needs more than one late answer', () => {
    const first = observe(newLine(), { at: 0, counters: { rx: 0, tx: 0 }, answers: [] })
    const line = times(10, first, (one) => nextOf(one, { answers: [{ target: 'alone', rttMs: 20 }] }))
    const once = nextOf(line, { down: 20, answers: [{ target: 'alone', rttMs: 90 }] })
    expect(once.queue.late).toBe(0)
    expect(nextOf(once, { down: 20, answers: [{ target: 'alone', rttMs: 90 }] }).queue.late).toBe(1)
  })

  test('is none where answers vary as much at rest', () => {
    const wild = (i: number) => answers(i % 2 === 0 ? 0 : 40)
    const line = times(120, rested(), (one, i) => nextOf(one, { answers: wild(i) }))
    expect(roundTripOf(line)?.jitterMs).toBeGreaterThan(14)
    expect(times(3, line, (one) => nextOf(one, { down: 20, answers: answers(40) })).queue.late).toBe(0)
  })

  test('is none when the path became longer while nothing was carried, but is under load', () => {
    const longer = times(8, rested(), (one) => nextOf(one, { answers: lateAnswers }))
    expect(longer.queue.late).toBe(0)
    expect(roundTripOf(longer)?.baseMs).toBe(90)
    expect(times(8, rested(), (one) => nextOf(one, { down: 20, answers: lateAnswers })).queue.late).toBe(1)
  })

  test('is unknown when nobody was asked lately', () => {
    expect(times(5, rested(), (one) => nextOf(one, { down: 20 })).queue).toEqual({ ms: null, late: null })
    expect(roundTripOf(newLine())).toBeNull()
  })
})

test('a round trip of ten minutes ago is of another path', () => {
  const line = times(700, rested(), (one) => nextOf(one, { down: 20, answers: answers(8) }))
  expect(roundTripOf(line)?.baseMs).toBe(38)
})

test('names of targets are only compared, numbers are checked, and there is an end to both', () => {
  const names = ['__proto__', 'constructor', ...Array.from({ length: 40 }, (_, i) => `many-${i}`), '__proto__']
  const line = observe(rested(), {
    at: 13_000,
    counters: { rx: 0, tx: 0 },
    answers: [
      ...names.map((target) => ({ target, rttMs: 5 })),
      { target: 'nan', rttMs: Number.NaN },
      { target: 'negative', rttMs: -1 },
      { target: 'endless', rttMs: Number.POSITIVE_INFINITY },
    ],
  })
  expect(Object.keys(line.targets)).toHaveLength(16)
  expect(Object.keys(line.targets).at(-1)).toBe('__proto__')
  expect(Object.getPrototypeOf(line.targets)).toBe(Object.prototype)
})
