import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Past, pastMethods } from '../../../../src/daemon/api/past.ts'
import { keepHistory } from '../../../../src/daemon/history.ts'
import type { IncomingCall } from '../../../../src/os/dbus/bus.ts'
import { createDecoder, encode, types } from '../../../../src/os/dbus/wire.ts'
import { historyRowOf } from '../../builders.ts'

const hour = 1_790_000_400
const past: Past = {
  rows: async () => [historyRowOf(hour), historyRowOf(hour + 60, { meanMs: null, received: null })],
  graph: async () => [{ uplink: 'd"l', family: 'inet', points: '[0,60,6,0,8.5,1000,null]' }],
  events: async () => [{ event: 'start', at: hour * 1000 }],
}
const call = {} as IncomingCall

/** What a caller gets, over the wire; the error's message where that is what there is. */
function asked(method: string, ...args: readonly unknown[]): Promise<unknown> {
  return askedOf(past, method, ...args)
}

async function askedOf(of: Past, method: string, ...args: readonly unknown[]): Promise<unknown> {
  const answer = await pastMethods(of).get(method)?.run(args, call)
  if (!answer?.ok) return answer?.message
  const seen: unknown[] = []
  const reply = { type: types.reply, serial: 1, replySerial: 1, signature: answer.signature, body: answer.body }
  createDecoder(({ body }) => void seen.push(...body()))(encode(reply))
  return seen[0]
}

test('GetHistory gives what is known and what is not: that is -1, as nothing of it is below 0', async () => {
  const since = hour * 1e6
  expect(await asked('GetHistory', 'dsl', 'inet', since, since + 120e6)).toMatchObject({
    ...{ step: 60, at: [since, since + 60e6], online: [60, 60] },
    ...{ meanMs: [historyRowOf(0).meanMs, -1], received: [historyRowOf(0).received, -1] },
  })
  expect(await asked('GetHistory', 'dsl', 'ipx', since, since + 1)).toContain('inet or inet6')
  expect(await asked('GetHistory', 'dsl', 'inet', since, since)).toContain('62 days')
})

test('GetGraph gives the points of 8 uplinks at most as JSON, in no more steps than a graph has pixels', async () => {
  const since = (hour + 7) * 1e6
  const ask = async (seconds: number) =>
    JSON.parse(String(await asked('GetGraph', ['d"l'], since, since + seconds * 1e6)))
  expect(await ask(3600)).toEqual({
    ...{ step: 60, since: hour },
    lines: [{ uplink: 'd"l', family: 'inet', points: [[0, 60, 6, 0, 8.5, 1000, null]] }],
  })
  const steps = await Promise.all([86_400, 7 * 86_400, 60 * 86_400].map(async (seconds) => (await ask(seconds)).step))
  expect(steps).toEqual([120, 3600, 7200])
  expect(await asked('GetGraph', Array(9).fill('dsl'), since, since + 1)).toContain('8 uplinks')
  expect(await asked('GetGraph', [], since, since + 63 * 86_400e6)).toContain('62 days')
})

test('GetEvents gives fields as the journal has them', async () => {
  expect(await asked('GetEvents', '', 0, 1e15)).toEqual([{ at: String(hour * 1e6), IFBALANCE_EVENT: 'start' }])
})

test('what is on disk, and what is not yet, is told', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'past-'))
  const ticker = { join: () => {}, hurry: () => {}, awake: () => {}, stop: () => {} }
  const history = keepHistory(ticker, join(folder, 'history.db'))
  try {
    await history.write()
    history.tell([{ event: 'failback', uplink: 'dsl' }])
    const kinds = (await askedOf(history, 'GetEvents', '', 0, 4e15)) as readonly Record<string, string>[]
    expect(kinds.map(({ IFBALANCE_EVENT }) => IFBALANCE_EVENT)).toEqual(['start', 'failback'])
    expect(await askedOf(history, 'GetEvents', 'lte', 0, 4e15)).toEqual([])
    expect(JSON.parse(String(await askedOf(history, 'GetGraph', ['dsl'], 0, 1e6)))).toMatchObject({ lines: [] })
  } finally {
    await history.stop()
    rmSync(folder, { recursive: true })
  }
})
