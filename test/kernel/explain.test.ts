import { expect, test } from 'vitest'
import { inNamespace } from './namespace.ts'

const seed = Number(process.env['SEED'] ?? 20261123)

test(`what explain says of random rulesets and packets is where they go (SEED=${seed})`, {
  timeout: 240_000,
}, async () => {
  const play = new URL('play-explain.ts', import.meta.url)
  const { stdout } = await inNamespace(play, [String(seed)], { timeoutMs: 230_000 })
  const { certain, several, wrong } = JSON.parse(stdout) as Record<'certain' | 'several', number> & { wrong: unknown[] }
  expect(wrong).toEqual([])
  expect(certain).toBeGreaterThan(200)
  expect(several).toBeGreaterThan(100)
})
