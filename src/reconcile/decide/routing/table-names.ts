/** Uplinks' names for `ip route show table NAME`. Pure. */

import { tableNamesText } from '../../../kernel/iproute/table-names.ts'
import type { Layout } from '../../../layout.ts'
import { balancedTable, uplinkTable } from '../../../layout.ts'
import type { Observed } from '../../../model/observed.ts'
import type { KnownUplink } from '../../../model/state.ts'
import type { Trouble } from '../../../model/trouble.ts'
import { getOwn } from '../../../values/get-own.ts'

type Known = Readonly<Record<string, KnownUplink>>
type Taken = Pick<Observed, 'othersTableNames'>

/**
 * The text of our file. A name that the host's own files give to another table stays that table's, as rules and scripts
 * mean that.
 */
export function decideTableNames(known: Known, layout: Layout, { othersTableNames = {} }: Taken): string {
  const names = wantedNames(known, layout).filter(([, name]) => getOwn(othersTableNames, name) === undefined)
  return tableNamesText(names.map(([table, name]) => [name, table]))
}

/** Names that are another table's. */
export function tableNameWarnings(known: Known, layout: Layout, { othersTableNames = {} }: Taken): readonly Trouble[] {
  return wantedNames(known, layout).flatMap(([table, name]): readonly Trouble[] => {
    const other = getOwn(othersTableNames, name)
    return other === undefined || other === table
      ? []
      : [
          {
            kind: 'table-name',
            reason: `table ${table} has no name: ${name} is table ${other} in rt_tables of iproute2`,
          },
        ]
  })
}

function wantedNames(known: Known, layout: Layout): readonly (readonly [number, string])[] {
  const names = Object.entries(known).map(([name, { number }]) => [uplinkTable(number, layout), name] as const)
  return Object.hasOwn(known, 'balanced') ? names : [...names, [balancedTable(layout), 'balanced']]
}
