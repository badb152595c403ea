/** How well a line works: its round trip time, its losses, and whether it is degraded by them. Pure. */
import type { Bounds, LineSettings, PathHealth, RoundTrip } from './path-health.ts'

const outcomesKept = 100
/** Losses of fewer outcomes are no statistic. */
const outcomesNeeded = 20

function keepOutcomes(outcomes: PathHealth['outcomes'], next: boolean): PathHealth['outcomes'] {
  return [...outcomes, next].slice(-outcomesKept)
}

/** So many misses in a row are an outage, which says nothing of how well the line works otherwise. */
const outageMisses = 4

/** Whether nothing is answered, or nothing can be asked. */
export function isOut({ silent, voids }: PathHealth): boolean {
  return silent || voids > 0
}

/** The outcomes with one more miss, unless that belongs to an outage; `misses` of them came right before. */
export function withMiss({ outcomes, misses, silent }: PathHealth): PathHealth['outcomes'] {
  return silent || misses + 1 >= outageMisses ? outcomes : keepOutcomes(outcomes, false)
}

/** The outcomes with one more answer, and without the outage that it ends. */
export function withAnswer(line: PathHealth, isShared: boolean): PathHealth['outcomes'] {
  return keepOutcomes(afterMisses(line, isShared), true)
}

/**
 * The outcomes when a question is answered. One that was asked for the only probe missed says that echo is dropped or
 * lost; for a later one of several, which were not all the line's, that an outage is over.
 */
export function withAnswered(line: PathHealth, isShared: boolean): PathHealth['outcomes'] {
  return line.misses > 1 ? afterMisses(line, isShared) : line.outcomes
}

/** The outcomes without an outage that is over: of the line, or of all lines. */
function afterMisses(line: PathHealth, isShared: boolean): PathHealth['outcomes'] {
  const { outcomes, misses } = line
  return isShared || isOut(line) || misses >= outageMisses ? beforeOutage(outcomes) : outcomes
}

/** The opinions with one more; `answered` is null where it says nothing of losses. */
export function withOpinion({ opinions }: PathHealth, answered: boolean | null): PathHealth['opinions'] {
  if (answered === null) return opinions
  return keepOutcomes(answered ? withoutOutage(opinions) : opinions, answered)
}

function withoutOutage(opinions: PathHealth['opinions']): PathHealth['opinions'] {
  return opinions.slice(-outageMisses).some((answered) => answered) ? opinions : beforeOutage(opinions)
}

/** The outcomes up to the last answer. */
export function beforeOutage(outcomes: PathHealth['outcomes']): PathHealth['outcomes'] {
  return outcomes.slice(0, outcomes.lastIndexOf(true) + 1)
}

/**
 * How long an answer may take in ms: a multiple of what it usually takes. RFC 6298 has the formula; its bounds are for
 * TCP.
 */
export function timeoutMs({ rtt }: PathHealth): number {
  if (rtt === null) return 1000
  return Math.ceil(Math.min(5000, Math.max(200, 3 * rtt.smooth, rtt.smooth + 4 * rtt.deviation)))
}

/** After how many ms an answer is late by the line's own measure; null where that is not known. */
export function dueMs({ rtt }: PathHealth): number | null {
  return rtt && Math.ceil(Math.max(2 * rtt.smooth, rtt.smooth + 4 * rtt.deviation))
}

/**
 * When the next answer is due. Where only some echo is missing, the question that makes up for it is asked an interval
 * later.
 */
export function nextDueAt(line: PathHealth, intervalMs: number, now: number): number {
  const isPartly = isMuted(line) && line.outcomes.some((answered) => answered)
  return now + (isPartly ? 2 : 1) * intervalMs + timeoutMs(line)
}

/**
 * The line, degraded or not. Half of what made it degraded has to go before it is so no more: a line at the threshold
 * must not swing.
 */
export function judge(line: PathHealth, { bounds }: Pick<LineSettings, 'bounds'>): PathHealth {
  if (line.state === 'offline') return line
  const degraded = degradedBy(line, bounds) !== null
  return degraded === line.degraded ? line : { ...line, degraded }
}

