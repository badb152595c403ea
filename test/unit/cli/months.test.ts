import { expect, test } from 'vitest'
import { monthReports, monthsBetween } from '../../../src/cli/months.ts'
import type { LineReport, Outage } from '../../../src/status/history/report.ts'

const at = (year: number, month: number, day: number) => new Date(year, month - 1, day).getTime() / 1000

test('months begin where the calendar of the host says, and end with the time asked for', () => {
  expect(monthsBetween(at(2025, 12, 30), at(2026, 2, 3))).toEqual([
    { name: '2025-12', since: at(2025, 12, 30), until: at(2026, 1, 1) },
    { name: '2026-01', since: at(2026, 1, 1), until: at(2026, 2, 1) },
    { name: '2026-02', since: at(2026, 2, 1), until: at(2026, 2, 3) },
  ])
})

test('an outage counts in each month that it touches, with what of it is in there', () => {
  const seconds = { online: 0, degraded: 0, offline: 50, down: 10, disabled: 0 }
  const line = { uplink: 'dsl', family: 'inet', availability: 0.5, seconds } as LineReport
  const begin = (at(2026, 2, 1) - 600) * 1000
  const outage = { uplink: 'dsl', state: 'offline', begin, reason: '' }
  const outages: readonly Outage[] = [
    { ...outage, end: begin + 900_000 },
    { ...outage, uplink: 'lte', end: null },
    { ...outage, family: 'inet6', end: null },
  ]
  const now = at(2026, 2, 20)
  const reports = monthsBetween(at(2026, 1, 1), now).flatMap((month) =>
    monthReports(month, [line], outages, now * 1000),
  )
  expect(reports).toMatchObject([
    { month: '2026-01', outages: 1, longestSeconds: 600, outSeconds: 60 },
    { month: '2026-02', outages: 1, longestSeconds: 300, availability: 0.5 },
  ])
})
