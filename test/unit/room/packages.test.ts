import { expect, test } from 'vitest'
import { packagesWithAll, parseStatus } from '../../room/packages.ts'

const line = (name: string, fields: { essential?: string; provides?: string; before?: string; after?: string } = {}) =>
  ['installed', name, fields.essential ?? '', fields.provides ?? '', fields.before ?? '', fields.after ?? ''].join('\t')

const installed = parseStatus(
  [
    line('base', { essential: 'yes', before: 'library (>= 2)' }),
    line('library'),
    line('tool', { after: 'absent | helper:any (<< 3) | library, virtual' }),
    line('helper', { after: 'tool' }),
    line('provider', { provides: 'virtual (= 1), other' }),
    line('unasked'),
    'config-files\tgone\t\t\t\t',
    '',
  ].join('\n'),
)

test('essential packages are there with what they need, whatever is asked for', () => {
  expect(packagesWithAll([], installed).toSorted()).toEqual(['base', 'library'])
})

test('of alternatives the first that is installed counts, and a name may be one that others provide', () => {
  expect(packagesWithAll(['tool'], installed).toSorted()).toEqual(['base', 'helper', 'library', 'provider', 'tool'])
})

test('what is not installed is not there', () => {
  expect(packagesWithAll(['gone', 'absent'], installed).toSorted()).toEqual(['base', 'library'])
})
