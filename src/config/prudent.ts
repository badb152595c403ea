/** What to make of files with errors where there is no last good configuration, as in the first start after an upgrade. Pure. */
import type { Config } from '../model/config.ts'
import type { Key } from './key.ts'
import { sectionKeys } from './keys.ts'
import type { SourceLocation } from './values/diagnostics.ts'

/** A mistake in one of these may be about money. */
const costly = Object.entries<Key>(sectionKeys.uplink).flatMap(([name, key]) => (key.costly ? [name] : []))

/**
 * Failover and balancing as far as the files are understood; what is not must harm nobody. A rule with a mistake is left
 * out, as it could match more than was meant. An uplink is left out where it is not known whether it is wanted at all, and
 * used last where it may cost money. Other keys with mistakes are as if they were not there.
 */
export function prudent(config: Config, faults: readonly SourceLocation[]): Config {
  const keysOf = new Map(
    [...Map.groupBy(faults, ({ section }) => section)].map(([title, all]) => [
      title,
      new Set(all.map(({ key }) => key)),
    ]),
  )
  const isWrong = (title: string, key: string) => keysOf.get(title)?.has(key) ?? false
  // A section whose interface is not known may have been there to keep that interface out.
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
