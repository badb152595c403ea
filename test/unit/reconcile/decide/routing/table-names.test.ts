import { expect, test } from 'vitest'
import { defaultLayout } from '../../../../../src/layout.ts'
import { decideTableNames, tableNameWarnings } from '../../../../../src/reconcile/decide/routing/table-names.ts'

const known = { dsl: { number: 1, interface: 'ppp0' }, lte: { number: 2, interface: 'wwan0' } }

test('a name that another table has in rt_tables stays that table’s, and that is told', () => {
  const othersTableNames = { dsl: 101, vpn: 42 }
  expect(decideTableNames(known, defaultLayout, { othersTableNames })).toBe(
    '# Written by ifbalance.\n30002\tlte\n30098\tbalanced\n',
  )
  expect(tableNameWarnings(known, defaultLayout, { othersTableNames })).toEqual([
    { kind: 'table-name', reason: 'table 30001 has no name: dsl is table 101 in rt_tables of iproute2' },
  ])
  expect(decideTableNames(known, defaultLayout, {})).toBe(
    '# Written by ifbalance.\n30001\tdsl\n30002\tlte\n30098\tbalanced\n',
  )
  expect(tableNameWarnings(known, defaultLayout, {})).toEqual([])
})

test('who names our own table is no reason to warn', () => {
  const othersTableNames = { dsl: 30001 }
  expect(tableNameWarnings(known, defaultLayout, { othersTableNames })).toEqual([])
})
