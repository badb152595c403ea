/** How long a reconcile of two uplinks takes inside one process, as in the daemon: prints milliseconds as JSON. */

import { reconcile, takeDown } from '../../src/reconcile/reconcile.ts'
import { configOf } from '../config-of.ts'
import { twoUplinks } from './world.ts'

const config = configOf('')

await twoUplinks()
// The first few are the engine's own warming up: a daemon has them behind it.
for (let round = 0; round < 5; round++) {
  await reconcile(config)
  await takeDown(config)
}
const everything: number[] = []
const nothing: number[] = []
for (let round = 0; round < 20; round++) {
  await takeDown(config)
  everything.push(await took(() => reconcile(config)))
  nothing.push(await took(() => reconcile(config)))
}
process.stdout.write(JSON.stringify({ everything, nothing }))

async function took(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}
