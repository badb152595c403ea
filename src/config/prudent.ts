/** What is made of files with errors where no last good configuration is kept, as on the first start. Pure. */
import type { Config } from '../model/config.ts'
import type { Key } from './key.ts'
import { sectionKeys } from './keys.ts'
import type { SourceLocation } from './values/diagnostics.ts'

/** Keys with which a mistake may cost money. */
const costly = Object.entries<Key>(sectionKeys.uplink).flatMap(([name, key]) => (key.costly ? [name] : []))

/**
 * Failover and balancing as far as the files are understood. What is not understood must harm nobody: a rule with a
 * mistake is left out, as it could match more than was meant. An uplink is left out where it is not known whether it is
 * wanted at all, and used last where it may cost money. Other keys with mistakes are as if they were not there.
 */
export function prudent(config: Config, faults: readonly SourceLocation[]): Config {
  const keysOf = new Map(
    [...Map.groupBy(faults, ({ section }) => section)].map(([title, all]) => [
      title,
      new Set(all.map(({ key }) => key)),
    ]),
  )
  const isWrong = (title: string, key: string) => keysOf.get(title)?.has(key) ?? false
  // A section whose interface is not known may have been written to keep that interface out, so only listed ones are
  // taken.
  const isListed = isWrong('[balance]', 'adopt') || faults.some(({ key }) => key === 'interface')
  return {
    ...config,
    balance: { ...config.balance, ...(isListed && config.uplinks.length > 0 ? { adopt: 'listed' } : {}) },
    uplinks: config.uplinks.map((uplink) => {
      const title = `[uplink ${uplink.name}]`
      return {
        ...uplink,
        enabled: uplink.enabled && !isWrong(title, 'enabled'),
        ...(costly.some((key) => isWrong(title, key)) ? { standby: true } : {}),
      }
    }),
    rules: config.rules.filter(({ name }) => !keysOf.has(`[rule ${name}]`)),
  }
}
