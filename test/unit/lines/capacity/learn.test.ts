import { describe, expect, test } from 'vitest'
import { demandOf, learn, loadOf } from '../../../../src/lines/capacity/learn.ts'
import { newLine } from '../../../../src/lines/capacity/line-model.ts'
import { answers, inTime, knownOf, lateAnswers, rested, together } from './lines-of.ts'

const two = [{ line: rested() }, { line: rested() }]
/** Mbit/s that vary, as where the load is what limits. */
const wavering = (mean: number, second: number) => mean * (1 + 0.3 * Math.sin(2 * second))

describe('capacity', () => {
  test('is unknown at rest, and next to nothing teaches nothing', () => {
    const [line] = together(two, 20, () => [{ down: 0.1, answers: lateAnswers }, { down: 0.1 }])
    expect(knownOf(line, 'down')).toEqual(['unknown', 0])
  })

  test('is at least what was carried without a queue, and the other way stays unknown', () => {
    const [line] = together(two, 10, (second) => [{ down: wavering(8, second), answers: inTime }, {}])
    expect(knownOf(line, 'down')).toEqual(['at-least', 10])
    expect(knownOf(line, 'up')).toEqual(['unknown', 0])
  })

  test('is known of a line that queues, with the time since when', () => {
    const [line, other] = together(two, 5, (second) => [
      { down: wavering(8, second), answers: inTime },
      { down: 10 + (second % 2), up: 0.2, answers: lateAnswers },
    ])
    expect(knownOf(other, 'down')).toEqual(['known', 11])
    expect(other?.capacity.down.since).toBe(13_000)
    expect(line?.capacity.down.sure).toBe('at-least')
  })

  test('is known of a line whose rate stands still although answers come in time: a policer, a fair queue', () => {
    const [, other] = together(two, 6, (second) => [
      { down: wavering(25, second), answers: inTime },
      { down: 10, up: 0.2, answers: inTime },
    ])
    expect(knownOf(other, 'down')).toEqual(['known', 10])
  })

  test('is not known of sessions that keep their own pace, in packets that are small, however long that stands still', () => {
    const paced = (packetBytes: number) =>
      together(two, 30, () => [
        { down: 2.4, up: 2.4, packetBytes, answers: inTime },
        { down: 1.8, up: 1.8, packetBytes, answers: inTime },
      ]).map((line) => [line.capacity.down.sure, line.capacity.up.sure])
    expect(paced(80)).toEqual([
      ['at-least', 'at-least'],
      ['at-least', 'at-least'],
    ])
    // Large ones may be a policer's.
    expect(paced(1200)).toEqual([
      ['known', 'known'],
      ['known', 'known'],
    ])
  })

  test('grows where a line carries what it is said to, without a queue, while another one is full', () => {
    const first = together(two, 4, () => [
      { down: 20, answers: lateAnswers },
      { down: 10, answers: lateAnswers },
    ])
    expect(first.map((line) => knownOf(line, 'down'))).toEqual([
      ['known', 20],
      ['known', 10],
    ])
    const [line] = together(
      first.map((one) => ({ line: one })),
      6,
      (second) => [
        { down: wavering(19, second), answers: inTime },
        { down: 10, answers: lateAnswers },
      ],
    )
    expect(line?.capacity.down.rate).toBeGreaterThan(1.2 * 20 * 125_000)
  })

  test('falls in ten seconds with a line that falls to a tenth', () => {
    const first = together(two, 5, () => [
      { down: 100, answers: lateAnswers },
      { down: 100, answers: lateAnswers },
    ])
    const [line] = together(
      first.map((one) => ({ line: one })),
      10,
      () => [
        { down: 10, answers: lateAnswers },
        { down: 100, answers: lateAnswers },
      ],
    )
    expect(line?.capacity.down.rate).toBeLessThan(13 * 125_000)
  })

  test('does not fall for bursts that queue for a moment', () => {
    const first = together(two, 5, () => [
      { down: 20, answers: lateAnswers },
      { down: 20, answers: lateAnswers },
    ])
    const [line] = together(
      first.map((one) => ({ line: one })),
      20,
      (second) => [
        { down: second % 3 === 0 ? 14 : 5, answers: lateAnswers },
        { down: 20, answers: lateAnswers },
      ],
    )
    expect(line?.capacity.down.rate).toBeGreaterThan(17 * 125_000)
  })

  test('begins with what the administrator said, and is never more', () => {
    const bandwidth = { down: 12 * 125_000, up: null }
    const line = rested(bandwidth)
    expect(knownOf(line, 'down')).toEqual(['known', 12])
    expect(knownOf(line, 'up')).toEqual(['unknown', 0])
    const [faster] = together([{ line, bandwidth }, { line: rested() }], 8, (second) => [
      { down: wavering(18, second), answers: inTime },
      { down: 10, answers: lateAnswers },
    ])
    expect(knownOf(faster, 'down')).toEqual(['known', 12])
  })
})

describe('what queues', () => {
  test('is the upload, where downloads are only acknowledgements or waver', () => {
    const [line] = together(two, 5, (second) => [{ down: wavering(3, second), up: 5, answers: lateAnswers }, {}])
    expect(line && [loadOf(line, 'down'), loadOf(line, 'up')]).toEqual(['free', 'full'])
    const [uploads] = together(two, 5, () => [{ down: 0.1, up: 5, answers: lateAnswers }, {}])
    expect(uploads && loadOf(uploads, 'down')).toBe('free')
  })

  test('is neither way of a line that carries nothing itself', () => {
    const [line] = together(two, 5, () => [{ answers: lateAnswers }, { down: 10, answers: inTime }])
    expect(line && loadOf(line, 'down')).not.toBe('full')
  })

  test('is in doubt when half of the targets are late', () => {
    const half = answers(0).map(({ target, rttMs }, i) => ({ target, rttMs: i === 0 ? (rttMs ?? 0) + 60 : rttMs }))
    const [line] = together(two, 3, (second) => [{ down: wavering(8, second), answers: half.slice(0, 2) }, {}])
    expect(line?.queue.late).toBeLessThanOrEqual(0.5)
    expect(line && loadOf(line, 'down')).not.toBe('full')
  })
})

test('acknowledgements are no demand', () => {
  const [line] = together(two, 2, () => [{ down: 40, up: 1 }, {}])
  expect(line && demandOf([line])).toEqual({ down: 40 * 125_000 - 0.06 * 125_000, up: 0 })
  expect(learn([{ line: newLine() }])).toEqual([newLine()])
})
