import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { HistoryRow } from '../../../src/model/history.ts'
import { expiryOf, rollUp } from '../../../src/status/history/roll-up.ts'
import { isDamage, openHistory, setAside } from '../../../src/store/history.ts'
import { historyRowOf } from '../builders.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'history-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const noon = 1_760_000_400 - (1_760_000_400 % 3600)
const rowOf = (at: number, more: Partial<HistoryRow> = {}) =>
  historyRowOf(at, {
    ...{ lost: 1, minMs: 9.5, meanMs: 10.1, jitterMs: null, received: 5_000_000_000, sent: null },
    ...more,
  })
const keeping = (now: number) => ({ now, expiry: expiryOf, rollUp })
const everything = { since: 0, until: 4e9, step: 60 } as const

test('what was written is read back, also by others; a minute in two parts is added, and one that comes twice is not', async () => {
  const path = join(folder, 'history.db')
  const file = await openHistory(path)
  const rows = [rowOf(noon), rowOf(noon, { uplink: 'wan2', family: 'inet6' }), rowOf(noon + 60, { online: 20 })]
  const event = { event: 'start', at: noon * 1000 + 7 } as const
  file.write({ rows, events: [event] }, keeping(noon + 120))
  file.write({ rows: [rowOf(noon), rowOf(noon + 60, { online: 15, probes: 4 })], events: [] }, keeping(noon + 180))
  const reader = await openHistory(path, { readOnly: true })
  expect(reader.rows(everything)).toEqual([
    ...rows.slice(0, 2),
    rowOf(noon + 60, { online: 35, probes: 64, lost: 2, received: 1e10 }),
  ])
  expect(reader.rows({ ...everything, uplink: 'wan2' })).toEqual([rows[1]])
  expect(reader.rows(everything, 1)).toEqual([rows[0]])
  expect(reader.events(noon, noon + 1)).toEqual([event])
  expect(reader.rows({ ...everything, step: 3600 })).toEqual([])
  // The hour is over.
  file.write({ rows: [rowOf(noon + 3600)], events: [] }, keeping(noon + 3660))
  expect(reader.rows({ ...everything, step: 3600 }).map(({ uplink, at, online }) => [uplink, at, online])).toEqual([
    ['wan1', noon, 95],
    ['wan2', noon, 60],
  ])
  expect(() => reader.write({ rows, events: [] }, keeping(noon))).toThrow()
  reader.close()
  file.close()
  expect(readdirSync(folder)).toEqual(['history.db'])
})

test('a row takes few bytes: a minute of eight lines for 60 days, and an hour for 400, fit into the file', async () => {
  const path = join(folder, 'history.db')
  const file = await openHistory(path)
  const minutes = Array.from({ length: 10_000 }, (_, index) =>
    rowOf(noon + 60 * index, {
      minMs: 12.3,
      meanMs: 123.4,
      maxMs: 1234.5,
      jitterMs: 12.3,
      received: 5e8 + index,
      sent: 8e7 + index,
    }),
  )
  file.write({ rows: minutes, events: [] }, keeping(noon + 60))
  file.close()
  const bytesOfRow = statSync(path).size / minutes.length
  const rows = 8 * (60 * 1440 + 400 * 24)
  // Events take 1 MB of the rest.
  expect(bytesOfRow * rows).toBeLessThan(37e6)
})

test('old rows go, and rows of a future that the clock was in by mistake', async () => {
  const file = await openHistory(join(folder, 'history.db'))
  const day = 86_400
  file.write({ rows: [rowOf(noon - 61 * day), rowOf(noon), rowOf(noon + 3 * day)], events: [] }, keeping(noon + 60))
  expect(file.rows(everything).map(({ at }) => at)).toEqual([noon])
  expect(file.rows({ ...everything, step: 3600 }).map(({ at }) => at)).toEqual([noon - 61 * day])
  file.write({ rows: [], events: [] }, keeping(noon + 401 * day))
  expect(file.rows({ ...everything, step: 3600 })).toEqual([])
  file.close()
})

test('a damaged file is known as such, and set aside with what belongs to it', async () => {
  const path = join(folder, 'history.db')
  writeFileSync(path, 'x'.repeat(10_000))
  const error = await openHistory(path).then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(isDamage(error)).toBe(true)
  setAside(path)
  const file = await openHistory(path)
  file.write({ rows: [rowOf(noon)], events: [] }, keeping(noon))
  file.close()
  expect(readdirSync(folder).sort()).toEqual(['history.db', 'history.db.damaged'])
  expect(isDamage(await openHistory('/nowhere/history.db').catch((reason: unknown) => reason))).toBe(false)
})

test('graphs: sums and means of steps, of the uplinks asked for; minutes stand for hours that have no row yet', async () => {
  const file = await openHistory(join(folder, 'history.db'))
  const quiet = { lost: 6, probes: 6, meanMs: null, received: 0, sent: 0, online: 0, offline: 60 }
  const rows = [
    rowOf(noon, { meanMs: 10, probes: 6, lost: 0, sent: 7 }),
    rowOf(noon, { uplink: 'wan2' }),
    rowOf(noon + 60, { meanMs: 40, probes: 6, lost: 4, sent: 8 }),
    rowOf(noon + 120, quiet),
    rowOf(noon + 3600, { meanMs: 3, probes: 1, lost: 0 }),
  ]
  file.write({ rows, events: [] }, keeping(noon + 3700))
  const points = (step: number) => {
    const lines = file.graph({ uplinks: ['wan1', 'of nobody'], since: noon, until: noon + 7200, step })
    return lines.map((line) => ({ ...line, points: JSON.parse(`[${line.points}]`) }))
  }
  const line = { uplink: 'wan1', family: 'inet' }
  const received = 5_000_000_000
  expect(points(120)).toEqual([
    {
      ...line,
      points: [
        [0, 120, 12, 4, 17.5, 2 * received, 15],
        [1, 60, 6, 6, null, 0, 0],
        [30, 60, 1, 0, 3, received, null],
      ],
    },
  ])
  expect(points(3600)).toEqual([
    {
      ...line,
      points: [
        [0, 180, 18, 10, expect.any(Number), 2 * received, 15],
        [1, 60, 1, 0, 3, received, null],
      ],
    },
  ])
  file.close()
})
