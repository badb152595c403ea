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
const patienceMs = 10_000

export async function run(): Promise<number> {
  if (refusedToOthers('apply')) return 1
  const { config, errors } = settings({ keep: true })
  resume()
  const reply = await askDaemon({ do: 'apply' }, patienceMs)
  const code = reply === null ? await printOutcome(await reconcile(config)) : await told(reply, config)
  return errors.length > 0 ? 1 : code
}

async function told(reply: Reply, config: Config): Promise<0 | 1> {
  print(printableLines(reply.message))
  return reply.ok ? leftOver(config) : 1
}

/**
 * Logs what is not as the files say. The daemon judged by the configuration that it has, and they may say something
 * else by now.
 */
async function leftOver(config: Config): Promise<0 | 1> {
  const { steps } = await survey(config)
  for (const step of steps) log.error(`not as the configuration says: ${commandOf(step)}`)
  return steps.length === 0 ? 0 : 1
}
