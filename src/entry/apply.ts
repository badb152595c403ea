/** `ifbalance apply`: makes the kernel as it should be now, and ends what `down` began. */
import { rmSync } from 'node:fs'
import { printOutcome } from '../cli/outcome.ts'
import { print, printableLines } from '../cli/output.ts'
import { refusedToOthers } from '../cli/root.ts'
import { loadedOrNull } from '../cli/settings.ts'
import { readFlags } from '../cli/usage-error.ts'
import { askDaemon } from '../control/client.ts'
import { paths } from '../ids.ts'
import { reconcile } from '../reconcile.ts'

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
  return reply.ok ? 0 : 1
}
