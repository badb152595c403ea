/** Which configuration is in force. */
import type { Config } from '../model/config.ts'
import { saveLastGood } from '../store/last-good.ts'
import { readLastGood } from './last-good.ts'
import { loadConfig } from './load.ts'

export interface InForce {
  readonly config: Config
  /**
   * Errors of the files. Where there are any, `config` is the last configuration without errors, or else what is
   * understood.
   */
  readonly errors: readonly string[]
  readonly warnings: readonly string[]
  /** Whether it is an earlier one, kept on disk. */
  readonly isLastGood: boolean
}

/**
 * The configuration of the files, where they have no errors; `keep` then writes it down as the last good one, for runs
 * that change the kernel. Otherwise the last good one, and without that, what is understood of the files. Never throws:
 * there is always a configuration to go by.
 */
export function configInForce({ keep = false } = {}): InForce {
  const loaded = loadConfig()
  if (loaded.ok) {
    if (keep) saveLastGood(loaded.source)
    return { config: loaded.config, errors: [], warnings: loaded.warnings, isLastGood: false }
  }
  const { errors, understood } = loaded
  const good = readLastGood()
  const instead = good
    ? `the configuration has errors: the last one without, of ${good.since.toISOString().replace(/\.\d+Z$/, 'Z')}, is in force`
    : 'the configuration has errors, and no earlier one is known: what is understood of it is in force, without the rules and uplinks that are not'
  return { config: good ? forCaller(good.config) : understood, errors, warnings: [instead], isLastGood: good !== null }
}

/**
 * The kept configuration without probes by scripts, where we are root: the daemon's user can write that file, so root
 * runs no program that it alone names.
 */
function forCaller(config: Config): Config {
  if (process.geteuid?.() !== 0) return config
  const uplinks = config.uplinks.map((uplink) =>
    uplink.probe?.kind === 'script' ? { ...uplink, probe: { kind: 'none' as const } } : uplink,
  )
  return { ...config, uplinks }
}
