/** The status of this moment, as every command shows it. */
import { configInForce } from '../config/in-force.ts'
import type { Config } from '../model/config.ts'
import type { Observed } from '../model/observed.ts'
import { readRivals } from '../reconcile/observe/conflicting-packages.ts'
import { survey, surveyWithoutRuleset } from '../reconcile/reconcile.ts'
import { type Status, statusOf } from '../status/status.ts'
import { isPaused } from '../store/held-down.ts'
import { loadStateTimes } from '../store/state-times.ts'
import { loadUsable } from '../store/usable.ts'
import { daemonRuns } from './daemon-runs.ts'
import { isRoot } from './root.ts'

export interface CurrentStatus {
  readonly status: Status
  readonly config: Config
  readonly observed: Observed
  /** Errors of the configuration's files. */
  readonly errors: readonly string[]
}

/** Looks at the host. Others than root do not see the ruleset. Rejects where the kernel cannot be read. */
export async function currentStatus(): Promise<CurrentStatus> {
  const { config, errors, warnings } = configInForce()
  const look = isRoot() ? survey : surveyWithoutRuleset
  const [daemon, { observed, desired, steps }] = await Promise.all([daemonRuns(), look(config)])
  const status = statusOf({
    config,
    observed,
    desired,
    pending: steps.length,
    daemon,
    heldDown: isPaused(),
    times: loadStateTimes(),
    usable: loadUsable(),
    warnings: [...warnings, ...errors, ...readRivals().map(({ reason }) => reason)],
  })
  return { status, config, observed, errors }
}
