/** The configuration, for commands. */
import { type LoadedConfig, loadConfig } from '../config/load.ts'
import type { Config } from '../model.ts'
import { log } from '../os/log.ts'

/** The configuration, or null after saying what is wrong with it: then exit with 1. Warnings go to the log. */
export function loadedOrNull(): Config | null {
  const loaded = loadConfig()
  complainOf(loaded)
  return loaded.ok ? loaded.config : null
}

export function complainOf(loaded: LoadedConfig): void {
  if (loaded.ok) for (const line of loaded.warnings) log.warning(line)
  else for (const line of loaded.errors) log.error(line)
}
