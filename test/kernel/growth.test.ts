/**
 * The set of uplinks grows and shrinks at random, numbers from 1 to 63: each round's changes are accepted by the kernel,
 * and the end is what a fresh start makes.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { paths } from '../../src/layout.ts'
import { stateFile } from '../../src/store/state.ts'
import { configOf } from '../config-of.ts'
import { endsAsFresh, settles } from './fresh-start.ts'
import { scenario } from './namespace.ts'
import { twoUplinks } from './world.ts'

const play = await scenario(import.meta, async (sequences: number, seed: number) => {
  await twoUplinks()
  mkdirSync(paths.run, { recursive: true })
  const config = configOf('')
  const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 63 }), { minLength: 2, maxLength: 24 })

  const sets = fc.array(numbers, { minLength: 2, maxLength: 5 })
  const grown = fc.asyncProperty(sets, async (each) => {
    for (const set of each) {
      remember(set)
      await settles(config)
    }
    await endsAsFresh(config)
  })
  const report = await fc.check(grown, { numRuns: sequences, seed, endOnFailure: true })
  return report.failed ? `${fc.defaultReportMessage(report)}\n${report.errorInstance}` : null
})

/** The present uplinks have the first two, others that are away have the rest. */
function remember([first, second, ...others]: readonly number[]): void {
  const gone = others.map((number) => [`gone${number}`, { number, interface: `gone${number}` }] as const)
  const here = [first, second].map((number, i) => [`wan${i + 1}`, { number, interface: `wan${i + 1}` }] as const)
  writeFileSync(stateFile.path, JSON.stringify({ uplinks: Object.fromEntries([...here, ...gone]), sysctls: {} }))
}

const sequences = Number(process.env['SEQUENCES'] ?? 4)
const seed = Number(process.env['SEED'] ?? Date.now() % 1e9)

test(
  `R3: however the set of uplinks grows and shrinks, nothing is refused, and it ends as a fresh start does (seed ${seed})`,
  async () => expect(await play({ timeoutMs: sequences * 15_000 }, sequences, seed), `seed ${seed}`).toBeNull(),
  sequences * 16_000,
)
