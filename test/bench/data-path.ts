/** Has the emulated machine measure the price of packets behind each ruleset. */
import { bootEmulated, type EmulatedMachine } from '../emulated/machine.ts'
import { projectFolder } from '../emulated/paths.ts'
import { disposer } from '../lab/disposer.ts'
import type { Chapter } from './chapter.ts'
import { dataPathSection } from './data-path-section.ts'
import { partNames } from './parts.ts'
import type { DataPathResults, Plan, Result } from './results.ts'
import { rulesetNames, variants } from './rulesets.ts'

type Progress = (line: string) => void

/** Rulesets that are measured, or variants of ours, where not all are; of the others the former figures stay. */
const wanted = process.env['IFBALANCE_RULESETS']?.split('/')

/** Takes a quarter of an hour. */
export const dataPath: Chapter<DataPathResults> = {
  name: 'data-path',
  section: dataPathSection,
  measure: async (progress, former) => {
    const undo = disposer()
    try {
      const machine = await bootEmulated(undo, { progress })
      const kernel = (await machine.run('uname -r')).trim()
      const peers: readonly Plan[] = [2, 4, 16, 63].flatMap((uplinks) =>
        rulesetNames.map((ruleset) => ({ ruleset, uplinks, rounds: 3, variant: 'none' })),
      )
      const ours: readonly Plan[] = variants
        .filter((variant) => variant !== 'none')
        .map((variant) => ({ ruleset: 'ifbalance', uplinks: 2, rounds: 3, variant }))
      const parts: readonly Plan[] = partNames.map((ruleset) => ({ ruleset, uplinks: 2, rounds: 3, variant: 'none' }))
      const all = [...peers, ...ours, ...parts]
      const isWanted = ({ ruleset, variant }: Plan) => wanted?.some((one) => one === ruleset || one === variant) ?? true
      const plans = all.filter(isWanted)
      const kept = former?.results.filter((result) => !plans.some((plan) => isSame(plan, result))) ?? []
      return { kernel, results: [...kept, ...(await measurePlans(machine, plans, progress))] }
    } finally {
      await undo.dispose()
    }
  },
}

function isSame(one: Plan, other: Plan): boolean {
  return one.ruleset === other.ruleset && one.uplinks === other.uplinks && one.variant === other.variant
}

export async function measurePlans(
  machine: EmulatedMachine,
  plans: readonly Plan[],
  progress: Progress,
): Promise<readonly Result[]> {
  const results: Result[] = []
  for (const plan of plans) {
    const script = `${projectFolder}/test/bench/programs/data-path.js`
    const printed = await machine.run(`${projectFolder}/node ${script} '${JSON.stringify(plan)}'`)
    results.push({ ...plan, prices: JSON.parse(printed) })
    progress(`${plan.ruleset}, ${plan.uplinks} uplinks, ${plan.variant}: ${printed.trim()}`)
  }
  return results
}
