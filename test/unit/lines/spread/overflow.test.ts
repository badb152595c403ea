import { expect, test } from 'vitest'
import type { LineModel } from '../../../../src/lines/capacity/line-model.ts'
import { newOverflow, overflow } from '../../../../src/lines/spread/overflow.ts'
import { inTime, lateAnswers, nextOf, rested, type Second } from '../capacity/lines-of.ts'

const cheap = rested({ down: 40 * 125_000, up: 10 * 125_000 })
const dear = rested({ down: 40 * 125_000, up: 10 * 125_000 })
const wavering = (mean: number, second: number) => mean * (1 + 0.2 * Math.sin(2 * second))

/** Who takes new connections after each second. */
function play(
  lines: Readonly<Record<string, LineModel>>,
  groups: readonly (readonly string[])[],
  seconds: readonly Readonly<Record<string, Second>>[],
) {
  let [known, state] = [lines, newOverflow]
  return seconds.map((second) => {
    known = Object.fromEntries(Object.entries(known).map(([name, line]) => [name, nextOf(line, second[name] ?? {})]))
    const at = Object.values(known)[0]?.at ?? 0
    const named = groups.map((names) => Object.fromEntries(names.map((name) => [name, known[name] as LineModel])))
    const { overflow: next, takes } = overflow(JSON.parse(JSON.stringify(state)), named, 0.9, at)
    state = next
    return takes.join(' ')
  })
}

const of = (count: number, each: (second: number) => Readonly<Record<string, Second>>) =>
  Array.from({ length: count }, (_, second) => each(second))

test('the first line takes everything until it carries 90 % of what it can, and again when it carries much less', () => {
  const takes = play(
    { cheap, dear },
    [['cheap'], ['dear']],
    [
      ...of(5, (second) => ({ cheap: { down: wavering(20, second), answers: inTime } })),
      ...of(5, (second) => ({ cheap: { down: wavering(39, second), answers: inTime } })),
      // Less, but not by so much, and then for a moment: nothing swings.
      ...of(6, (second) => ({ cheap: { down: wavering(33, second), answers: inTime } })),
      ...of(3, (second) => ({ cheap: { down: wavering(12, second), answers: inTime } })),
      ...of(8, (second) => ({ cheap: { down: wavering(12, second), answers: inTime } })),
    ],
  )
  expect(new Set(takes.slice(0, 5))).toEqual(new Set(['cheap']))
  expect(takes.slice(7, 18)).toEqual(Array.from({ length: 11 }, () => 'dear'))
  expect(takes.at(-1)).toBe('cheap')
})

test('uploads fill a line as well, and so does a queue where nobody knows what it can carry', () => {
  expect(
    play(
      { cheap, dear },
      [['cheap'], ['dear']],
      of(5, () => ({ cheap: { up: 9.5, answers: inTime } })),
    ).at(-1),
  ).toBe('dear')
  const unknown = rested()
  const queued = of(4, (second) => ({ unknown: { down: wavering(5, second), answers: lateAnswers } }))
  expect(play({ unknown, dear }, [['unknown'], ['dear']], queued).at(-1)).toBe('dear')
})

test('lines of one metric fill together, and when all are full all take what comes', () => {
  const lines = { cheap, other: cheap, dear }
  const busy = (...names: readonly string[]) =>
    of(5, () => Object.fromEntries(names.map((name) => [name, { down: 39.5, answers: lateAnswers }])))
  const groups = [['cheap', 'other'], ['dear']]
  expect(play(lines, groups, busy('cheap')).at(-1)).toBe('other')
  expect(play(lines, groups, busy('cheap', 'other')).at(-1)).toBe('dear')
  expect(play(lines, groups, busy('cheap', 'other', 'dear')).at(-1)).toBe('cheap other dear')
})
