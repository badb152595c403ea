import { beforeAll, expect, test } from 'vitest'
import { record } from '../lab/measurements.ts'
import { inNamespace } from './namespace.ts'

interface Played {
  readonly checked: number
  readonly wrong: readonly unknown[]
  readonly marksKept: readonly string[]
  readonly setsBefore: readonly string[]
  readonly setsAfter: readonly string[]
  readonly times: Readonly<Record<'readMs' | 'loadMs' | 'idleWithoutMs' | 'idleWithMs' | 'failoverMs', number>>
}

let played: Played

beforeAll(async () => {
  const { stdout } = await inNamespace(new URL('play-steering-match.ts', import.meta.url), [], { timeoutMs: 170_000 })
  played = JSON.parse(stdout)
}, 180_000)

test('each thing that rules match is matched alone, in both families, forwarded and local', () => {
  expect(played.wrong).toEqual([])
  expect(played.checked).toBeGreaterThan(400)
})

test('bits of a mark that are not ours stay', () => {
  expect(played.marksKept).toEqual(['0x02000012', '0x82000012'])
})

test('a file of 100,000 prefixes is loaded once: neither a look nor a failover touches its sets, or names', () => {
  const { times, setsBefore, setsAfter } = played
  // Sources and destinations of both families, and a domain's.
  expect(setsBefore).toHaveLength(6)
  expect(setsAfter).toEqual(setsBefore)
  const figures = {
    'reading a file of 100,000 prefixes': times.readMs,
    'loading a ruleset with 100,000 prefixes': times.loadMs,
    'a look with nothing to change, 13 rules': times.idleWithoutMs,
    'a look with nothing to change, and 100,000 prefixes': times.idleWithMs,
    'a failover with 100,000 prefixes': times.failoverMs,
  }
  for (const [name, value] of Object.entries(figures))
    record({ name, value, unit: 'ms', limit: null, release: 'namespace', stack: 'rules' })
  const name = 'a look with nothing to change, of what loading 100,000 prefixes takes'
  const value = (100 * times.idleWithMs) / times.loadMs
  record({ name, value, unit: '%', limit: 30, release: 'namespace', stack: 'rules' })
})
