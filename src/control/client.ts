import { connect } from 'node:net'
import { paths } from '../ids.ts'
import { hasCode } from '../os/files.ts'
import { messageOf } from '../os/log.ts'
import { readLine } from './line.ts'
import { parseReply, type Reply, type Request } from './protocol.ts'

/**
 * Asks the daemon for something and waits for its answer. Null: no daemon is running, or it ended before it answered,
 * so the caller has to do it.
 *
 * Throws `asking the daemon to ...: cause` when it does not answer within `timeoutMs` (a stopped process still has its
 * socket), or may not be asked.
 */
export async function askDaemon(
  request: Request,
  timeoutMs: number,
  path: string = paths.control,
): Promise<Reply | null> {
  const socket = connect(path)
  const failure = new Promise<Error>((resolve) => socket.once('error', resolve))
  // Buffered until the connection stands.
  socket.write(`${JSON.stringify(request)}\n`)
  try {
    const line = await readLine(socket, timeoutMs)
    if (line === null) return gone(await Promise.race([failure, null]))
    const reply = parseReply(line)
    if (!reply) throw new Error('an answer that is none')
    return reply
  } catch (error) {
    throw new Error(`asking the daemon to ${request.do}: ${messageOf(error)}`)
  } finally {
    socket.destroy()
  }
}

/** The ways in which a socket says that nobody is behind it, or nobody any more. */
function gone(failure: Error | null): null {
  if (failure && !hasCode(failure, 'ENOENT', 'ENOTDIR', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE')) throw failure
  return null
}
