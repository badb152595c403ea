import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { askDaemon } from '../../../../src/daemon/control/client.ts'
import type { Reply, Request } from '../../../../src/daemon/control/protocol.ts'
import { type Control, listenForRequests } from '../../../../src/daemon/control/server.ts'
import { createScheduler } from '../../../../src/daemon/scheduler.ts'
import { patienceMs } from '../../../lab/patience.ts'

let folder = ''
let path = ''
const open: Control[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ifbalance-control-'))
  path = join(folder, 'control')
})

afterEach(() => {
  for (const control of open.splice(0)) control.close()
  rmSync(folder, { recursive: true })
})

async function listen(handle: (request: Request) => Promise<Reply>): Promise<Control> {
  const control = await listenForRequests(handle, path)
  open.push(control)
  return control
}

/** What comes back for bytes that our client would not send. */
async function say(...chunks: readonly (string | Buffer)[]): Promise<string> {
  const socket = connect(path)
  let answer = ''
  socket.on('data', (chunk) => {
    answer += chunk.toString()
  })
  for (const chunk of chunks) socket.write(chunk)
  await once(socket, 'close')
  return answer
}

test('a request arrives, and its reply', async () => {
  await listen(async (request) => ({ ok: true, message: JSON.stringify(request) }))
  const reply = await askDaemon({ do: 'reconcile', reason: 'dhclient wan2 ü' }, 1000, path)
  expect(reply).toEqual({ ok: true, message: '{"do":"reconcile","reason":"dhclient wan2 ü"}' })
})

test('which uplink to switch goes along, and that there is no such one comes back', async () => {
  await listen(async ({ do: verb, uplink }) => ({ ok: false, message: `${verb} ${uplink}`, misuse: true }))
  const reply = await askDaemon({ do: 'disable', uplink: 'x'.repeat(300) }, 1000, path)
  expect(reply).toEqual({ ok: false, message: `disable ${'x'.repeat(200)}`, misuse: true })
})

test('of the environment that a hook hands over, texts arrive', async () => {
  await listen(async (request) => ({ ok: true, message: JSON.stringify(request) }))
  const line = '{"do":"hook","hook":"dhclient","environment":{"interface":"wan2","__proto__":"x","n":1,"o":{}}}'
  const { message } = JSON.parse(await say(`${line}\n`)) as Reply
  expect(message).toBe('{"do":"hook","hook":"dhclient","environment":{"interface":"wan2","__proto__":"x"}}')
})

