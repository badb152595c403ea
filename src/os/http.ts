/** A web server for one text, which whoever can reach it may ask for: bounded in connections, time and what it reads. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { log, messageOf } from './log.ts'

export interface Page {
  readonly path: string
  readonly type: string
  /** Its text now. Where it rejects, whoever asks gets a 503, and the log says why. */
  readonly text: () => Promise<string>
}

export interface Limits {
  /** Connections at a time; more are closed at once. */
  readonly connections: number
  /** Until a request has come as a whole. */
  readonly requestMs: number
  /** Until a connection is closed, whatever it is at. */
  readonly connectionMs: number
  /** Of a request's head, in bytes. */
  readonly headBytes: number
}

const defaults: Limits = { connections: 16, requestMs: 5000, connectionMs: 30_000, headBytes: 8192 }

/** A socket of ours that somebody has opened, or where to open one. */
export type Where = { readonly fd: number } | { readonly port: number; readonly host: string }

export interface PageServer {
  readonly port: number | null
  /** When the last connection began or ended, in ms of `performance.now()`; null while there is one. */
  readonly idleSince: () => number | null
  readonly close: () => void
}

/**
 * Answers GET and HEAD of the page's path, a request a connection. All else is refused: other paths with 404, other methods
 * with 405, what is no request with 400, a long one with 431, a slow one with 408. Resolves when it listens; rejects where
 * it cannot.
 */
export async function servePage(where: Where, page: Page, limits: Partial<Limits> = {}): Promise<PageServer> {
  const { connections, requestMs, connectionMs, headBytes } = { ...defaults, ...limits }
  let open = 0
  let changed = performance.now()
  const options = {
    maxHeaderSize: headBytes,
    headersTimeout: requestMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: Math.min(requestMs, 1000),
  }
  const server = createServer(options, (request, response) => void answer(request, response, page))
  server.maxConnections = connections
  server.on('connection', (socket) => {
    open += 1
    const end = setTimeout(() => socket.destroy(), connectionMs)
    socket.once('close', () => {
      clearTimeout(end)
      open -= 1
      changed = performance.now()
    })
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(where, resolve)
  await promise
  const address = server.address()
  return {
    port: address !== null && typeof address === 'object' ? address.port : null,
    idleSince: () => (open === 0 ? changed : null),
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function answer({ method, url }: IncomingMessage, response: ServerResponse, page: Page): Promise<void> {
  const refuse = (status: number, reason: string, headers: Readonly<Record<string, string>> = {}) =>
    response
      .writeHead(status, { ...headers, ...always, 'content-type': 'text/plain; charset=utf-8' })
      .end(method === 'HEAD' ? undefined : `${reason}\n`)
  if (url?.split('?', 1)[0] !== page.path) return void refuse(404, `There is ${page.path} alone.`)
  if (method !== 'GET' && method !== 'HEAD') return void refuse(405, 'This is only to be read.', { allow: 'GET, HEAD' })
  try {
    const text = Buffer.from(await page.text())
    response.writeHead(200, { ...always, 'content-type': page.type, 'content-length': text.length })
    response.end(method === 'HEAD' ? undefined : text)
  } catch (error) {
    log.warning(`answering ${page.path}: ${messageOf(error)}`)
    refuse(503, 'Not now: the log of the service says why.')
  }
}

/** A connection is worth one answer, so whoever keeps one keeps others out for no longer than that. */
const always = { connection: 'close', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const
