/** `ifbalance reload`: has the daemon read the configuration again. What `systemctl reload` runs. */
import { print, printableLines } from '../cli/output.ts'
import { askDaemon } from '../daemon/control/client.ts'
import { log } from '../os/log.ts'

/** How long the daemon may take: it may have a round under way, and makes another. */
const daemonTimeoutMs = 20_000

export async function run(): Promise<number> {
  const reply = await askDaemon({ do: 'reload' }, daemonTimeoutMs)
  if (reply?.ok) print(printableLines(reply.message))
  else for (const line of reply?.message.split('\n') ?? ['no daemon is running']) log.error(line)
  return reply?.ok ? 0 : 1
}
