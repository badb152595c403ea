import { expect, test } from 'vitest'
import { median, record } from '../lab/measurements.ts'
import { inNamespace } from './namespace.ts'

test('how long a reconcile takes', async () => {
  const { stdout } = await inNamespace(new URL('play-reconcile.ts', import.meta.url), [])
  const { everything, nothing } = JSON.parse(stdout) as Record<'everything' | 'nothing', number[]>
  expect([everything.length, nothing.length]).toEqual([20, 20])
  const where = { release: 'namespace', stack: 'kernel', unit: 'ms' }
  record({
    ...where,
    name: 'one reconcile of two uplinks, nothing to change (median)',
    value: median(nothing),
    limit: 40,
  })
  record({
    ...where,
    name: 'one reconcile of two uplinks, all to change (median)',
    value: median(everything),
    limit: 120,
  })
})
