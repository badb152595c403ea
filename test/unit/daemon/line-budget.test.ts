import { expect, test } from 'vitest'
import { createLineBudget } from '../../../src/daemon/line-budget.ts'
import { textOf } from '../../../src/model/event-text.ts'

test('as many lines as there is room for; what was left out is counted when there is room again', () => {
  let now = 0
  const said: string[] = []
  const budget = createLineBudget('info', 3, 60, () => now)
  const say = (...lines: readonly string[]) =>
    budget.say(
      lines.map((command) => ({ event: 'change', step: 'add-rule', command })),
      (event) => void said.push(textOf(event)),
    )
  say('a', 'b')
  say('c', 'd', 'e')
  expect(said).toEqual(['a', 'b', 'c'])
  now = 1000
  say('f', 'g')
  expect(said.slice(3)).toEqual(['... and 2 more lines that nobody would read', 'f'])
  now = 3_600_000
  say('h', 'i', 'j', 'k')
  expect(said.slice(5)).toEqual(['... and 1 more line that nobody would read', 'h', 'i', 'j'])
})
