/** Whatever the set of uplinks was before: the rules that a kernel ends with are those of a fresh start, and each step carries traffic. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { markOf, uplinkTable } from '../../../src/layout.ts'
import type { Rule } from '../../../src/model/kernel.ts'
import type { Observed } from '../../../src/model/observed.ts'
import type { Step } from '../../../src/model/step.ts'
import { decide } from '../../../src/reconcile/decide/decide.ts'
import { diff } from '../../../src/reconcile/diff.ts'
import { configOf } from '../../config-of.ts'
import { worldOf } from '../builders.ts'

const world = worldOf('ipv6-two-providers')
const config = configOf('')
const { layout } = config

/** Those that wan1 and wan2 have, and of uplinks that are away. */
function withNumbers([first = 1, second = 2, ...others]: readonly number[], rules: readonly Rule[]): Observed {
  const uplinks = {
    wan1: { number: first, interface: 'wan1' },
    wan2: { number: second, interface: 'wan2' },
    ...Object.fromEntries(others.map((number) => [`gone${number}`, { number, interface: `gone${number}` }])),
  }
  return { ...world, rules: [...world.rules, ...rules], state: { uplinks, sysctls: {} } }
}

/** net/core/fib_rules.c compares neither FIB_RULE_INVERT nor the target of a goto. */
function isSame(one: Rule, other: Rule): boolean {
  const key = ({ family, priority, spec }: Rule) => [
    family,
    priority,
    spec.replace(/^not /, '').replace(/goto .*/, 'goto'),
  ]
  return one.protocol === other.protocol && key(one).join(' ') === key(other).join(' ')
}

function applied(rules: readonly Rule[], step: Step): readonly Rule[] {
  if (step.kind === 'add-rule') {
    if (rules.some((rule) => isSame(rule, step.rule))) throw new Error(`File exists: ${JSON.stringify(step.rule)}`)
    const before = rules.filter(({ priority }) => priority <= step.rule.priority)
    return [...before, step.rule, ...rules.filter(({ priority }) => priority > step.rule.priority)]
  }
  if (step.kind !== 'delete-rule') return rules
  const found = rules.findIndex((rule) => isSame(rule, step.rule))
  if (found < 0) throw new Error(`No such file: ${JSON.stringify(step.rule)}`)
  return rules.toSpliced(found, 1)
}

/** The first of the uplinks' tables that a packet of that mark is looked up in. */
function tableOf(mark: number, rules: readonly Rule[]): number | null {
  for (let at = 0; at < rules.length; at++) {
    const { spec } = rules[at] ?? { spec: '' }
    const [, not, value, mask] = /^(not )?fwmark (\w+)\/(\w+) /.exec(spec) ?? []
    if (/ (iif|oif|from) |^(oif|from) /.test(` ${spec}`) && !spec.startsWith('not iif lo')) continue
    if (value !== undefined && ((mark & Number(mask)) >>> 0 === Number(value)) === (not !== undefined)) continue
    const target = /goto (\d+)/.exec(spec)?.[1]
    const landing = rules.findIndex(({ priority }) => priority === Number(target))
    // A goto without its target does nothing.
    if (target !== undefined && landing > at) at = landing - 1
    const table = Number(/lookup (\d+)$/.exec(spec)?.[1])
    if (table > layout.tableBase && table <= layout.tableBase + 63) return table
  }
  return null
}

const sorted = (rules: readonly Rule[]) => rules.map((rule) => JSON.stringify(rule)).toSorted()

test('growing and shrinking in any order', () => {
  const set = fc.uniqueArray(fc.integer({ min: 1, max: 63 }), { minLength: 2, maxLength: 63 })
  fc.assert(
    fc.property(fc.array(set, { minLength: 1, maxLength: 5 }), (sets) => {
      let rules: readonly Rule[] = []
      let before: readonly number[] = []
      for (const set of sets) {
        const observed = withNumbers(set, rules)
        const kept = set.filter((number) => before.includes(number))
        for (const step of diff(observed, decide(config, observed), layout)) {
          rules = applied(rules, step)
          const ipv4 = rules.filter(({ family }) => family === 'inet')
          for (const number of kept)
            expect(tableOf(markOf(number, layout) | 0x40000000, ipv4)).toBe(uplinkTable(number, layout))
        }
        before = set
      }
      const fresh = decide(config, withNumbers(sets.at(-1) ?? [], []))
      expect(sorted(rules)).toEqual(sorted(fresh.rules))
    }),
    { numRuns: 60 },
  )
})

test('rules of a former version, whose jumps led elsewhere', () => {
  const observed = withNumbers([1, 2, 9, 17], [])
  const wanted = decide(config, observed).rules
  let rules: readonly Rule[] = wanted.map((rule) => ({
    ...rule,
    spec: rule.spec.replace(/^(not fwmark .* goto) \d+$/, '$1 20999'),
  }))
  const now = withNumbers([1, 2, 9, 17], rules)
  for (const step of diff(now, decide(config, now), layout)) rules = applied(rules, step)
  expect(sorted(rules)).toEqual(sorted(wanted))
})
