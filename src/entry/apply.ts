/** `ifbalance apply`: makes the kernel as it should be now, and ends what `down` began. */
import { rmSync } from 'node:fs'
import { commandOf } from '../apply/commands.ts'
import { printOutcome } from '../cli/outcome.ts'
import { print, printableLines } from '../cli/output.ts'
import { refusedToOthers } from '../cli/root.ts'
import { loadedOrNull } from '../cli/settings.ts'
import { readFlags } from '../cli/usage-error.ts'
import { askDaemon } from '../control/client.ts'
import { paths } from '../ids.ts'
import type { Config } from '../model.ts'
import { log } from '../os/log.ts'
import { reconcile, survey } from '../reconcile.ts'

/** How long the daemon may take: it may have a reconcile under way, and bounds its own children at 10 s each. */
const patienceMs = 10_000

export async function run(args: readonly string[]): Promise<number> {
  if (readFlags(args) === null) return 2
  if (refusedToOthers('apply')) return 1
  const config = loadedOrNull()
  if (config === null) return 1
  rmSync(paths.held, { force: true })
  const reply = await askDaemon({ do: 'apply' }, patienceMs)
  if (reply === null) return printOutcome(await reconcile(config))
  print(printableLines(reply.message))
  return reply.ok ? leftOver(config) : 1
}

/** The daemon judged by the configuration that it has; the files may say something else by now. */
async function leftOver(config: Config): Promise<0 | 1> {
  const { steps } = await survey(config)
  for (const step of steps) log.error(`not as the configuration says: ${commandOf(step)}`)
  return steps.length === 0 ? 0 : 1
}
