/** Whether the daemon is there. */
import { askDaemon } from '../daemon/control/client.ts'
import { hasCode } from '../os/error.ts'
import { log, messageOf } from '../os/log.ts'

/**
 * Whether the daemon runs: it answers, or it has a socket that only root may open. One that does not answer gives a
 * warning.
 */
export async function daemonRuns(): Promise<boolean> {
  try {
    const reply = await askDaemon({ do: 'status' }, 1000)
    if (reply?.trouble) log.warning(reply.message)
    return reply !== null
  } catch (error) {
    if (hasCode(error, 'EACCES')) return true
    log.warning(messageOf(error))
    return false
  }
}
