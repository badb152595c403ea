/** `SEQUENCES=1000 SEED=1 npx vitest run --project kernel random` plays longer, and again what a seed has found. */
import { expect, test } from 'vitest'
import { record } from '../lab/measurements.ts'
import { inNamespace } from './namespace.ts'

const sequences = Number(process.env['SEQUENCES'] ?? 60)
const seed = Number(process.env['SEED'] ?? Date.now() % 1e9)

test(
  `after ${sequences} sequences of random events all is as a fresh apply makes it (seed ${seed})`,
  async () => {
    const script = new URL('play-random.ts', import.meta.url)
    const { stdout } = await inNamespace(script, [String(sequences), String(seed)], { timeoutMs: sequences * 2000 })
    const { runs, failure } = JSON.parse(stdout) as { runs: number; failure: string | null }
    expect(failure, `seed ${seed}`).toBeNull()
    expect(runs).toBe(sequences)
    const name = `random event sequences, of ${sequences}, that end unlike a fresh apply`
    record({ name, value: 0, unit: 'sequences', limit: 0, release: 'namespace', stack: 'kernel' })
  },
  sequences * 2100,
)