test('only our own user can open the socket', async () => {
  await listen(async () => ({ ok: true, message: '' }))
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('50 requests at once are two runs, and each is answered by one that began after it', async () => {
  const began: number[] = []
  const all = Promise.withResolvers<void>()
  const scheduler = createScheduler(async () => {
    began.push(performance.now())
    // The first ends when all have asked.
    await all.promise
    return { ok: true, message: String(began.length - 1) }
  })
  let arrived = 0
  await listen((request) => {
    arrived += 1
    if (arrived === 50) all.resolve()
    return scheduler.now({ kind: 'hook', reason: request.reason ?? '' })
  })
  const replies = await Promise.all(
    Array.from({ length: 50 }, (_, i) => askDaemon({ do: 'reconcile', reason: String(i) }, patienceMs, path)),
  )
  await scheduler.stop()
  expect(arrived).toBe(50)
  expect(began).toHaveLength(2)
  const served = replies.map((reply) => reply?.message)
  expect(served.filter((run) => run === '0').length).toBeGreaterThanOrEqual(1)
  expect(served.every((run) => run === '0' || run === '1')).toBe(true)
})

test('no socket: no daemon', async () => {
  expect(await askDaemon({ do: 'reconcile' }, 1000, path)).toBeNull()
  expect(await askDaemon({ do: 'reconcile' }, 1000, '/dev/null/control')).toBeNull()
})

test('a socket that a killed daemon left: no daemon, and the next one takes its place', async () => {
  const script = `require('node:net').createServer().listen(process.argv[1], () => console.log('listening'))`
  const daemon = spawn(process.execPath, ['-e', script, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(daemon.stdout, 'data')
  daemon.kill('SIGKILL')
  await once(daemon, 'exit')
  expect(existsSync(path)).toBe(true)
  expect(await askDaemon({ do: 'reconcile' }, 1000, path)).toBeNull()
  await listen(async () => ({ ok: true, message: 'new' }))
  expect(await askDaemon({ do: 'reconcile' }, 1000, path)).toMatchObject({ message: 'new' })
})

test('a daemon that is stopped: an error when patience ends', async () => {
  const silent = createServer()
  silent.listen(path)
  await once(silent, 'listening')
  const error = 'asking the daemon to reconcile: no answer within 200 ms'
  await expect(askDaemon({ do: 'reconcile' }, 200, path)).rejects.toThrow(error)
  silent.close()
})

test('a daemon that ends before it answers: nobody did it', async () => {
  const dying = createServer((socket) => socket.once('data', () => socket.destroy()))
  dying.listen(path)
  await once(dying, 'listening')
  expect(await askDaemon({ do: 'reconcile' }, 1000, path)).toBeNull()
  dying.close()
})

test('a second daemon is refused, and the first goes on', async () => {
  await listen(async () => ({ ok: true, message: 'first' }))
  await expect(listenForRequests(async () => ({ ok: true, message: '' }), path)).rejects.toThrow('another daemon')
  expect(await askDaemon({ do: 'status' }, 1000, path)).toMatchObject({ message: 'first' })
})

test('a file in the place of the socket is replaced', async () => {
  writeFileSync(path, 'not a socket')
  await listen(async () => ({ ok: true, message: 'here' }))
  expect(await askDaemon({ do: 'status' }, 1000, path)).toMatchObject({ message: 'here' })
})

test.for([
  ['no JSON', 'reconcile\n'],
  ['another verb', '{"do":"format"}\n'],
  ['an inherited verb', '{"do":"constructor"}\n'],
  ['an array', '["reconcile"]\n'],
  ['null', 'null\n'],
  ['bytes', Buffer.from([0xff, 0xfe, 0, 0x0a])],
] as const)('%s is refused without a run', async ([, line]) => {
  let handled = 0
  await listen(async () => {
    handled += 1
    return { ok: true, message: '' }
  })
  expect(JSON.parse(await say(line))).toEqual({ ok: false, message: 'not a request that this daemon knows' })
  expect(handled).toBe(0)
})

test('a line that never ends is cut off', async () => {
  await listen(async () => ({ ok: true, message: '' }))
  const answer = await say('x'.repeat(70_000)).catch((error: unknown) => String(error))
  expect(answer).toMatch(/more than 65536 bytes|ECONNRESET|EPIPE/)
  expect(await askDaemon({ do: 'status' }, 1000, path)).toMatchObject({ ok: true })
})

test('who says nothing is hung up on, and keeps nobody waiting', async () => {
  await listen(async () => ({ ok: true, message: '' }))
  const silent = Array.from({ length: 100 }, () => say())
  expect(await askDaemon({ do: 'status' }, 1000, path)).toMatchObject({ ok: true })
  expect(new Set(await Promise.all(silent))).toEqual(new Set(['{"ok":false,"message":"no answer within 2000 ms"}\n']))
})

test('who hangs up while waiting harms nobody', async () => {
  const { promise, resolve } = Promise.withResolvers<Reply>()
  const asked = Promise.withResolvers<void>()
  await listen(() => {
    asked.resolve()
    return promise
  })
  const socket = connect(path)
  socket.write('{"do":"reconcile"}\n')
  await asked.promise
  socket.destroy()
  const patient = askDaemon({ do: 'reconcile' }, 1000, path)
  resolve({ ok: true, message: 'done' })
  expect(await patient).toEqual({ ok: true, message: 'done' })
})

test('closing hangs up and removes the socket', async () => {
  const control = await listenForRequests(() => new Promise(() => undefined), path)
  const waiting = askDaemon({ do: 'reconcile' }, 5000, path)
  await askDaemon({ do: 'status' }, 50, path).catch(() => undefined)
  control.close()
  expect(await waiting).toBeNull()
  expect(existsSync(path)).toBe(false)
})
