import { expect, test } from 'vitest'
import { addRuleLook, busiestRules, type RuleLooks } from '../../../src/cli/rule-rates.ts'

const look = (looks: RuleLooks, at: number, counts: Readonly<Record<string, number>>) =>
  addRuleLook(
    looks,
    Object.entries(counts).map(([name, connections]) => ({ name, connections })),
    at,
  )

test('rules that have taken something, the busiest of the last ten seconds first', () => {
  let looks = look([], 0, { a: 100, b: 0, c: 0, d: 7 })
  expect(busiestRules(looks)).toEqual([
    { name: 'a', connections: 100, perSecond: null },
    { name: 'd', connections: 7, perSecond: null },
  ])
  for (let second = 1; second <= 20; second++) looks = look(looks, second * 1000, { a: 101, b: second * 3, c: 0, d: 7 })
  expect(busiestRules(looks)).toEqual([
    { name: 'b', connections: 60, perSecond: 3 },
    { name: 'a', connections: 101, perSecond: 0 },
    { name: 'd', connections: 7, perSecond: 0 },
  ])
  expect(looks.length).toBeLessThan(13)
})

test('after a long pause, the rate is that of the pause; a counter that went back, or is new, has none yet', () => {
  const looks = look(look([], 0, { a: 10, b: 10 }), 60_000, { a: 70, b: 2, c: 1 })
  expect(busiestRules(looks)).toEqual([
    { name: 'a', connections: 70, perSecond: 1 },
    { name: 'b', connections: 2, perSecond: null },
    { name: 'c', connections: 1, perSecond: null },
  ])
  expect(busiestRules([])).toEqual([])
})
