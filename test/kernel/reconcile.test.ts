/** How long a reconcile takes inside one process, as in the daemon. */
import { expect, test } from 'vitest'
import { reconcile, takeDown } from '../../src/reconcile/reconcile.ts'
import { configOf } from '../config-of.ts'
import { median, record } from '../lab/measurements.ts'
import { scenario } from './namespace.ts'
import { twoUplinks } from './world.ts'

const play = await scenario(import.meta, async () => {
  await twoUplinks()
  const config = configOf('')
  // The first few are the engine's own warming up: a daemon has them behind it.
  for (let round = 0; round < 5; round++) {
    await reconcile(config)
    await takeDown(config)
  }

  const [everything, nothing]: [number[], number[]] = [[], []]
  for (let round = 0; round < 20; round++) {
    await takeDown(config)
    everything.push(await took(() => reconcile(config)))
    nothing.push(await took(() => reconcile(config)))
  }
  return { everything, nothing }
})

async function took(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

test('how long a reconcile takes', async () => {
  const { everything, nothing } = await play({})
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
