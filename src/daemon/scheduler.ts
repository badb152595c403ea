/** Decides when to look at the world: soon after something happened, now when asked, and from time to time. */
import type { Cause } from '../model/cause.ts'
import { Failure } from '../os/error.ts'
import { afterRepair, isFight } from './repairs.ts'
import { defaultTiming, nextRun, overdrawnAfter, type Progress, type Timing } from './timing.ts'

export interface Scheduler<T> {
  /**
   * Says that something may have changed: a run follows at once, when that has settled, or within some seconds. Runs take
   * half of the time at most, but for a few in a row.
   */
  readonly hint: (cause: Cause, when?: 'at once' | 'now' | 'soon') => void
  /**
   * Resolves with the result of a run that begins after this call. However many call while a run lasts, one more serves
   * them all.
   */
  readonly now: (...causes: readonly Cause[]) => Promise<T>
  /** Whether somebody keeps undoing what the runs do, so that they come slowly. */
  readonly isFighting: () => boolean
  /** Makes no more runs; resolves when the present one has ended. Who still waits for one gets an error. */
  readonly stop: () => Promise<void>
}

interface Waiter<T> {
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
}

/** What a run says of itself. */
export interface Ran {
  readonly ok: boolean
  /** Whether it put back what an earlier run had done already. */
  readonly repaired?: boolean
  /** When its last look at the world began, by performance.now(): what the kernel told before, it has seen. */
  readonly lookedAt?: number
}

/** How many causes of one run are remembered. */
const mostCauses = 16

/**
 * Makes runs that never overlap. The first comes with the first `hint` or `now`. A run that answers `ok: false` is
 * repeated with a growing delay, in which hints wait, too. `run` must not throw.
 */
export function createScheduler<T extends Ran>(
  run: (causes: readonly Cause[]) => Promise<T>,
  timing: Timing = defaultTiming,
): Scheduler<T> {
  const clock = () => performance.now()
  let progress: Progress = {
    hints: null,
    idleHint: null,
    lastRun: { began: clock(), ended: clock() },
    overdrawn: 0,
    failures: 0,
    repairs: { left: timing.repairs.burst, at: clock() },
  }
  /** By their words: the same is told once. */
  let causes = new Map<string, Cause>()
  let waiters: Waiter<T>[] = []
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | null = null
  let stopped = false

  function note(cause: Cause): void {
    // These are enough for the log, however many there are.
    if (causes.size < mostCauses) causes.set(cause.reason, cause)
  }

  function arm(): void {
    clearTimeout(timer)
    if (stopped || running) return
    timer = setTimeout(() => begin(), Math.max(0, nextRun(progress, timing) - clock()))
  }

  function begin(): void {
    clearTimeout(timer)
    running = round().finally(() => {
      running = null
      if (waiters.length > 0 && !stopped) begin()
      else arm()
    })
  }

  async function round(): Promise<void> {
    const began = clock()
    const served = waiters
    const why = [...causes.values()]
    waiters = []
    causes = new Map()
    progress = { ...progress, hints: null, idleHint: null }
    const result = await run(why)
    const failures = result.ok ? 0 : progress.failures + 1
    const ended = clock()
    const repairs = result.repaired ? afterRepair(progress.repairs, ended, timing.repairs) : progress.repairs
    const overdrawn = overdrawnAfter(progress.overdrawn, began - progress.lastRun.ended, ended - began)
    progress = { ...progress, lastRun: { began, ended }, overdrawn, failures, repairs }
    if (result.ok && result.lookedAt !== undefined) forgetHints(result.lookedAt)
    for (const waiter of served) waiter.resolve(result)
  }

  /**
   * Our own changes come by as hints, and mostly before the look that checks them begins: another run would find nothing.
   * What else may have been hinted, a run knows from its beginning on: the configuration, and who is taken out.
   */
  function forgetHints(before: number): void {
    const isOfKernel = ({ kind }: Cause) => kind === 'kernel' || kind === 'ruleset'
    if (causes.size >= mostCauses || ![...causes.values()].every(isOfKernel)) return
    const { hints, idleHint } = progress
    const isSeen = (at: number | null | undefined) => at === null || at === undefined || at < before
    progress = {
      ...progress,
      hints: isSeen(hints?.last) ? null : hints,
      idleHint: isSeen(idleHint) ? null : idleHint,
    }
    if (progress.hints === null && progress.idleHint === null) causes = new Map()
  }

  return {
    hint: (cause, when = 'now') => {
      note(cause)
      const at = clock()
      if (when === 'soon' && progress.idleHint !== null) return
      // What has been waiting for long enough does not wait for quiet.
      const first = when === 'at once' ? at - timing.maxMs : (progress.hints?.first ?? at)
      progress = when === 'soon' ? { ...progress, idleHint: at } : { ...progress, hints: { first, last: at } }
      arm()
    },
    now: (...asked) => {
      const { promise, resolve, reject } = Promise.withResolvers<T>()
      if (stopped) reject(new Failure('stopping', 'the daemon is stopping'))
      else waiters.push({ resolve, reject })
      for (const cause of asked) note(cause)
      if (!running && !stopped) begin()
      return promise
    },
    isFighting: () => isFight(progress.repairs, clock(), timing.repairs),
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      await running
      for (const waiter of waiters) waiter.reject(new Failure('stopping', 'the daemon is stopping'))
      waiters = []
    },
  }
}
