/** The arbiter by itself: how lines stand -> what everyone is told, and what is to be asked. Times in ms, now is 10,000. */
import { expect, test } from 'vitest'
import { arbitrate, type Standing } from '../../../src/lines/arbiter.ts'
import { newLine } from '../../../src/lines/machine.ts'
import type { PathHealth } from '../../../src/lines/path-health.ts'
import { settingsOf } from './simulation.ts'

const now = 10_000
const settings = settingsOf()

function standing(key: string, line: Partial<PathHealth>, intervalMs = 1000): Standing {
  return { key, intervalMs, line: { ...newLine(0, settings), state: 'online', ...line } }
}

/** Answered what it was asked after 9,000. */
const well = { alive: { sentAfter: 9100, cameAt: 9150 }, troubledAt: 0 }
/** Answered last what it was asked before anyone failed. */
const untried = { alive: { sentAfter: 5000, cameAt: 5050 }, troubledAt: 0 }
/** Its requests were overdue at 9,000; nothing is known of others yet. */
const failing = { state: 'suspect', failing: { since: 9000, askedAt: 8900, witnessedAt: null } } as const
const silent = { ...failing, silent: true } as const
const witnessed = { ...silent, failing: { since: 9000, askedAt: 8900, witnessedAt: 9150 } } as const
const askedAgain = { ...silent, failing: { since: 9000, askedAt: 9300, witnessedAt: 9150 } } as const
const offline = { state: 'offline' } as const

test.each([
  [
    'all are well',
    [
      ['a', well],
      ['b', well],
    ],
    'a online, b online',
    '',
  ],
  [
    'one fails, the other has answered since',
    [
      ['a', failing],
      ['b', well],
    ],
    'a suspect, b online',
    'a witnessed',
  ],
  [
    'one fails, the other is asked',
    [
      ['a', failing],
      ['b', untried],
    ],
    'a suspect, b online',
    'b ask',
  ],
  [
    'silent, the other is asked',
    [
      ['a', silent],
      ['b', untried],
    ],
    'a suspect, b online',
    'b ask',
  ],
  [
    'silent, a witness: asked once more',
    [
      ['a', witnessed],
      ['b', well],
    ],
    'a suspect, b online',
    'a ask',
  ],
  [
    'silent again after the witness',
    [
      ['a', askedAgain],
      ['b', well],
    ],
    'a suspect, b online',
    'a convict',
  ],
  [
    'all are silent: nobody is convicted',
    [
      ['a', askedAgain],
      ['b', silent],
    ],
    'a offline, b offline',
    '',
  ],
  [
    'who was in trouble lately is no witness',
    [
      ['a', silent],
      ['b', { ...well, troubledAt: 9000 }],
    ],
    'a suspect, b online',
    '',
  ],
  [
    'an offline line is no witness',
    [
      ['a', silent],
      ['b', { ...well, ...offline }],
    ],
    'a offline, b offline',
    '',
  ],
  ['alone and silent', [['a', silent]], 'a offline', ''],
  [
    'nobody is left, and one answers again',
    [
      ['a', silent],
      ['b', { ...offline, answers: 1, answeredAt: 9900, burstEndedAt: 9000 }],
    ],
    'a offline, b offline',
    'b ask',
  ],
] as const)('%s', (_, lines, told, orders) => {
  const ruling = arbitrate(
    lines.map(([key, line]) => standing(key, line)),
    false,
    now,
  )
  expect([...ruling.told].map(([key, state]) => `${key} ${state}`).join(', ')).toBe(told)
  expect(ruling.orders.map(({ key, kind }) => `${key} ${kind}`).join(', ')).toBe(orders)
})

test('an uplink that nobody probes counts as alive: the only other one, silent, is dead', () => {
  const ruling = arbitrate([standing('a', silent)], true, now)
  expect([...ruling.told.values()]).toEqual(['suspect'])
  expect(ruling.orders).toEqual([{ key: 'a', kind: 'convict' }])
})

test('the cheapest lines are asked first, dear ones not before the suspect is silent', () => {
  const dear = standing('dear', untried, 60_000)
  const ordersFor = (line: Partial<PathHealth>) => arbitrate([standing('a', line), dear], false, now).orders
  expect(ordersFor(failing)).toEqual([])
  expect(ordersFor(silent)).toEqual([{ key: 'dear', kind: 'ask' }])
})

test('with many lines, no more than eight are asked at a time while several fail, and the next when those do not answer', () => {
  const others = Array.from({ length: 60 }, (_, i) => [`other${i}`, untried] as const)
  const asked = (lines: readonly (readonly [string, Partial<PathHealth>])[]) =>
    arbitrate(
      lines.map(([key, line]) => standing(key, line)),
      false,
      now,
    )
      .orders.filter(({ kind }) => kind === 'ask')
      .map(({ key }) => key)
  const first = asked([['a', silent], ['b', silent], ...others])
  expect(new Set(first).size).toBe(8)
  const tried = others.map(
    ([key, line]) => [key, first.includes(key) ? { ...line, ...failing, troubledAt: 9900 } : line] as const,
  )
  const next = new Set(asked([['a', silent], ['b', silent], ...tried]))
  expect(next.size).toBeGreaterThanOrEqual(8)
  for (const key of first) expect(next).not.toContain(key)
})
