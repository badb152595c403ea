/** `ifbalance apply`: makes the kernel as it should be now, and ends what `down` began. */

import { printOutcome } from '../cli/outcome.ts'
import { print, printableLines } from '../cli/output.ts'
import { refusedToOthers } from '../cli/root.ts'
import { settings } from '../cli/settings.ts'
import { askDaemon } from '../daemon/control/client.ts'
import type { Reply } from '../daemon/control/protocol.ts'
import type { Config } from '../model/config.ts'
import { log } from '../os/log.ts'
import { commandOf } from '../reconcile/apply/commands.ts'
import { reconcile, survey } from '../reconcile/reconcile.ts'
import { resume } from '../store/held-down.ts'

/** How long the daemon may take. It may have a round under way, and bounds its own children at 10 s each. */
const daemonTimeoutMs = 10_000

export async function run(): Promise<number> {
  if (refusedToOthers('apply')) return 1
  const { config, errors } = settings({ keep: true })
  resume()
  const reply = await askDaemon({ do: 'apply' }, daemonTimeoutMs)
  const code = reply === null ? await printOutcome(await reconcile(config)) : await told(reply, config)
  return errors.length > 0 ? 1 : code
}

async function told(reply: Reply, config: Config): Promise<0 | 1> {
  print(printableLines(reply.message))
  if (!reply.ok) return 1
  const look = async () => (await survey(config)).steps
  const steps = await stillLeft(look, async () => (await askDaemon({ do: 'apply' }, daemonTimeoutMs))?.ok === true)
  for (const step of steps) log.error(`not as the configuration says: ${commandOf(step)}`)
  return steps.length === 0 ? 0 : 1
}

/** Weights that are found out change every few seconds at most; two looks that each meet such a change are bad luck. */
const looks = 3

/**
 * What is not as the files say, where the daemon judged by the configuration that it has, and they may say something else by
 * now. What it has found out since it looked, as of weights, is left to be done, too: so it is asked `again`, which says whether
 * it could, before that counts.
 */
export async function stillLeft<Left>(
  look: () => Promise<readonly Left[]>,
  again: () => Promise<boolean>,
): Promise<readonly Left[]> {
  let left = await look()
  for (let i = 1; i < looks && left.length > 0 && (await again()); i++) left = await look()
  return left
}
