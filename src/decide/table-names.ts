/** Uplinks' names for `ip route show table NAME`, in the format of rt_tables.d. */
import { balancedTable, uplinkTable } from '../ids.ts'
import type { KnownUplink, Numbers } from '../model.ts'

export function decideTableNames(known: Readonly<Record<string, KnownUplink>>, numbers: Numbers): string {
  const names: [number, string][] = Object.entries(known).map(([name, { number }]) => [
    uplinkTable(number, numbers),
    name,
  ])
  if (!Object.hasOwn(known, 'balanced')) names.push([balancedTable(numbers), 'balanced'])
  return ['# Written by ifbalance.', ...names.map(([table, name]) => `${table}\t${name}`), ''].join('\n')
}
