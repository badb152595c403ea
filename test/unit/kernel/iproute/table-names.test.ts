import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseTableNames, tableNamesText } from '../../../../src/kernel/iproute/table-names.ts'
import { isUplinkName } from '../../../../src/net/valid.ts'

test('names of tables read back as they were written', () => {
  const name = fc.oneof(fc.constantFrom('lte', 'constructor'), fc.string({ maxLength: 31 }).filter(isUplinkName))
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.nat())), (names) => {
      expect(parseTableNames(tableNamesText(names))).toEqual(names)
    }),
  )
})
