import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { HistoryRow, LineSums } from '../../../src/model/history.ts'
import { expiryOf, rollUp } from '../../../src/status/history/roll-up.ts'
import { isDamage, openHistory, setAside } from '../../../src/store/history.ts'
import { historyRowOf, outageRowOf } from '../builders.ts'

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

test('sums are those of all rows; minutes stand for hours that have no row yet', async () => {
  const file = await openHistory(join(folder, 'history.db'))
  fc.assert(
    fc.property(fc.array(randomRow, { minLength: 1, maxLength: 60 }), fc.constantFrom(60, 3600), (some, step) => {
      const rows = [...new Map(some.map((row) => [`${row.uplink} ${row.family} ${row.at}`, row])).values()]
      // Nothing else is in the file: what is older goes, and so does what is from a future.
      file.write({ rows: [], events: [] }, { ...keeping(noon), expiry: () => ({ minutes: 4e9, hours: 4e9, after: 0 }) })
      file.write({ rows, events: [] }, keeping(noon + 2 * 3600))
      const query = { since: noon, until: noon + 3 * 3600, step } as const
      const hours = rollUp(rows.filter(({ at }) => at < noon + 2 * 3600).toSorted(byTime), 3600)
      const all = step === 60 ? rows : [...hours, ...rows.filter(({ at }) => at >= noon + 2 * 3600)]
      expect(file.sums(query)).toEqual(sumsByHand(all))
      const texts: readonly HistoryRow[] = JSON.parse(`[${file.rowsText(query)}]`)
      expect(texts.toSorted(byTime)).toEqual(all.toSorted(byTime))
    }),
    { numRuns: 100 },
  )
  file.close()
})

const byTime = (one: HistoryRow, other: HistoryRow) => one.at - other.at || nameOf(one).localeCompare(nameOf(other))
const nameOf = ({ uplink, family }: HistoryRow) => `${uplink} ${family}`

const randomRow: fc.Arbitrary<HistoryRow> = fc
  .record({
    at: fc.integer({ min: 0, max: 3 * 60 - 1 }).map((minute) => noon + minute * 60),
    uplink: fc.constantFrom('a', 'b'),
    family: fc.constantFrom('inet' as const, 'inet6' as const),
    isOut: fc.boolean(),
    meanMs: fc.integer({ min: 1, max: 30 }).map((tenths) => tenths / 10),
    lost: fc.integer({ min: 0, max: 60 }),
    received: fc.option(fc.integer({ min: 0, max: 1e15 })),
  })
  .map(({ at, isOut, meanMs, ...more }) =>
    isOut ? outageRowOf(at, more) : historyRowOf(at, { meanMs, ...more, sent: null, jitterMs: null }),
  )

function sumsByHand(rows: readonly HistoryRow[]): readonly LineSums[] {
  const lines = Object.groupBy(rows, nameOf)
  return Object.keys(lines)
    .toSorted()
    .map((name) => {
      const own = lines[name] ?? []
      const [uplink = '', family = ''] = name.split(' ')
      const known = (of: keyof HistoryRow) => own.flatMap((row) => (row[of] === null ? [] : Number(row[of])))
      const sum = (of: keyof HistoryRow) => known(of).reduce((total, value) => total + value, 0)
      const sumIfKnown = (of: keyof HistoryRow) => (known(of).length === 0 ? null : sum(of))
      const least = (values: readonly number[]) => (values.length === 0 ? null : Math.min(...values))
      const counts = (values: readonly number[]) =>
        [...Map.groupBy(values, (value) => value)]
          .map(([value, same]) => [value, same.length] as const)
          .toSorted(([one], [other]) => one - other)
      const most = known('maxMs')
      return {
        ...{ uplink, family: family as HistoryRow['family'], online: sum('online'), degraded: 0 },
        ...{ offline: sum('offline'), down: 0, disabled: 0, probes: sum('probes'), lost: sum('lost') },
        ...{ minMs: least(known('minMs')), maxMs: most.length === 0 ? null : Math.max(...most), jitterMs: null },
        ...{ received: sumIfKnown('received'), sent: sumIfKnown('sent'), latencies: counts(known('meanMs')) },
        losses: counts(own.map(({ lost, probes }) => lost / probes)),
      }
    })
}

test('a course: the mean of each piece, and how long of it the line was out', async () => {
  const file = await openHistory(join(folder, 'history.db'))
  const rows = [rowOf(noon), rowOf(noon + 60, { meanMs: 20 }), outageRowOf(noon + 1800), rowOf(noon + 3540)]
  file.write({ rows, events: [] }, keeping(noon + 3541))
  const query = { since: noon + 1, until: noon + 3600, step: 60 } as const
  expect(file.courses(query, 4)).toEqual([
    {
      ...{ uplink: 'wan1', family: 'inet' },
      pieces: [
        [0, expect.closeTo(15.05), 0, 120],
        [2, null, 60, 60],
        [3, 10.1, 0, 60],
      ],
    },
  ])
  file.close()
})
