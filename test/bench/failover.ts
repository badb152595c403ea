/** The chapter on failover: what is lost when one of two uplinks fails. Takes half an hour. */
import { start } from '../lab/command.ts'
import { disposer } from '../lab/disposer.ts'
import type { Chapter } from './chapter.ts'
import type { FailoverPlan, FailoverResults, FaultResult } from './failover-results.ts'
import { failoverSection } from './failover-section.ts'
import { machineFacts } from './machine-facts.ts'

const rounds = 20

export const failover: Chapter<FailoverResults> = {
  name: 'failover',
  measure: async (progress) => {
    const ours = await measureFailover(
      { who: 'ifbalance', faults: ['carrier', 'blackhole', 'lease', 'upgrade'], rounds },
      progress,
    )
    // They spend their time with waiting: together.
    const others = await Promise.all([
      measureFailover({ who: 'article', faults: ['carrier', 'blackhole', 'lease'], rounds }, progress),
      measureFailover({ who: 'shorewall', faults: ['carrier', 'blackhole', 'lease', 'upgrade'], rounds }, progress),
    ])
    return { on: machineFacts(), results: [...ours, ...others.flat()] }
  },
  section: failoverSection,
}

/** In a process of its own, as each lab has its names from one. */
export async function measureFailover(
  plan: FailoverPlan,
  progress: (line: string) => void,
): Promise<readonly FaultResult[]> {
  const undo = disposer()
  const program = `${import.meta.dirname}/programs/failover.ts`
  const argv = [process.execPath, '--disable-warning=ExperimentalWarning', program, JSON.stringify(plan)]
  const running = await start(argv)
  undo.defer(`the lab of ${plan.who}`, () => running.stop('SIGTERM'))
  const results: FaultResult[] = []
  running.onLine((line) => {
    const result: FaultResult = JSON.parse(line)
    results.push(result)
    progress(
      `${result.who}, ${result.fault}: ${result.rounds.map(({ goodMs }) => goodMs?.toFixed(0) ?? 'never').join(' ')}`,
    )
  })
  await running.ended
  await undo.dispose()
  if (results.length !== plan.faults.length) throw new Error(`failover of ${plan.who}: ${running.stderr().trim()}`)
  return results
}
