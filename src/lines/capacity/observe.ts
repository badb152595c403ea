/** What a reading says of one line by itself, whatever other lines do. Pure. */
import { type LineModel, mostTargets, type Rates, restRate } from './line-model.ts'
import type { Reading } from './reading.ts'
import { answered, lowerMedian, newTarget, type Target, voteOf } from './target.ts'

const ratesKept = 10
/**
 * Bounds on the time between two readings: a shorter one says nothing of a second, and after a longer gap (suspend) the
 * line has to be seen anew.
 */
const shortestMs = 200
const longestMs = 5000

/** The line after a reading. */
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
    // Deleting first puts the target last, so that those that were not asked for longest are dropped.
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
  // The time is too short to make a rate of: the bytes count with the next reading.
  return isEarly ? known : { ...known, at, counters, rates, packetBytes: packetBytesOf(before.counters, counters) }
}

function ratesBetween(before: Reading['counters'], after: Reading['counters'], elapsedMs: number): Rates | null {
  // Counters that fall are those of a device that was made anew.
  if (!before || !after || after.rx < before.rx || after.tx < before.tx) return null
  return { down: ((after.rx - before.rx) * 1000) / elapsedMs, up: ((after.tx - before.tx) * 1000) / elapsedMs }
}

function packetBytesOf(before: Reading['counters'], after: Reading['counters']): Rates | null {
  if (!before || !after) return null
  const mean = (bytes: 'rx' | 'tx', packets: 'rxPackets' | 'txPackets') =>
    (after[bytes] - before[bytes]) / ((after[packets] ?? Number.NaN) - (before[packets] ?? Number.NaN))
  const [down, up] = [mean('rx', 'rxPackets'), mean('tx', 'txPackets')]
  return down >= 0 && up >= 0 ? { down, up } : null
}

/**
 * How late answers are, over all targets: one of three may be slow, silent or a liar without changing the result. What
 * was answered before the load began says nothing of it.
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
