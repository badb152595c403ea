import { expect, test } from 'vitest'
import { median, record } from '../lab/measurements.ts'
import { inNamespace } from './namespace.ts'

test('how long a reconcile takes', async () => {
  const { stdout } = await inNamespace(new URL('play-reconcile.ts', import.meta.url), [])
  const { everything, nothing } = JSON.parse(stdout) as Record<'everything' | 'nothing', number[]>
  expect([everything.length, nothing.length]).toEqual([20, 20])
  const where = { release: 'namespace', stack: 'kernel', unit: 'ms' }
  for (const [what, times, limit] of [
    ['nothing to change', nothing, 40],
    ['all to change', everything, 120],
  ] as const) {
    record({ ...where, name: `one reconcile of two uplinks, ${what} (median)`, value: median(times), limit: null })
    // It lasts so short that what else the machine does is most of the median: of twenty, one is hardly disturbed.
    record({ ...where, name: `one reconcile of two uplinks, ${what} (fastest)`, value: Math.min(...times), limit })
  }
})
