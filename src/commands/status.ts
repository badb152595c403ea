/** `ifbalance status`: the uplinks as they are now. */
import { daemonRuns } from '../cli/daemon-runs.ts'
import { paint, print } from '../cli/output.ts'
import { isRoot } from '../cli/root.ts'
import { statusText } from '../cli/status-text.ts'
import { configInForce } from '../config/in-force.ts'
import { readRivals } from '../reconcile/observe/conflicting-packages.ts'
import { survey, surveyWithoutRuleset } from '../reconcile/reconcile.ts'
import { type Status, statusOf } from '../status/status.ts'
import { isPaused } from '../store/held-down.ts'

export async function run({ json }: { readonly json: boolean }): Promise<number> {
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
    warnings: [...warnings, ...errors, ...readRivals().map(({ reason }) => reason)],
  })
  const isDead = !status.heldDown && isAllDead(status)
  print(json ? JSON.stringify(status, null, 2) : statusText(status, paint))
  return errors.length === 0 && !isDead ? 0 : 1
}

/** Whether no uplink works of those that are wanted. */
function isAllDead({ uplinks }: Status): boolean {
  const wanted = uplinks.filter(({ state }) => state !== 'disabled')
  return wanted.length > 0 && !wanted.some(({ state }) => ['online', 'suspect', 'degraded'].includes(state))
}
