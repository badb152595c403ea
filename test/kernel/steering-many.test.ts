import { beforeAll, expect, test } from 'vitest'
import { record } from '../lab/measurements.ts'
import { inNamespace } from './namespace.ts'

interface Load {
  readonly loadMs: number
  readonly idleMs: number
  /** Of all chains. */
  readonly lines: number
}

/** Parts of all flows: on the uplink that fails, and those that are elsewhere after each change. */
type Moves = Readonly<Record<'had' | 'failed' | 'returned' | 'notAsBefore' | 'weight', number>>

let played: Readonly<Record<'ten' | 'thousand' | 'largest' | 'oneCodePointEach', Load>> & {
  readonly moves: Readonly<Record<string, Moves>>
}

beforeAll(async () => {
  const { stdout } = await inNamespace(new URL('play-steering-many.ts', import.meta.url), [], { timeoutMs: 170_000 })
  played = JSON.parse(stdout)
}, 180_000)

const note = (name: string, value: number, unit: string, limit: number | null = null) =>
  record({ name, value, unit, limit, release: 'namespace', stack: 'rules' })

test('R4: a packet meets as many lines with 1,000 disjoint rules as with 10, and a look takes little more time', () => {
  const { ten, thousand } = played
  expect(thousand.lines).toBe(ten.lines)
  note('loading 10 rules', ten.loadMs, 'ms')
  note('loading 1,000 rules', thousand.loadMs, 'ms')
  note('a look with nothing to change, 10 rules', ten.idleMs, 'ms')
  note('a look with nothing to change, 1,000 rules', thousand.idleMs, 'ms', 1000)
})

test('a rule of 65,536 combinations is loaded; each code point is listed as it was written', () => {
  note('loading a rule of 65,536 combinations', played.largest.loadMs, 'ms')
  expect(played.oneCodePointEach.lines).toBeGreaterThan(4 * 64)
})

test.each(['connection', 'flow', 'source'])('mode %s: what a failing uplink and its return move', (mode) => {
  const [whole, rule] = [played.moves[`${mode}, kernel`], played.moves[`${mode}, rule`]]
  if (!whole || !rule) throw new Error('not measured')
  for (const [by, { had, failed, weight }] of [
    // Where the whole host has that mode, the kernel's own hash spreads connections, and rules all others.
    [mode === 'connection' ? 'the kernel' : 'the mode of everything', whole],
    ['a rule', rule],
  ] as const) {
    note(`mode ${mode} by ${by}: on the first of three uplinks`, 100 * had, '% of flows')
    note(`mode ${mode} by ${by}: moved when it fails`, 100 * failed, '% of flows')
    note(`mode ${mode} by ${by}: moved when another gets twice the weight`, 100 * weight, '% of flows')
  }
  // Both find everyone's former uplink again; a rule moves none but those of the dead one.
  expect(whole.notAsBefore).toBe(0)
  if (mode !== 'connection') expect(whole.failed).toBe(whole.had)
  expect(rule.notAsBefore).toBe(0)
  expect(rule.had).toBeGreaterThan(0)
  expect(rule.failed).toBe(rule.had)
})
