import { expect, test } from 'vitest'
import type { RepairBudget } from '../../../src/daemon/repairs.ts'
import { nextRun, overdrawnAfter, type Progress, type Timing } from '../../../src/daemon/timing.ts'

const timing: Timing = {
  quietMs: 20,
  maxMs: 200,
  idleMs: 3000,
  sweepMs: 30_000,
  burstMs: 100,
  retryMs: 1000,
  maxRetryMs: 8000,
  repairs: { burst: 3, everyMs: 5000 },
}
const lastRun = { began: 960, ended: 1000 }

const rested: RepairBudget = { left: 3, at: 0 }
const tired: RepairBudget = { left: 0, at: 1000 }

const table: Readonly<
  Record<string, readonly [Omit<Progress, 'repairs' | 'idleHint' | 'overdrawn'> & Partial<Progress>, number]>
> = {
  'without hints, the sweep': [{ hints: null, lastRun, failures: 0 }, 31_000],
  'after a long run, a rarer sweep': [{ hints: null, lastRun: { began: 0, ended: 1000 }, failures: 0 }, 61_000],
  'after a very long one, no rarer': [{ hints: null, lastRun: { began: 0, ended: 100_000 }, failures: 0 }, 400_000],
  'what is not urgent: some seconds later': [{ hints: null, idleHint: 5000, lastRun, failures: 0 }, 8000],
  'after a long run, later': [
    { hints: null, idleHint: 5000, lastRun: { began: 500, ended: 1000 }, failures: 0 },
    25_000,
  ],
  'after a very long one, no later than the sweep': [
    { hints: null, idleHint: 5000, lastRun: { began: -9000, ended: 1000 }, failures: 0 },
    35_000,
  ],
  'what is urgent does not wait for that': [
    { hints: { first: 6000, last: 6000 }, idleHint: 5000, lastRun, failures: 0 },
    6020,
  ],
  'nor that for what is urgent': [{ hints: { first: 7990, last: 7990 }, idleHint: 5000, lastRun, failures: 0 }, 8000],
  'one hint: when it is quiet': [{ hints: { first: 5000, last: 5000 }, lastRun, failures: 0 }, 5020],
  'hints without an end: after the longest wait': [{ hints: { first: 5000, last: 5190 }, lastRun, failures: 0 }, 5200],
  'just after a run: no later': [{ hints: { first: 990, last: 990 }, lastRun, overdrawn: 90, failures: 0 }, 1010],
  'after many in a row: when half of the time was for others': [
    { hints: { first: 990, last: 990 }, lastRun, overdrawn: 190, failures: 0 },
    1030,
  ],
  'on a slow host: after as many': [
    { hints: { first: 990, last: 990 }, lastRun: { began: 600, ended: 1000 }, overdrawn: 1700, failures: 0 },
    1100,
  ],
  'but for no longer than some seconds': [
    { hints: { first: 990, last: 990 }, lastRun: { began: -9000, ended: 1000 }, overdrawn: 10_000, failures: 0 },
    9000,
  ],
  'after hours of runs that were asked for, one after the other: as long as the last one took': [
    { hints: { first: 990, last: 990 }, lastRun, overdrawn: 10_000_000, failures: 0 },
    1040,
  ],
  'but never longer than until the sweep': [
    { hints: { first: 990, last: 990 }, lastRun: { began: -99_000, ended: 1000 }, overdrawn: 100_000, failures: 0 },
    31_000,
  ],
  'after a failure': [{ hints: null, lastRun, failures: 1 }, 2000],
  'after the third in a row': [{ hints: null, lastRun, failures: 3 }, 5000],
  'after the hundredth': [{ hints: null, lastRun, failures: 100 }, 9000],
  'a repair too many has to wait': [{ hints: { first: 1010, last: 1010 }, lastRun, failures: 0, repairs: tired }, 6000],
  'but not for ever': [{ hints: { first: 9000, last: 9000 }, lastRun, failures: 0, repairs: tired }, 9020],
  'hints do not hurry what keeps failing': [{ hints: { first: 1010, last: 1010 }, lastRun, failures: 2 }, 3000],
  'but come in time when it has waited enough': [{ hints: { first: 9000, last: 9000 }, lastRun, failures: 2 }, 9020],
}

test.for(Object.entries(table))('%s', ([, [progress, at]]) => {
  expect(nextRun({ repairs: rested, idleHint: null, overdrawn: 0, ...progress }, timing)).toBe(at)
})

test('runs in a row that have no pause take half of the time in the end', () => {
  let [overdrawn, at, took] = [0, 0, 0]
  let pause = 0
  while (at < 10_000) {
    overdrawn = overdrawnAfter(overdrawn, pause, 60)
    took += 60
    const lastRun = { began: at, ended: at + 60 }
    const hints = { first: at, last: at }
    const next = nextRun({ hints, idleHint: null, lastRun, overdrawn, failures: 0, repairs: rested }, timing)
    pause = Math.max(0, next - lastRun.ended)
    at = lastRun.ended + pause
  }
  expect(took).toBeGreaterThan(4900)
  expect(took).toBeLessThan(5200)
})
