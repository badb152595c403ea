/**
 * Lines of the lab with real TCP, and who shares new connections out over them: with equal weights, as others do by default, with
 * weights that a good administrator would have set by hand, and as we find them out. Root; 64 clients of 250 kB each.
 *
 * IFBALANCE_ROUNDS=5 is how often everything is measured. IFBALANCE_CASES=WORDS,... measures the cases that have one of these in
 * their names, and keeps what was measured of others before. IFBALANCE_MINUTES=N: nothing more is begun after so long.
 * IFBALANCE_AT_ONCE=3 measures so many loads at the same time, each in a lab of its own: whatever else is busy then meets them alike.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { bundleSources } from '../../esbuild.bundle.ts'
import { command } from '../lab/command.ts'
import { bundle } from '../lab/program.ts'
import type { Chapter } from './chapter.ts'
import { machineFacts } from './machine-facts.ts'
import { type Case, cases } from './weights-cases.ts'
import type { Weighting, WeightsResults, WeightsSample } from './weights-results.ts'
import { weightsSection } from './weights-section.ts'

const clients = { concurrent: 64, bytes: 250_000 }
const setting = (name: string, usual: number) => Number(process.env[`IFBALANCE_${name}`] ?? usual)
const words = process.env['IFBALANCE_CASES']?.split(',') ?? ['']
const file = `${import.meta.dirname}/../../docs/benchmarks/weights.json`
const runMs = 300_000

export const weights: Chapter<WeightsResults> = {
  name: 'weights',
  section: weightsSection,
  measure: async (progress) => {
    mkdirSync(dirname(bundle), { recursive: true })
    await bundleSources(bundle)
    const wanted = cases.filter(({ name }) => words.some((word) => name.includes(word)))
    const until = performance.now() + setting('MINUTES', Number.POSITIVE_INFINITY) * 60_000
    const atOnce = setting('AT_ONCE', 1)
    const samples: WeightsSample[] = []
    const loads = wanted.flatMap((one) => one.weightings.map((weighting) => ({ one, weighting })))
    for (let round = 0; round < setting('ROUNDS', 5); round++)
      for (let i = 0; i < loads.length && performance.now() < until; i += atOnce) {
        const now = loads.slice(i, i + atOnce)
        const measured = await Promise.allSettled(now.map(({ one, weighting }) => measureOne(one, weighting)))
        for (const result of measured) {
          progress(result.status === 'fulfilled' ? JSON.stringify(result.value) : String(result.reason))
          if (result.status === 'fulfilled') samples.push(result.value)
        }
      }
    const { samples: before, atOnce: beforeAtOnce = 1 } = earlier()
    const kept = before.filter((sample) => !wanted.some(({ name }) => name === sample.lines))
    const most = kept.length > 0 ? Math.max(atOnce, beforeAtOnce) : atOnce
    return { on: machineFacts(), ...clients, atOnce: most, samples: inOrder([...kept, ...samples]) }
  },
}

async function measureOne({ name }: Case, weighting: Weighting): Promise<WeightsSample> {
  const program = [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    `${import.meta.dirname}/programs/weights.ts`,
  ]
  const { stdout } = await command([...program, name, weighting, JSON.stringify(clients)], { timeoutMs: runMs })
  return JSON.parse(stdout)
}

/** What the page has of cases that are there still. */
function earlier(): Pick<WeightsResults, 'samples' | 'atOnce'> {
  if (!existsSync(file)) return { samples: [] }
  const { samples, atOnce = 1 }: WeightsResults = JSON.parse(readFileSync(file, 'utf8'))
  return { samples: samples.filter(({ lines }) => cases.some(({ name }) => name === lines)), atOnce }
}

function inOrder(samples: readonly WeightsSample[]): readonly WeightsSample[] {
  return cases.flatMap(({ name }) => samples.filter(({ lines }) => lines === name))
}
