import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type HistoryRow, type HistoryState, historyStates } from '../../../../src/model/history.ts'
import { createTally, type SeenLine, seenLines } from '../../../../src/status/history/tally.ts'
import { pathOf, uplinkOf } from '../../builders.ts'

const lineOf = (state: HistoryState): SeenLine => ({ uplink: 'wan1', family: 'inet', state, device: 'eth0' })
const none = new Map<string, { rxBytes: number; txBytes: number }>()
const bytes = (rxBytes: number, txBytes = 0) => new Map([['eth0', { rxBytes, txBytes }]])
const at = (seconds: number, leap = 0) => ({ wallMs: (6_000_000 + seconds + leap) * 1000, monotonicMs: seconds * 1000 })
const secondsOf = (row: HistoryRow | undefined) => row && historyStates.map((state) => row[state])

test('seconds count for the state that was, minute by minute', () => {
  const tally = createTally()
  expect(tally.pass(at(0), [lineOf('online')], none)).toEqual([])
  expect(tally.pass(at(50), [lineOf('offline')], none)).toEqual([])
  const [first, ...others] = tally.pass(at(80), [lineOf('online')], none)
  expect([secondsOf(first), first?.at, others]).toEqual([[50, 0, 10, 0, 0], 6_000_000, []])
  expect(tally.rest().map(secondsOf)).toEqual([[0, 0, 20, 0, 0]])
  const finished = [100, 130, 200].flatMap((now) => tally.pass(at(now), [lineOf('online')], none))
  // From 130 to 200 nobody looked.
  expect(finished.map(secondsOf)).toEqual([
    [40, 0, 20, 0, 0],
    [10, 0, 0, 0, 0],
  ])
})

test('probes: round trips, their jitter, and what is lost; a miss that is asked for otherwise waits for that', () => {
  const tally = createTally()
  tally.pass(at(0), [lineOf('online')], none)
  for (const rttMs of [10, 14, 12]) tally.hear('wan1', 'inet', { kind: 'answer', rttMs })
  tally.hear('wan1', 'inet', { kind: 'miss' })
  tally.hear('wan1', 'inet', { kind: 'miss', asked: true })
  tally.hear('wan1', 'inet', { kind: 'opinion', rttMs: 30, datagram: true })
  tally.pass(at(30), [lineOf('online')], none)
  const [row] = tally.pass(at(60), [lineOf('online')], none)
  expect(row).toMatchObject({ minMs: 10, meanMs: 12, maxMs: 14, jitterMs: 3, probes: 5, lost: 1 })
})

test('bytes are what the counter grew by; a counter that began anew begins anew', () => {
  const tally = createTally()
  tally.pass(at(0), [lineOf('online')], bytes(1000, 10))
  tally.pass(at(20), [lineOf('online')], bytes(1500, 15))
  tally.pass(at(40), [lineOf('online')], bytes(100, 0))
  const [row] = tally.pass(at(61), [lineOf('online')], bytes(150, 5))
  expect(row).toMatchObject({ received: 500, sent: 5 })
})

test('no second is lost or counted twice, whatever the states; a date that leaps moves rows and no seconds', () => {
  const state = fc.constantFrom(...historyStates)
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), state), { minLength: 1, maxLength: 40 }),
      fc.integer({ min: -1e6, max: 1e6 }),
      (steps, leap) => {
        const tally = createTally()
        tally.pass(at(0), [lineOf('online')], none)
        let now = 0
        const rows = steps.flatMap(([seconds, next], index) => {
          now += seconds
          return tally.pass(at(now, index > 20 ? leap : 0), [lineOf(next)], none)
        })
        const all = [...rows, ...tally.rest()].flatMap((row) => historyStates.map((name) => row[name]))
        expect(all.reduce((sum, one) => sum + one, 0)).toBe(now)
        expect(rows.every((row) => row.at % 60 === 0)).toBe(true)
      },
    ),
  )
})

test('lines of uplinks: each family that leads out, and what is known of one that is away', () => {
  const online = uplinkOf(1, {
    inet: pathOf('10.1.0.1', []),
    inet6: pathOf('fe80::1', [], { line: { state: 'offline', degraded: false } }),
  })
  const down = uplinkOf(2, { state: 'down' })
  const seen = seenLines([online, down, uplinkOf(3, { state: 'disabled' })], new Map([['wan2', ['inet6'] as const]]))
  expect(seen).toEqual([
    { uplink: 'wan1', family: 'inet', state: 'online', device: 'wan1' },
    { uplink: 'wan1', family: 'inet6', state: 'offline', device: null },
    { uplink: 'wan2', family: 'inet6', state: 'down', device: 'wan2' },
    { uplink: 'wan3', family: 'inet', state: 'disabled', device: 'wan3' },
  ])
})
