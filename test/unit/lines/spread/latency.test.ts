import { expect, test } from 'vitest'
import { type LineModel, newLine } from '../../../../src/lines/capacity/line-model.ts'
import { observe } from '../../../../src/lines/capacity/observe.ts'
import { nearest, newNearest } from '../../../../src/lines/spread/latency.ts'

const bandwidth = { down: 5e6, up: 5e6 }

interface Look {
  readonly ms: number | null
  /** Bytes/s. */
  readonly down?: number
}

/** What was changed in so many seconds of lines with these round trips. */
function play(seconds: readonly (readonly Look[])[]) {
  let lines: readonly LineModel[] = seconds[0]?.map(() => newLine(bandwidth)) ?? []
  let state = newNearest
  let at = 0
  return seconds.map((looks) => {
    at += 1000
    lines = lines.map((line, i) => {
      const { ms = null, down = 0 } = looks[i] ?? {}
      const rx = (line.counters?.rx ?? 0) + down
      return observe(line, { at, counters: { rx, tx: 0 }, answers: ms === null ? [] : [{ target: 'one', rttMs: ms }] })
    })
    const named = Object.fromEntries(lines.map((line, i) => [`line-${i}`, line]))
    const { nearest: next, weights } = nearest(JSON.parse(JSON.stringify(state)), named, at)
    state = next
    return weights
  })
}

const of = (count: number, ...looks: readonly Look[]) => Array.from({ length: count }, () => looks)
const changesOf = (all: ReturnType<typeof play>) => all.filter((weights) => weights !== null)

test('the nearest line takes new connections, with those that are about as near', () => {
  expect(changesOf(play(of(30, { ms: 20 }, { ms: 60 })))).toEqual([{ 'line-0': 256 }])
  expect(changesOf(play(of(30, { ms: 20 }, { ms: 28 }, { ms: 60 })))).toEqual([{ 'line-0': 256, 'line-1': 256 }])
})

test('lines that are about as near share by what they have left', () => {
  const changes = changesOf(play([...of(5, { ms: 20 }, { ms: 25 }), ...of(30, { ms: 20, down: 4e6 }, { ms: 25 })]))
  expect(changes.at(-1)?.['line-1']).toBe(256)
  expect(changes.at(-1)?.['line-0']).toBeLessThan(80)
})

test('a line that queues is far for as long, and one at the bound does not swing', () => {
  const queued = play([
    ...of(10, { ms: 20 }, { ms: 45 }),
    ...of(20, { ms: 150 }, { ms: 45 }),
    ...of(40, { ms: 20 }, { ms: 45 }),
  ])
  const takers = changesOf(queued).map((weights) => Object.keys(weights).join(' '))
  expect([takers[0], takers.at(-1)]).toEqual(['line-0', 'line-0'])
  expect(takers).toContain('line-1')
  expect(takers.length).toBeLessThanOrEqual(5)
  const atBound = Array.from({ length: 100 }, (_, i) => [{ ms: 20 }, { ms: 30 + (i % 2 === 0 ? 3 : -3) }])
  expect(changesOf(play(atBound)).length).toBeLessThanOrEqual(2)
})

test('where nobody answers, all lines take them; one that died takes its share along', () => {
  expect(changesOf(play(of(5, { ms: null }, { ms: null })))).toEqual([{ 'line-0': 256, 'line-1': 256 }])
  const both = { 'line-0': newLine(), 'line-1': newLine() }
  const { nearest: state } = nearest(newNearest, both, 1000)
  expect(nearest(state, { 'line-0': newLine() }, 9000).weights).toBeNull()
})
