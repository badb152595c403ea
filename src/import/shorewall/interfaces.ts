/** `interfaces` of Shorewall: which device a name of its own is. Pure. */
import type { Row } from './rows.ts'

/** By the name that the other files use. Zones and all other options are the firewall's. */
export function physicalOf(rows: readonly Row[]): ReadonlyMap<string, string> {
  return new Map(
    rows.flatMap(({ columns }) => {
      const name = (columns[1] ?? '').split(':')[0] ?? ''
      const options = columns.slice(2).join(',').split(',')
      const said = options.find((option) => option.startsWith('physical='))?.slice('physical='.length)
      return name !== '' && said ? [[name, said] as const] : []
    }),
  )
}
