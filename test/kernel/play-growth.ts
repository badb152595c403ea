/**
 * The set of uplinks grows and shrinks at random, numbers from 1 to 63: each round's changes are accepted by this
 * namespace's kernel, and the end is what a fresh start makes. Arguments: how many sequences, and the seed.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { paths } from '../../src/layout.ts'
import { commandOf } from '../../src/reconcile/apply/commands.ts'
import { reconcile, takeDown } from '../../src/reconcile/reconcile.ts'
import { stateFile } from '../../src/store/state.ts'
import { configOf } from '../config-of.ts'
import { difference, kernelState } from './kernel-state.ts'
import { twoUplinks } from './world.ts'

const [sequences = 10, seed = 1] = process.argv.slice(2).map(Number)
mkdirSync(paths.run, { recursive: true })
const config = configOf('')

await twoUplinks()
const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 63 }), { minLength: 2, maxLength: 24 })
const report = await fc.check(
  fc.asyncProperty(fc.array(numbers, { minLength: 2, maxLength: 5 }), async (sets) => {
    for (const set of sets) {
      remember(set)
      await settles()
    }
    const evolved = await kernelState()
    const state = readFileSync(stateFile.path, 'utf8')
    await takeDown(config)
    writeFileSync(stateFile.path, state)
    await settles()
    const lines = difference(await kernelState(), evolved)
    if (lines.length > 0) throw new Error(`not as from nothing:\n${lines.join('\n')}`)
  }),
  { numRuns: sequences, seed, endOnFailure: true },
)
process.stdout.write(
  JSON.stringify(report.failed ? `${fc.defaultReportMessage(report)}\n${report.errorInstance}` : null),
)

/** The present uplinks have the first two, others that are away have the rest. */
function remember([first, second, ...others]: readonly number[]): void {
  const gone = others.map((number) => [`gone${number}`, { number, interface: `gone${number}` }] as const)
  const here = [first, second].map((number, i) => [`wan${i + 1}`, { number, interface: `wan${i + 1}` }] as const)
  writeFileSync(stateFile.path, JSON.stringify({ uplinks: Object.fromEntries([...here, ...gone]), sysctls: {} }))
}

async function settles(): Promise<void> {
  const { remaining, refused, errors } = await reconcile(config)
  const undone = [...remaining, ...refused.map(({ step }) => step)].map(commandOf)
  if (undone.length + errors.length > 0) throw new Error([...errors, ...undone].join('; '))
}
