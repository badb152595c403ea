import { expect, test } from 'vitest'
import { inNamespace } from './namespace.ts'

test('P1: every beginning of an apply and of a removal carries traffic, and the next run ends right', async () => {
  const script = new URL('play-interrupted.ts', import.meta.url)
  const { stdout } = await inNamespace(script, [], { timeoutMs: 290_000 })
  const { prefixes, broken } = JSON.parse(stdout) as { prefixes: number; broken: string[] }
  expect(broken).toEqual([])
  expect(prefixes).toBeGreaterThan(80)
}, 300_000)
