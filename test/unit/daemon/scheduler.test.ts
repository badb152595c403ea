import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createScheduler, type Scheduler } from '../../../src/daemon/scheduler.ts'
import type { Cause } from '../../../src/model/cause.ts'

interface Run {
  readonly reasons: readonly string[]
  readonly end: (ok: boolean, lookedAt?: number) => void
}

const cause = (reason: string): Cause => ({ kind: 'command', reason })

let runs: Run[] = []
let scheduler: Scheduler<{ ok: boolean; number: number; lookedAt?: number }>

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  runs = []
  scheduler = createScheduler((causes) => {
    const reasons = causes.map(({ reason }) => reason)
    const number = runs.length + 1
    return new Promise((resolve) =>
      runs.push({
        reasons,
        end: (ok, lookedAt) => resolve({ ok, number, ...(lookedAt !== undefined && { lookedAt }) }),
      }),
    )
  })
})

afterEach(() => {
  vi.useRealTimers()
})

/** Ends the latest run, and lets what follows from that happen. */
async function endRun(ok = true, lookedAt?: number): Promise<void> {
  runs.at(-1)?.end(ok, lookedAt)
  await vi.advanceTimersByTimeAsync(0)
}

test('nothing runs before something happens', async () => {
  await vi.advanceTimersByTimeAsync(100_000)
  expect(runs).toHaveLength(0)
})

test('a burst of hints is one run', async () => {
  for (let i = 0; i < 10; i++) {
    scheduler.hint(cause(i % 2 ? 'kernel' : 'networkd'))
    await vi.advanceTimersByTimeAsync(10)
  }
  expect(runs).toHaveLength(0)
  await vi.advanceTimersByTimeAsync(10)
  expect(runs.map((run) => run.reasons)).toEqual([['networkd', 'kernel']])
})

test('hints that never end do not keep a run from coming', async () => {
  for (let i = 0; i < 40; i++) {
    scheduler.hint(cause('kernel'))
    await vi.advanceTimersByTimeAsync(10)
    await endRun()
  }
  expect(runs).toHaveLength(2)
})

test('what the latest look has seen is no reason for another run; what came after it began is', async () => {
  scheduler.hint(cause('kernel'), 'at once')
  await vi.advanceTimersByTimeAsync(0)
  scheduler.hint({ kind: 'ruleset', reason: 'our own change' })
  scheduler.hint({ kind: 'kernel', reason: 'a container' }, 'soon')
  await vi.advanceTimersByTimeAsync(1)
  await endRun(true, performance.now())
  await vi.advanceTimersByTimeAsync(20_000)
  expect(runs).toHaveLength(1)

  scheduler.hint(cause('kernel'), 'at once')
  await vi.advanceTimersByTimeAsync(0)
  const lookedAt = performance.now()
  scheduler.hint({ kind: 'kernel', reason: 'another change' })
  await endRun(true, lookedAt)
  await vi.advanceTimersByTimeAsync(20)
  expect(runs.map(({ reasons }) => reasons)).toEqual([['kernel'], ['kernel'], ['another change']])
  // The configuration was read before that came, whenever the look was.
  scheduler.hint({ kind: 'kernel', reason: 'our own change' })
  scheduler.hint({ kind: 'configuration', reason: 'configuration read' })
  await vi.advanceTimersByTimeAsync(1)
  await endRun(true, performance.now())
  await vi.advanceTimersByTimeAsync(20)
  expect(runs.at(-1)?.reasons).toEqual(['our own change', 'configuration read'])
  // What has failed is done again, whatever was seen.
  scheduler.hint(cause('a third change'))
  await vi.advanceTimersByTimeAsync(1)
  await endRun(false, performance.now())
  await vi.advanceTimersByTimeAsync(1000)
  expect(runs).toHaveLength(5)
})

test('what is urgent waits for no quiet, but after a long run for others to have their part', async () => {
  scheduler.hint(cause('kernel'))
  await vi.advanceTimersByTimeAsync(10)
  scheduler.hint(cause('kernel'), 'at once')
  await vi.advanceTimersByTimeAsync(0)
  expect(runs).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(2300)
  await endRun()
  scheduler.hint(cause('kernel'), 'at once')
  await vi.advanceTimersByTimeAsync(299)
  expect(runs).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(runs).toHaveLength(2)
})

test('who asks during a run gets the result of the next, and all share it', async () => {
  const first = scheduler.now(cause('hook'))
  const others = Array.from({ length: 50 }, () => scheduler.now(cause('hook')))
  expect(runs).toHaveLength(1)
  await endRun()
  expect(await first).toEqual({ ok: true, number: 1 })
  expect(runs).toHaveLength(2)
  await endRun()
  expect(new Set((await Promise.all(others)).map((result) => result.number))).toEqual(new Set([2]))
  await vi.advanceTimersByTimeAsync(1000)
  expect(runs).toHaveLength(2)
})

test('a hint during a run is one more run, and that is the last', async () => {
  scheduler.hint(cause('kernel'))
  await vi.advanceTimersByTimeAsync(20)
  scheduler.hint(cause('our own change'))
  await vi.advanceTimersByTimeAsync(300)
  expect(runs).toHaveLength(1)
  await endRun()
  await vi.advanceTimersByTimeAsync(320)
  expect(runs).toHaveLength(2)
  await endRun()
  await vi.advanceTimersByTimeAsync(29_000)
  expect(runs).toHaveLength(2)
})

test('without any hint, every 30 seconds', async () => {
  void scheduler.now(cause('start'))
  await endRun()
  for (let sweep = 1; sweep <= 3; sweep++) {
    await vi.advanceTimersByTimeAsync(29_999)
    expect(runs).toHaveLength(sweep)
    await vi.advanceTimersByTimeAsync(1)
    expect(runs).toHaveLength(sweep + 1)
    await endRun()
  }
})

test('a failing run is repeated, later and later; a request is served at once all the same', async () => {
  void scheduler.now(cause('start'))
  await endRun(false)
  await vi.advanceTimersByTimeAsync(1000)
  expect(runs).toHaveLength(2)
  await endRun(false)
  scheduler.hint(cause('kernel'))
  await vi.advanceTimersByTimeAsync(1999)
  expect(runs).toHaveLength(2)
  void scheduler.now(cause('hook'))
  expect(runs).toHaveLength(3)
  expect(runs[2]?.reasons).toEqual(['kernel', 'hook'])
})

test('stopping waits for the run, and for nothing after it', async () => {
  void scheduler.now(cause('start'))
  const late = scheduler.now(cause('hook'))
  const refused = expect(late).rejects.toThrow('the daemon is stopping')
  const stopped = scheduler.stop()
  await endRun()
  await stopped
  await refused
  await expect(scheduler.now(cause('hook'))).rejects.toThrow('the daemon is stopping')
  await vi.advanceTimersByTimeAsync(60_000)
  expect(runs).toHaveLength(1)
})
