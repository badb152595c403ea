/** `ifbalance down`: takes away everything of ours, and keeps it away until `apply` or a restart. */
import { printOutcome } from '../cli/outcome.ts'
import { print, printableLines } from '../cli/output.ts'
import { refusedToOthers } from '../cli/root.ts'
import { settings } from '../cli/settings.ts'
import { askDaemon } from '../daemon/control/client.ts'
import { log, messageOf } from '../os/log.ts'
import { takeDown } from '../reconcile/reconcile.ts'
import { pause } from '../store/held-down.ts'

const daemonTimeoutMs = 10_000

export async function run(): Promise<number> {
  if (refusedToOthers('down')) return 1
  // Pausing comes first: a hook in between would put back what has just been taken away.
  pause()
  if (await daemonDidIt()) return 0
  return printOutcome(await takeDown(settings().config))
}

/**
 * Whether the daemon has done it. One that fails or hangs leaves it to us: the lock keeps the two of us apart, and what
 * is gone already stays gone.
 */
async function daemonDidIt(): Promise<boolean> {
  try {
    const reply = await askDaemon({ do: 'down' }, daemonTimeoutMs)
    if (reply?.ok) print(printableLines(reply.message))
    else if (reply) log.warning(`the daemon could not do it: ${reply.message}`)
    return reply?.ok ?? false
  } catch (error) {
    log.warning(messageOf(error))
    return false
  }
}
