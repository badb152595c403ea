import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type Limits, type PageServer, servePage } from '../../../src/os/http.ts'
import { inheritedSockets } from '../../../src/os/inherited-sockets.ts'
import { sendLogTo, toStandardError } from '../../../src/os/log.ts'

let server: PageServer | null = null
afterEach(() => {
  server?.close()
  sendLogTo(toStandardError)
})

async function serve(limits: Partial<Limits> = {}, text = async () => 'all is well\n') {
  server = await servePage({ host: '127.0.0.1', port: 0 }, { path: '/metrics', type: 'text/x; a=b', text }, limits)
  return server
}

/** All that comes until the server closes the connection. */
async function answerTo(request: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: server?.port ?? 0 })
  let answer = ''
  socket.setEncoding('utf8').on('data', (chunk) => {
    answer += chunk
  })
  socket.on('error', () => undefined)
  socket.write(request)
  await once(socket, 'close')
  return answer
}

const statusOf = async (request: string) => Number((await answerTo(request)).split(' ')[1])

test('the page is answered, with its type, and the connection closed', async () => {
  await serve()
  const [head = '', body] = (await answerTo('GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\n\r\n')).split('\r\n\r\n')
  expect(body).toBe('all is well\n')
  expect(head.toLowerCase().split('\r\n')).toEqual(
    expect.arrayContaining(['http/1.1 200 ok', 'content-type: text/x; a=b', 'content-length: 12', 'connection: close']),
  )
  const [, none] = (await answerTo('HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n')).split('\r\n\r\n')
  expect(none).toBe('')
})

test('all else is refused', async () => {
  await serve({ headBytes: 1024 })
  for (const [request, status] of [
    ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', 404],
    ['GET /metrics/ HTTP/1.1\r\nHost: a\r\n\r\n', 404],
    ['GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n', 404],
    ['POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello', 405],
    ['DELETE /metrics HTTP/1.1\r\nHost: a\r\n\r\n', 405],
    ['GET /metrics HTTP/1.1\r\n\r\n', 400],
    ['\u0016\u0003\u0001 hello\r\n\r\n', 400],
    [`GET /metrics HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(2000)}\r\n\r\n`, 431],
  ] as const)
    expect(await statusOf(request), request).toBe(status)
})

test('what cannot be said now is no answer, and the log says why', async () => {
  const said: string[] = []
  sendLogTo(({ message }) => said.push(message))
  await serve({}, async () => Promise.reject(new Error('no kernel')))
  expect(await statusOf('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n')).toBe(503)
  expect(said).toEqual(['answering /metrics: no kernel'])
})

test('who does not come to the point, or does not read, is sent away', async () => {
  await serve({ requestMs: 100 })
  expect(await statusOf('GET /metrics HTT')).toBe(408)
  server?.close()
  const pending = await serve({ connectionMs: 100 }, () => new Promise(() => undefined))
  expect(await answerTo('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n')).toBe('')
  await expect.poll(() => pending.idleSince()).not.toBe(null)
})

test('beyond so many connections, others are closed, and there is room again when one ends', async () => {
  await serve({ connections: 2 })
  const idle = [1, 2].map(() => connect({ host: '127.0.0.1', port: server?.port ?? 0 }))
  await Promise.all(idle.map((socket) => once(socket, 'connect')))
  await expect.poll(() => answerTo('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n')).toBe('')
  expect(server?.idleSince()).toBe(null)
  for (const socket of idle) socket.destroy()
  await expect.poll(() => statusOf('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n')).toBe(200)
})

test('sockets are those that were handed to this very process', () => {
  expect(inheritedSockets(7, { LISTEN_PID: '7', LISTEN_FDS: '2' })).toEqual([3, 4])
  for (const LISTEN_FDS of ['0', '-1', '1e9', '1000', '', 'x'])
    expect(inheritedSockets(7, { LISTEN_PID: '7', LISTEN_FDS })).toEqual([])
  expect(inheritedSockets(7, { LISTEN_PID: '8', LISTEN_FDS: '1' })).toEqual([])
  expect(inheritedSockets(7, {})).toEqual([])
})
