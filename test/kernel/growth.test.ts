import { expect, test } from 'vitest'
import { inNamespace } from './namespace.ts'

const sequences = Number(process.env['SEQUENCES'] ?? 4)
const seed = Number(process.env['SEED'] ?? Date.now() % 1e9)

test(
  `R3: however the set of uplinks grows and shrinks, nothing is refused, and it ends as a fresh start does (seed ${seed})`,
  async () => {
    const script = new URL('play-growth.ts', import.meta.url)
    const { stdout } = await inNamespace(script, [String(sequences), String(seed)], { timeoutMs: sequences * 15_000 })
    expect(JSON.parse(stdout), `seed ${seed}`).toBeNull()
  },
  sequences * 16_000,
)