/** What degrades the line, or keeps it degraded, for people; null: nothing. */
export function degradedBy(line: PathHealth, bounds: Bounds): string | null {
  return faultOf(line, bounds, line.degraded ? 0.5 : 1)
}

/** What is beyond this part of its bound, for people; null: nothing. */
export function faultOf(line: PathHealth, { maxLatencyMs, maxJitterMs, maxLoss }: Bounds, part = 1): string | null {
  const loss = lossOf(line)
  const percent = (share: number) => `${Math.round(share * 1000) / 10} %`
  if (maxLoss !== null && line.outcomes.length >= outcomesNeeded && loss > maxLoss * part)
    return `${percent(loss)} of probes are lost, more than ${percent(maxLoss * part)}`
  const ms = line.rtt?.smooth ?? 0
  if (maxLatencyMs !== null && ms > maxLatencyMs * part)
    return `answers take ${Math.round(ms)} ms, more than ${Math.round(maxLatencyMs * part)}`
  const jitter = jitterOf(line) ?? 0
  return maxJitterMs !== null && jitter > maxJitterMs * part
    ? `answers vary by ${Math.round(jitter)} ms, more than ${Math.round(maxJitterMs * part)}`
    : null
}

/** Whether enough was asked to tell each figure that has a bound. */
export function isMeasured(line: PathHealth, { maxJitterMs, maxLoss }: Bounds): boolean {
  return line.rtt !== null && ((maxJitterMs === null && maxLoss === null) || line.outcomes.length >= outcomesNeeded)
}

/** Mean deviation of round trips in ms; null until enough was answered: the first one says half of itself. */
export function jitterOf({ rtt, outcomes }: PathHealth): number | null {
  return rtt !== null && outcomes.length >= outcomesNeeded ? rtt.deviation : null
}

/**
 * Losses of the latest background probes, 0 to 1; where only echo requests are lost, of what was asked instead. Whether the
 * last misses are losses or an outage shows when something is answered.
 */
export function lossOf(line: PathHealth): number {
  return lostOf(isMuted(line) ? withoutOutage(line.opinions) : beforeOutage(line.outcomes))
}

/** Fewer opinions than this count for nothing. */
const opinionsNeeded = 4
const mutedFrom = 0.1

/** Whether echo requests are lost and questions are not: then somebody limits or drops the former. */
export function isMuted({ outcomes, opinions }: PathHealth): boolean {
  const [echo, asked] = [lostOf(outcomes), withoutOutage(opinions)]
  return echo >= mutedFrom && asked.length >= opinionsNeeded && lostOf(asked) <= echo / 4
}

function lostOf(outcomes: readonly boolean[]): number {
  return outcomes.length === 0 ? 0 : outcomes.filter((answered) => !answered).length / outcomes.length
}

/** Whether the line loses so much that one more loss is no news. */
export function isLossy(line: PathHealth): boolean {
  return line.outcomes.length >= outcomesNeeded && lossOf(line) >= 0.1
}

/**
 * The round trip after one more sample, in ms, by the formula of RFC 6298. A line's first answers may have waited for the
 * gateway's hardware address, or for a modem to wake up, and by that formula a line that dies soon after would be found out
 * seconds late. So where two in a row take less than a third of the quickest one before, it begins anew with these.
 */
export function smooth(rtt: PathHealth['rtt'], sample: number): RoundTrip {
  if (rtt === null) return beginning(sample, sample)
  const longer = Math.max(rtt.last, sample)
  if (longer < rtt.least / 3) return beginning(longer, sample)
  return {
    smooth: rtt.smooth + (sample - rtt.smooth) / 8,
    deviation: rtt.deviation + (Math.abs(sample - rtt.smooth) - rtt.deviation) / 4,
    last: sample,
    least: Math.min(rtt.least, rtt.last),
  }
}

function beginning(smooth: number, last: number): RoundTrip {
  return { smooth, deviation: smooth / 2, last, least: smooth }
}
