/** Whether a device's counters say that what is sent is no longer answered. Pure. */
import type { Sample } from './path-health.ts'

const keptMs = 4000

/** The samples of the last seconds with the next one; that one alone where the counters fell. */
export function keepSamples(samples: readonly Sample[], next: Sample): readonly Sample[] {
  const last = samples.at(-1)
  // Counters that fall are those of a device that was made anew.
  if (last !== undefined && (next.rx < last.rx || next.tx < last.tx)) return [next]
  const first = samples.findIndex(({ at }) => at >= next.at - keptMs)
  return [...(first < 0 ? [] : samples.slice(first)), next]
}

/**
 * Whether several packets went out and next to nothing came back (retransmissions, new connections), or a single one
 * and nothing at all for longer. Next to nothing: a dead line's own router still answers ARP. What was sent a moment
 * ago may still be answered, and where answers take long, that moment is longer.
 */
export function isStalled(samples: readonly Sample[], rttMs: number, now: number): boolean {
  const slack = slackMs(rttMs)
  const many = between(samples, now, 350 + slack, 150 + slack)
  const few = between(samples, now, 1000 + slack, 600 + slack)
  return (
    (many !== null && many.sent >= 3 && many.back * 8 <= many.sent) || (few !== null && few.sent >= 1 && few.back === 0)
  )
}

/**
 * Whether a device is to be watched closely: there is traffic that may stall, or something that is not answered yet,
 * for as long as `isStalled` takes for its verdict. Probes that are answered are neither.
 */
export function isBusy(samples: readonly Sample[], rttMs: number, now: number): boolean {
  const short = since(samples, now - 450)
  const long = since(samples, now - 1300 - slackMs(rttMs))
  return short.sent >= 3 || [short, long].some(({ sent, back }) => sent >= 1 && back === 0)
}

/** Packets sent and received since then; since the first sample, where nobody watched before. */
function since(samples: readonly Sample[], at: number) {
  const first = samples.findLast((sample) => sample.at <= at) ?? samples[0]
  const last = samples.at(-1)
  return first && last ? { sent: last.tx - first.tx, back: last.rx - first.rx } : { sent: 0, back: 0 }
}

/**
 * Packets that were sent from `fromMs` to `toMs` ago, and that have come back since then; null where nobody watched for
 * so long.
 */
function between(samples: readonly Sample[], now: number, fromMs: number, toMs: number) {
  const at = (ago: number) => samples.findLast((sample) => sample.at <= now - ago)
  const [first, middle, last] = [at(fromMs), at(toMs), samples.at(-1)]
  return first && middle && last ? { sent: middle.tx - first.tx, back: last.rx - first.rx } : null
}

function slackMs(rttMs: number): number {
  return Math.min(2000, 1.5 * rttMs)
}
