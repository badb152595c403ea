/** Which configuration to go by. */
import type { Config } from '../model/config.ts'
import { saveLastGood } from '../store/last-good.ts'
import { readLastGood } from './last-good.ts'
import { loadConfig } from './load.ts'

export interface InForce {
  readonly config: Config
  /** Of the files. With any, `config` is the last one without, or else what is understood of them. */
  readonly errors: readonly string[]
  readonly warnings: readonly string[]
}

/**
 * The files, where they have no errors; `keep` writes them down then, as for whoever makes the kernel so. Otherwise the last
 * ones that had none, and without those what is understood. Never throws: there is always something to go by.
 */
export function configInForce({ keep = false } = {}): InForce {
  const loaded = loadConfig()
  if (loaded.ok) {
    if (keep) saveLastGood(loaded.source)
    return { config: loaded.config, errors: [], warnings: loaded.warnings }
  }
  const { errors, understood } = loaded
  const good = readLastGood()
  const instead = good
    ? `the configuration has errors: the last one without, of ${good.since.toISOString().replace(/\.\d+Z$/, 'Z')}, is in force`
    : 'the configuration has errors, and no earlier one is known: what is understood of it is in force, without the rules and uplinks that are not'
  return { config: good ? forCaller(good.config) : understood, errors, warnings: [instead] }
}

/** The daemon's user can write what is kept, so root runs no program that only that names. */
function forCaller(config: Config): Config {
  if (process.geteuid?.() !== 0) return config
  const uplinks = config.uplinks.map((uplink) =>
    uplink.probe?.kind === 'script' ? { ...uplink, probe: { kind: 'none' as const } } : uplink,
  )
  return { ...config, uplinks }
}
