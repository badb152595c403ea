/** How well a line works: its round trip time, its losses, and whether it is degraded by them. Pure. */
import type { Line, LineSettings } from './line.ts'

const outcomesKept = 100
/** Fewer are no statistic. */
const outcomesNeeded = 20

export function keepOutcomes(outcomes: Line['outcomes'], next: boolean): Line['outcomes'] {
  return [...outcomes, next].slice(-outcomesKept)
}

/** How long an answer may take: a multiple of what it usually takes. RFC 6298 has the formula, its bounds are for TCP. */
export function timeoutMs({ rtt }: Line): number {
  if (rtt === null) return 1000
  return Math.ceil(Math.min(5000, Math.max(200, 3 * rtt.smooth, rtt.smooth + 4 * rtt.deviation)))
}

/** Half of what made it degraded has to go before it is not: a line at the threshold must not swing. */
export function judge(line: Line, { maxLatencyMs, maxLoss }: LineSettings): Line {
  if (line.state === 'offline') return line
  const ease = line.degraded ? 0.5 : 1
  const slow = maxLatencyMs !== null && line.rtt !== null && line.rtt.smooth > maxLatencyMs * ease
  const lossy = maxLoss !== null && line.outcomes.length >= outcomesNeeded && lossOf(line) > maxLoss * ease
  return { ...line, degraded: slow || lossy }
}

/** 0 to 1, of the latest background probes. */
export function lossOf({ outcomes }: Line): number {
  return outcomes.length === 0 ? 0 : outcomes.filter((answered) => !answered).length / outcomes.length
}

export function smooth(rtt: Line['rtt'], sample: number): NonNullable<Line['rtt']> {
  if (rtt === null) return { smooth: sample, deviation: sample / 2 }
  return {
    smooth: rtt.smooth + (sample - rtt.smooth) / 8,
    deviation: rtt.deviation + (Math.abs(sample - rtt.smooth) - rtt.deviation) / 4,
  }
}
