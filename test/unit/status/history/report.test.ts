import { expect, test } from 'vitest'
import type { Dated, HistoryEvent, LineSums } from '../../../../src/model/history.ts'
import type { UplinkState } from '../../../../src/model/uplink.ts'
import { lineReport, outagesOf, outagesWithin } from '../../../../src/status/history/report.ts'
import { expiryOf, rollUp } from '../../../../src/status/history/roll-up.ts'
import { historyRowOf } from '../../builders.ts'

const change = (at: number, from: UplinkState | null, to: UplinkState | 'gone', family?: 'inet6'): Dated => {
  const event: HistoryEvent = {
    event: 'uplink',
    uplink: 'wan1',
    from,
    to,
    reason: `is ${to}`,
    ...(family && { family }),
  }
  return { ...event, at }
}
const start = (at: number): Dated => ({ event: 'start', at })
const spans = (...events: readonly Dated[]) =>
  outagesOf(events).map(({ begin, end, state, reason, unseenEnd }) => [
    begin,
    end,
    state,
    reason,
    ...(unseenEnd ? ['unseen'] : []),
  ])

test('an outage is one from its first state to the next that works, with its first reason', () => {
  expect(spans(change(1, 'online', 'offline'), change(2, 'offline', 'down'), change(9, 'down', 'online'))).toEqual([
    [1, 9, 'offline', 'is offline'],
  ])
  expect(spans(change(1, 'online', 'offline'))).toEqual([[1, null, 'offline', 'is offline']])
  expect(
    spans(change(1, 'online', 'degraded'), change(2, 'degraded', 'online'), change(3, 'online', 'disabled')),
  ).toEqual([])
  expect(spans(change(1, 'online', 'down'), change(4, 'down', 'gone'))).toEqual([[1, 4, 'down', 'is down']])
})

test('a restart ends an outage where the daemon does not find it again', () => {
  const down = change(1, 'online', 'down')
  expect(spans(down, start(5), change(5, null, 'down'), change(8, 'down', 'online'))).toEqual([
    [1, 8, 'down', 'is down'],
  ])
  expect(spans(down, start(5))).toEqual([[1, 5, 'down', 'is down', 'unseen']])
  expect(spans(down, start(5), change(7, 'online', 'offline'))).toEqual([
    [1, 5, 'down', 'is down', 'unseen'],
    [7, null, 'offline', 'is offline'],
  ])
})

test('one family may be out alone; outages are found by the time that they touch', () => {
  const all = outagesOf([
    change(1, 'online', 'offline', 'inet6'),
    change(3, 'online', 'down'),
    change(4, 'down', 'online'),
  ])
  expect(all.map(({ family, end }) => [family, end])).toEqual([
    ['inet6', null],
    [undefined, 4],
  ])
  expect(outagesWithin(all, 5, 9)).toHaveLength(1)
  expect(outagesWithin(all, 2, 9)).toHaveLength(2)
  expect(outagesWithin(all, 0, 1)).toHaveLength(0)
})

const counted: LineSums = {
  ...{ uplink: 'wan1', family: 'inet', online: 0, degraded: 0, offline: 0, down: 0, disabled: 60, probes: 0, lost: 0 },
  ...{ minMs: null, maxMs: null, jitterMs: null, received: null, sent: null, latencies: [], losses: [] },
}

test('availability is of the time that was seen and wanted; percentiles are values that were there', () => {
  const report = lineReport({
    ...{ ...counted, online: 5910, degraded: 30, offline: 60, probes: 6000, lost: 60, minMs: 3, maxMs: 900 },
    ...{ jitterMs: 1.26, received: 10_100, sent: 7 },
    latencies: [
      [10, 98],
      [200, 1],
    ],
    losses: [
      [0, 99],
      [1, 1],
    ],
  })
  expect(report).toMatchObject({
    ...{ availability: 0.99, latencyMs: { min: 3, p50: 10, p95: 10, p99: 200, max: 900 }, jitterMs: 1.3 },
    ...{ lossBy: { min: 0, p50: 0, p99: 0, max: 1 }, loss: 0.01, received: 10_100, seconds: { disabled: 60 } },
  })
  expect(lineReport(counted)).toMatchObject({ availability: null, latencyMs: null, loss: null, received: null })
})

test('minutes roll up to what an hour of them is', () => {
  const other = historyRowOf(60, { uplink: 'wan2', family: 'inet6', received: null, sent: null })
  const rows = [
    historyRowOf(0),
    historyRowOf(60, { meanMs: 40, maxMs: 50, probes: 40, lost: 20, online: 30, down: 30 }),
    other,
    historyRowOf(3600),
  ]
  const [first, second, third, ...rest] = rollUp(rows, 3600)
  expect(rest).toEqual([])
  expect(first).toMatchObject({
    at: 0,
    online: 90,
    down: 30,
    probes: 100,
    lost: 20,
    minMs: 9,
    meanMs: 17.5,
    maxMs: 50,
    received: 200,
  })
  expect(second).toMatchObject({ uplink: 'wan2', received: null })
  expect(third?.at).toBe(3600)
})

test('what is deleted: old rows, half a day of minutes at once, and sooner where there is no room', () => {
  const [now, day] = [1e9, 86_400]
  const young = now - 10 * day
  expect(expiryOf(now, { oldestMinute: young, used: 0.5 }).minutes).toBeLessThanOrEqual(young)
  const old = now - 70 * day
  expect(expiryOf(now, { oldestMinute: old, used: 0.5 })).toEqual({
    minutes: old + day / 2,
    hours: now - 400 * day,
    after: now + day,
  })
  const full = expiryOf(now, { oldestMinute: young, used: 0.97 }).minutes
  expect(full).toBeGreaterThan(young)
  expect(expiryOf(now, { oldestMinute: null, used: 1 }).minutes).toBeLessThan(now)
})
