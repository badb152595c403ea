/** `CHOICES=500 SEED=1 npx vitest run --project kernel harm` plays longer, and again what a seed has found; SHRINK=1 shrinks that. */
import { expect, test } from 'vitest'
import { inNamespace } from './namespace.ts'

const choices = Number(process.env['CHOICES'] ?? 8)
const seed = Number(process.env['SEED'] ?? Date.now() % 1e9)

test(
  `${choices} random routers of others' making: what worked without us works with us, and after us (seed ${seed})`,
  async () => {
    const script = new URL('harm/play-harm.ts', import.meta.url)
    const { stdout } = await inNamespace(
      script,
      [String(choices), String(seed), ...(process.env['SHRINK'] ? ['shrink'] : [])],
      {
        timeoutMs: 60_000 + choices * 20_000,
      },
    )
    const { runs, flows, failure } = JSON.parse(stdout) as { runs: number; flows: number; failure: string | null }
    expect(failure, `seed ${seed}`).toBeNull()
    expect(runs).toBe(choices)
    expect(flows).toBeGreaterThan(choices * 20)
  },
  90_000 + choices * 20_000,
)
