/** `ifbalance status`: the uplinks as they are now. */
import { existsSync } from 'node:fs'
import { daemonRuns } from '../cli/daemon-runs.ts'
import { paint, print } from '../cli/output.ts'
import { isRoot } from '../cli/root.ts'
import { complainOf } from '../cli/settings.ts'
import { statusOf } from '../cli/status.ts'
import { statusText } from '../cli/status-text.ts'
import { readFlags } from '../cli/usage-error.ts'
import { loadConfig } from '../config/load.ts'
import { paths } from '../ids.ts'
import { readRivals } from '../observe/rivals.ts'
import { survey, surveyWithoutRuleset } from '../reconcile.ts'

export async function run(args: readonly string[]): Promise<number> {
  const flags = readFlags(args, 'json')
  if (flags === null) return 2
  const loaded = loadConfig()
  if (!loaded.ok) {
    complainOf(loaded)
    return 1
  }
  const look = isRoot() ? survey : surveyWithoutRuleset
  const [daemon, { observed, desired, steps }] = await Promise.all([daemonRuns(), look(loaded.config)])
  const status = statusOf({
    config: loaded.config,
    observed,
    desired,
    pending: steps.length,
    daemon,
    heldDown: existsSync(paths.held),
    warnings: [...loaded.warnings, ...readRivals()],
  })
  print(flags.json ? JSON.stringify(status, null, 2) : statusText(status, paint))
  return 0
}
