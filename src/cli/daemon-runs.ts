/** Whether the daemon is there. */
import { askDaemon } from '../daemon/control/client.ts'
import { isBoundName } from '../daemon/control/protocol.ts'
import { listensAt } from '../kernel/sockets/unix.ts'
import { paths } from '../layout.ts'
import { hasCode } from '../os/error.ts'
import { log, messageOf } from '../os/log.ts'

/**
 * Whether the daemon runs: it answers, or where only root may ask, somebody listens. One that does not answer gives a
 * warning. Never rejects.
 */
export async function daemonRuns(): Promise<boolean> {
  try {
    const reply = await askDaemon({ do: 'status' }, 1000)
    if (reply?.trouble) log.warning(reply.message)
    return reply !== null
  } catch (error) {
    if (hasCode(error, 'EACCES')) return isListening()
    log.warning(messageOf(error))
    return false
  }
}

/** The file of a socket outlives a daemon that was killed, so it is the kernel that is asked; where it does not tell, one runs. */
function isListening(): boolean {
  try {
    return listensAt((name) => isBoundName(paths.control, name))
  } catch (error) {
    log.failure('reading', paths.unixSockets, error)
    return true
  }
}
