/** Probes that are lost by all lines at once, for less time than it takes to find a line silent. Times in ms. */
import { expect, test } from 'vitest'
import { advanceTogether, type LineNews } from '../../../src/lines/family.ts'
import { newLine } from '../../../src/lines/machine.ts'
import type { PathHealth } from '../../../src/lines/path-health.ts'
import { lossOf } from '../../../src/lines/quality.ts'
import { settingsOf } from './simulation.ts'

const quick = settingsOf()
const metered = settingsOf({ metered: true })
const answered = { kind: 'answer', rttMs: 20 } as const
const missed = { kind: 'miss', asked: true } as const
const unanswered = { kind: 'opinion', rttMs: null, datagram: true } as const
const told = { kind: 'opinion', rttMs: 20, datagram: true } as const

/** Each line's probes leave a bit later than those of the one before. Its events come a second apart. */
function play(histories: readonly (readonly LineNews['event'][])[], settings = histories.map(() => quick)) {
  let lines = new Map<string, PathHealth>(settings.map((own, i) => [`wan${i + 1}`, newLine(0, own)]))
  const long = Math.max(...histories.map(({ length }) => length))
  for (let second = 0; second < long; second++)
    for (const [i, events] of histories.entries()) {
      const event = events[second]
      if (!event) continue
      const members = new Map([...lines].map(([key, line], n) => [key, { line, settings: settings[n] ?? quick }]))
      const now = (second + 1) * 1000 + i * 90
      lines = new Map(advanceTogether(members, [{ key: `wan${i + 1}`, event }], now, false).lines)
    }
  return [...lines.values()]
}

const many = <T>(count: number, event: T): readonly T[] => Array.from({ length: count }, () => event)
const well = many(30, answered)
const lossesOf = (lines: readonly PathHealth[]) => lines.map((line) => Math.round(lossOf(line) * line.outcomes.length))

test('two lines that miss two or three probes at once have lost none', () => {
  for (const count of [2, 3]) {
    const out = [...well, ...many(count, missed), ...many(5, answered)]
    expect(lossesOf(play([out, out]))).toEqual([0, 0])
  }
})

test('one that misses them alone has lost them', () => {
  const out = [...well, ...many(3, missed), ...many(5, answered)]
  const fine = many(38, answered)
  expect(lossesOf(play([out, fine]))).toEqual([3, 0])
  expect(lossesOf(play([fine, out, fine]))).toEqual([0, 3, 0])
})

test('one whose neighbour misses one of the three has lost them', () => {
  const out = [...well, ...many(3, missed), ...many(5, answered)]
  for (let i = 0; i < 3; i++) {
    const partly = [...well, ...many(3, answered).with(i, missed as never), ...many(5, answered)]
    expect(lossesOf(play([out, partly]))[0]).toBe(3)
  }
})

test('one probe each says nothing by two lines, and is an outage of all by three', () => {
  const out = [...well, missed, ...many(5, answered)]
  expect(lossesOf(play([out, out]))).toEqual([1, 1])
  expect(lossesOf(play([out, out, out]))).toEqual([0, 0, 0])
})

test('the outage is over, too, when a question is answered that was asked for what was missed', () => {
  const out = [...well, missed, unanswered, missed, unanswered, missed, told, ...many(5, answered)]
  expect(lossesOf(play([out, out]))).toEqual([0, 0])
})

test('where echo is dropped and questions are answered, that is known as ever', () => {
  const muted = [...well, ...many(30, [missed, told]).flat()]
  for (const line of play([muted, muted, muted, muted])) expect(line.outcomes.filter((one) => !one)).toHaveLength(30)
})

test('a metered line, which is seldom asked, is no witness', () => {
  const out = [...well, ...many(3, missed), ...many(5, answered)]
  expect(lossesOf(play([out, out, []], [quick, quick, metered]))).toEqual([0, 0, 0])
  expect(lossesOf(play([out, []], [quick, metered]))).toEqual([3, 0])
})

test('what is missed now is no loss before something is answered', () => {
  const out = [...well, ...many(3, missed)]
  expect(lossesOf(play([out, many(33, answered)]))).toEqual([0, 0])
})
