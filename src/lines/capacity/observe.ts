/** What one line's reading says of it, whatever others do. Pure. */
import { type LineModel, mostTargets, type Rates, restRate } from './line-model.ts'
import type { Reading } from './reading.ts'
import { answered, lowerMedian, newTarget, type Target, voteOf } from './target.ts'

const ratesKept = 10
/** Between two readings; what is shorter says nothing of a second, and after a longer gap (suspend) it is another time. */
const shortestMs = 200
const longestMs = 5000

export function observe(before: LineModel, { at, counters, answers }: Reading): LineModel {
  const elapsed = before.at === null ? Number.NaN : at - before.at
  const isEarly = elapsed < shortestMs
  const rate = elapsed <= longestMs && !isEarly ? ratesBetween(before.counters, counters, elapsed) : null
  const rates = isEarly ? before.rates : rate === null ? [] : [...before.rates, rate].slice(-ratesKept)
  const atRest = rates.slice(-2).every(({ down, up }) => down + up < restRate)
  const targets = new Map(Object.entries(before.targets))
  for (const { target, rttMs } of answers) {
    if (rttMs !== null && !(rttMs >= 0 && Number.isFinite(rttMs))) continue
    const known = targets.get(target) ?? newTarget
    // Added last, so that the ones that are dropped are those that were not asked for longest.
    targets.delete(target)
    targets.set(target, answered(known, rttMs, at, atRest))
  }
  const kept = [...targets].slice(-mostTargets)
  const restedAt = atRest ? at : before.restedAt
  const queue = queueOf(
    kept.map(([, target]) => target),
    at,
    restedAt,
  )
  const known = { ...before, restedAt, targets: Object.fromEntries(kept), queue }
  // Too little time to make a rate of: it counts with the next reading.
  return isEarly ? known : { ...known, at, counters, rates }
}

function ratesBetween(before: Reading['counters'], after: Reading['counters'], elapsedMs: number): Rates | null {
  // The device was made anew and counts from 0.
  if (!before || !after || after.rx < before.rx || after.tx < before.tx) return null
  return { down: ((after.rx - before.rx) * 1000) / elapsedMs, up: ((after.tx - before.tx) * 1000) / elapsedMs }
}

/**
 * One target of three may be slow, silent or a liar, and changes nothing. What was answered before the load began says
 * nothing of it.
 */
function queueOf(targets: readonly Target[], at: number, restedAt: number): LineModel['queue'] {
  const alone = targets.length === 1
  const votesSince = (since: number) => targets.flatMap((target) => voteOf(target, at, since, alone) ?? [])
  const underLoad = alone ? [] : votesSince(restedAt)
  const votes = underLoad.length > 0 ? underLoad : votesSince(Number.NEGATIVE_INFINITY)
  const delays = votes.flatMap(({ beyondMs }) => beyondMs ?? [])
  return {
    ms: delays.length === 0 ? null : lowerMedian(delays),
    late: votes.length === 0 ? null : votes.filter(({ late }) => late).length / votes.length,
  }
}
