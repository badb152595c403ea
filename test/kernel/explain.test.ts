import { expect, test } from 'vitest'
import { inNamespace } from './namespace.ts'

const seed = Number(process.env['SEED'] ?? 20261123)

test(`what explain says of random rulesets and packets is where they go (SEED=${seed})`, {
  timeout: 240_000,
}, async () => {
  const play = new URL('play-explain.ts', import.meta.url)
  const { stdout } = await inNamespace(play, [String(seed)], { timeoutMs: 230_000 })
  type Counts = Record<'certain' | 'several' | 'ipv6', number> & { readonly wrong: readonly unknown[] }
  const { certain, several, ipv6, wrong }: Counts = JSON.parse(stdout)
  expect(wrong).toEqual([])
  expect(certain).toBeGreaterThan(200)
  expect(several).toBeGreaterThan(100)
  expect(ipv6).toBeGreaterThan(200)
})
