/** Which uplinks a rule takes when it asks for quality, and some of its lines are not good enough. */
import { expect, test } from 'vitest'
import type { Uplink } from '../../../../../src/model/uplink.ts'
import { choiceOf } from '../../../../../src/reconcile/decide/steering/choice.ts'
import { configOf } from '../../../../config-of.ts'
import { pathOf, uplinkOf } from '../../../builders.ts'

type Line = NonNullable<NonNullable<Uplink['inet']>['line']>

const fine: Line = { state: 'online', degraded: false }
const late: Line = { ...fine, misses: { 'max-latency 50': 'answers take 90 ms, more than 50' } }
const poor: Line = { ...fine, degraded: true }

/** The uplinks that carry the rule's connections, of three: the third is standby. */
function taken(rule: string, ...lines: readonly [Line, Line, Line]): readonly string[] {
  const sections = '[uplink wan1]\n[uplink wan2]\n[uplink wan3]\nstandby = yes\n'
  const config = configOf(`${sections}[rule x]\nport = 5060\n${rule}\nmax-latency = 50\n`)
  const uplinks = lines.map((line, i) =>
    uplinkOf(i + 1, { inet: pathOf('10.0.0.1', ['10.0.0.2'], { line }), ...(i === 2 && { standby: true }) }),
  )
  const use = config.rules[0]?.use
  const choice = use && choiceOf(use, 'forward', 'inet', config, uplinks)
  if (choice?.kind === 'uplink') return [`wan${choice.number}`]
  return choice?.kind === 'spread' ? choice.working.map(({ number }) => `wan${number}`) : []
}

test.each([
  ['uplinks = wan1 wan2 wan3', [fine, fine, fine], ['wan1', 'wan2', 'wan3']],
  ['uplinks = wan1 wan2 wan3', [late, fine, fine], ['wan2', 'wan3']],
  ['uplinks = wan1 wan2 wan3', [late, late, late], ['wan1', 'wan2', 'wan3']],
  ['uplinks = wan1 wan2 wan3', [late, poor, late], ['wan1', 'wan3']],
  ['uplinks = wan1 wan2 wan3', [poor, poor, poor], ['wan1', 'wan2', 'wan3']],
  ['uplinks = wan1 wan2 wan3\nmode = failover', [late, fine, fine], ['wan2']],
  ['uplinks = wan1 wan2 wan3\nmode = failover', [late, late, late], ['wan1']],
  // Without names: as all else is balanced, and a line that is not good enough comes after standby ones, as a degraded one does.
  ['', [fine, fine, fine], ['wan1', 'wan2']],
  ['', [late, fine, fine], ['wan2']],
  ['', [late, late, fine], ['wan3']],
  ['', [late, late, late], ['wan1', 'wan2']],
  ['', [late, poor, late], ['wan1']],
] as const)('%j with %j', (rule, lines, expected) => {
  expect(taken(rule, ...lines)).toEqual(expected)
})

test.each([
  ['uplinks = wan1', /max-latency with nothing to choose from/],
  ['uplinks = none', /max-latency with nothing to choose from/],
  ['max-loss = 200', /max-loss/],
  ['max-jitter = 0', /max-jitter/],
])('refuses %j', (rule, reason) => {
  expect(() => taken(rule, fine, fine, fine)).toThrow(reason)
})

test('bounds how many wishes there are', () => {
  const rules = Array.from({ length: 33 }, (_, i) => `[rule r${i}]\nport = ${i + 1}\nmax-latency = ${i + 1}\n`).join('')
  expect(() => configOf(`[uplink wan1]\n${rules}`)).toThrow(
    /\[rule r32\]: max-latency 33: expected at most 32 different/,
  )
})
