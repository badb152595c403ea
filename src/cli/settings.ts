/** The configuration, for commands. */
import { configInForce, type InForce } from '../config/in-force.ts'
import { log } from '../os/log.ts'

/** The configuration in force, after logging what is wrong with the files. `keep` as for configInForce. */
export function settings(options: { readonly keep?: boolean } = {}): InForce {
  const inForce = configInForce(options)
  for (const line of inForce.errors) log.error(line)
  for (const line of inForce.warnings) log.warning(line)
  return inForce
}
