/** What is told before the kernel is looked at again is what a look would find. */
import { expect, test } from 'vitest'
import type { Observed } from '../../../src/model/observed.ts'
import { afterSteps } from '../../../src/reconcile/after-steps.ts'
import { decide } from '../../../src/reconcile/decide/decide.ts'
import { internetWays } from '../../../src/reconcile/decide/routing/internet.ts'
import { diff } from '../../../src/reconcile/diff.ts'
import { allCases } from '../../cases.ts'

const routing = /^(replace|delete)-route$|^(add|delete)-rule$/

test.each(allCases())('$name: of routes and rules, nothing is left to do', ({ config, read }) => {
  const observed = JSON.parse(read('observed.json')) as Observed
  const desired = decide(config, observed)
  const after = afterSteps(observed, diff(observed, desired, config.layout))
  expect(diff(after, desired, config.layout).filter(({ kind }) => routing.test(kind))).toEqual([])
})

test.each(allCases().filter(({ name }) => name === 'two-dhcp-uplinks'))('shares are those of the new routes', (one) => {
  const observed = JSON.parse(one.read('observed.json')) as Observed
  const shares = (world: Observed) => internetWays('inet', world).map(({ device, share }) => [device, share])
  const steps = diff(observed, decide(one.config, observed), one.config.layout)
  expect(shares(observed)).toEqual([['wan1', 1]])
  expect(Object.fromEntries(shares(afterSteps(observed, steps)))).toEqual({ wan1: 0.5, wan2: 0.5 })
})
