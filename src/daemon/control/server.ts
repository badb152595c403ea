/** The control socket: listens for requests of hooks and commands, and answers them. */
import { once } from 'node:events'
import { chmodSync, renameSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { paths } from '../../layout.ts'
import { Failure } from '../../os/error.ts'
import { makeFolder } from '../../os/kept.ts'
import { log, messageOf } from '../../os/log.ts'
import { askDaemon } from './client.ts'
import { readLine } from './line.ts'
import { boundName, parseRequest, type Reply, type Request } from './protocol.ts'

export interface Control {
  /** Stops listening, hangs up on everyone, and removes the socket. */
  readonly close: () => void
}

/** How long a client may take to send its text line. Ours write it before they wait. */
const lineTimeoutMs = 2000
const maxClients = 256
const retryMs = 10_000

/**
 * Listens for requests on a unix socket that only our own user and root can open (mode 0600: unix(7)), and answers each
 * with what `handle` returns.
 *
 * The socket appears under its name ready to use, in place of one left over from a daemon that was killed. Where there
 * can be no socket, as on a read-only file system, the log says so, and it is tried again until there can. Throws when
 * another daemon answers there.
 */
export async function listenForRequests(
  handle: (request: Request) => Promise<Reply>,
  path: string = paths.control,
): Promise<Control> {
  if (await isAnswered(path)) throw new Failure('daemon-runs', `listening on ${path}: another daemon is running`)
  const clients = new Set<Socket>()
  const server = createServer((socket) => {
    clients.add(socket)
    socket.once('close', () => clients.delete(socket))
    // The client went away; 'close' follows.
    socket.on('error', () => socket.destroy())
    void serve(socket, handle)
  })
  server.maxConnections = maxClients
  let retry: NodeJS.Timeout | undefined
  let failures = 0
  async function open(): Promise<void> {
    try {
      await listen(server, path)
      if (failures > 0) log.event({ event: 'recovery', doing: 'listening on', what: path })
    } catch (error) {
      if (failures === 0) log.failure('listening on', path, error, 'hooks work beside the daemon meanwhile')
      failures += 1
      retry = setTimeout(() => void open(), retryMs)
    }
  }
  await open()
  return {
    close: () => {
      clearTimeout(retry)
      server.close()
      for (const socket of clients) socket.destroy()
      rmSync(path, { force: true })
    },
  }
}

/**
 * Whether a daemon is behind the socket. One that is stopped or overloaded does not answer in time, but it is there.
 */
async function isAnswered(path: string): Promise<boolean> {
  try {
    return (await askDaemon({ do: 'status' }, 1000, path)) !== null
  } catch {
    return true
  }
}

/**
 * Listens. bind(2) uses another name first, so that the mode is set, and somebody listens, before anyone can find the
 * socket.
 */
async function listen(server: Server, path: string): Promise<void> {
  makeFolder(dirname(path))
  const draft = boundName(path, process.pid)
  rmSync(draft, { force: true })
  server.listen(draft)
  await once(server, 'listening')
  chmodSync(draft, 0o600)
  renameSync(draft, path)
}

async function serve(socket: Socket, handle: (request: Request) => Promise<Reply>): Promise<void> {
  const reply = await answer(socket, handle)
  if (reply === null) return void socket.destroy()
  socket.setTimeout(lineTimeoutMs, () => socket.destroy())
  socket.end(`${JSON.stringify({ ...reply, message: reply.message.slice(0, 8000) })}\n`, () => socket.destroy())
}

async function answer(socket: Socket, handle: (request: Request) => Promise<Reply>): Promise<Reply | null> {
  try {
    const line = await readLine(socket, lineTimeoutMs)
    if (line === null) return null
    const request = parseRequest(line)
    return request ? await handle(request) : { ok: false, message: 'not a request that this daemon knows' }
  } catch (error) {
    return { ok: false, message: messageOf(error) }
  }
}
