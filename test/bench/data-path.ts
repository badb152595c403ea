/** Has the emulated machine measure the price of packets behind each ruleset. */
import type { EmulatedMachine } from '../emulated/machine.ts'
import { projectFolder } from '../emulated/paths.ts'
import type { Plan, Result } from './results.ts'

export async function measureDataPath(
  machine: EmulatedMachine,
  plans: readonly Plan[],
  progress: (line: string) => void,
): Promise<readonly Result[]> {
  const results: Result[] = []
  for (const plan of plans) {
    const script = `${projectFolder}/test/bench/programs/data-path.js`
    const printed = await machine.run(`${projectFolder}/node ${script} '${JSON.stringify(plan)}'`, 900_000)
    results.push({ ...plan, prices: JSON.parse(printed) })
    progress(`${plan.ruleset}, ${plan.uplinks} uplinks: ${printed.trim()}`)
  }
  return results
}
