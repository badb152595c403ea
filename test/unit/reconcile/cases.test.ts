/** Pure: what has been seen of each case's world, against the plan that stands in its folder. */
import { expect, test } from 'vitest'
import type { Observed } from '../../../src/model/observed.ts'
import { commandOf } from '../../../src/reconcile/apply/commands.ts'
import { decide } from '../../../src/reconcile/decide/decide.ts'
import { diff } from '../../../src/reconcile/diff.ts'
import { allCases } from '../../cases.ts'

const cases = allCases()

test('there are cases', () => expect(cases.length).toBeGreaterThan(10))

test.each(cases)('$name: no map is within a rule', ({ read }) => {
  expect(read('plan.txt')).not.toMatch(/ v?map \{/)
})

test.each(cases)('$name', ({ config, read }) => {
  const observed: Observed = JSON.parse(read('observed.json'))
  const desired = decide(config, observed)
  const steps = diff(observed, desired, config.layout)
  const lines = [...desired.warnings.map(({ reason }) => `# warning: ${reason}`), ...steps.map(commandOf)]
  expect(`${lines.join('\n')}\n`).toBe(read('plan.txt'))
})
