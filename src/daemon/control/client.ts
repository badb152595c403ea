/** Asks the daemon for something over its control socket. */
import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { paths } from '../../layout.ts'
import { Failure, hasCode } from '../../os/error.ts'
import { held } from '../../os/kept.ts'
import { messageOf } from '../../os/log.ts'
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
  const socket = connectTo(path)
  if (socket === null) return null
  const failure = new Promise<Error>((resolve) => socket.once('error', resolve))
  // Node.js keeps the text until the connection stands.
  socket.write(`${JSON.stringify(request)}\n`)
  try {
    const line = await readLine(socket, timeoutMs)
    if (line === null) return gone(await Promise.race([failure, null]))
    const reply = parseReply(line)
    if (!reply) throw new Failure('malformed', 'an answer that is none')
    return reply
  } catch (error) {
    throw new Failure('daemon-unreachable', `asking the daemon to ${request.do}: ${messageOf(error)}`, { cause: error })
  } finally {
    socket.destroy()
  }
}

/** Null for errors with which a socket says that nobody is behind it, or nobody any more; throws others. */
function gone(failure: Error | null): null {
  if (failure && !hasCode(failure, 'ENOENT', 'ENOTDIR', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE')) throw failure
  return null
}

/**
 * Linux's O_PATH (open(2)): the descriptor stands for the file and opens nothing. It has the same number on all of
 * Debian's 64-bit architectures.
 */
const O_PATH = 0o10000000

/**
 * A connection to the socket; null where there is none. connect(2) follows links, so root connects to what has the name
 * itself.
 */
function connectTo(path: string): Socket | null {
  try {
    return held(path, (name) => (name === path ? connect(path) : connectToItself(name)))
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return null
    throw error
  }
}

function connectToItself(path: string): Socket | null {
  const fd = openSync(path, O_PATH | constants.O_NOFOLLOW)
  try {
    // connect() has asked the kernel when it returns, so the descriptor can be closed.
    return fstatSync(fd).isSocket() ? connect(`/proc/self/fd/${fd}`) : null
  } finally {
    closeSync(fd)
  }
}
