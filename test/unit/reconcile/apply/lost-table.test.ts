/** When others have flushed our table, by what `nft monitor` says. */
import { afterEach, expect, test } from 'vitest'
import type { Ruleset } from '../../../../src/model/kernel.ts'
import { keepTable, noticeTable } from '../../../../src/reconcile/apply/lost-table.ts'

const small: Ruleset = { chains: [{ name: 'pin', hook: null, rules: ['accept'] }] }
const elements = Array.from({ length: 10_001 }, (_, i) => `10.0.${i >> 8}.${i & 255}`)
const large: Ruleset = { ...small, sets: [{ kind: 'set', name: 'prefixes', elements }] }

afterEach(() => keepTable(null))

test.each([
  ['delete table inet ifbalance', true],
  ['destroy table inet ifbalance', true],
  ['delete table inet ifbalance # handle 7', true],
  ['delete table inet ifbalance2', false],
  ['delete table ip ifbalance', false],
  ['delete chain inet ifbalance pin', false],
  ['add table inet ifbalance', false],
])('%s: %s', (line, expected) => {
  keepTable(small)
  expect(noticeTable(line)).toBe(expected)
})

test.each<[string, Ruleset | null]>([
  ['there was none', null],
  ['it takes long to load', large],
])('nothing is lost at once where %s', (_, ruleset) => {
  keepTable(ruleset)
  expect(noticeTable('delete table inet ifbalance')).toBe(false)
})
