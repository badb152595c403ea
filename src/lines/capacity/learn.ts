/** What lines that share the load say of each other: how much each of them can carry. Pure. */
import { type Bandwidth, type Capacity, type LineModel, rateOf, restRate, type Way, ways } from './line-model.ts'

/** Bytes/s over all lines: of less than this nothing is learned. */
export const learnedFrom = 50_000
/** Acknowledgements are 2 to 3 % of what they acknowledge: so little is no load of its own. */
export const acknowledgements = 0.06
/** The least that a full line counts for, in bytes/s. */
const leastRate = 1000
/** The most that was seen is forgotten by half in about an hour. */
const kept = 0.9998
/** So many seconds in a row in which a line is full say how much that is; rates that vary by more are of bursts. */
const fullKept = 4
const steady = 0.8
/** A line that was never known to be full is not by a burst at less than this part of what it carried before. */
const typical = 0.7
const toSteady = 0.5
const toBursts = 0.02
/**
 * Who is not full while another one is, and carries such a part of what it is said to, may be able to carry more: it is said
 * to by such a factor, and to so many times of what it carried lately at most. What was never seen full is found out faster, as TCP's slow start does.
 */
const growth = {
  known: { part: 0.8, factor: 1.15, most: 1.2 },
  unknown: { part: 0.5, factor: 1.3, most: 2 },
}

export type Load = 'full' | 'free' | 'unclear'

export interface Member {
  readonly line: LineModel
  readonly bandwidth?: Bandwidth
}

/** Once a second, of lines that new connections are spread over: each with what is known of it from now on. */
export function learn(members: readonly Member[]): readonly LineModel[] {
  const lines = members.map(({ line }) => line)
  const demand = demandOf(lines)
  const learned = ways.map((way) => (demand[way] < learnedFrom ? null : learnWay(members, way)))
  const [down, up] = learned
  return lines.map((line, i) => ({
    ...line,
    capacity: { down: down?.[i] ?? looked(line, 'down'), up: up?.[i] ?? looked(line, 'up') },
  }))
}

function looked(line: LineModel, way: Way): Capacity {
  const before = line.capacity[way]
  return { ...before, seen: seenOf(line, way), full: [] }
}

function seenOf(line: LineModel, way: Way): number {
  return Math.max(rateOf(line, way), line.capacity[way].seen * kept)
}

/** Bytes/s over all lines, without what merely acknowledges the other way. */
export function demandOf(lines: readonly LineModel[]): Readonly<Record<Way, number>> {
  const [down, up] = ways.map((way) => lines.reduce((sum, line) => sum + rateOf(line, way), 0))
  const own = (one = 0, other = 0) => Math.max(0, one - acknowledgements * other)
  return { down: own(down, up), up: own(up, down) }
}

function learnWay(members: readonly Member[], way: Way): readonly Capacity[] {
  const loads = members.map(({ line }) => loadOf(line, way))
  const isAnyFull = loads.includes('full')
  const top = Math.max(...members.map(({ line }) => line.capacity[way].rate))
  return members.map(({ line, bandwidth }, i) => {
    const next = loads[i] === 'full' ? measured(line, way) : guessed(line, way, isAnyFull && loads[i] === 'free', top)
    return { ...next, rate: Math.min(next.rate, bandwidth?.[way] ?? Infinity) }
  })
}

/** Of a full line: what it carries is what it can. */
function measured(line: LineModel, way: Way): Capacity {
  const before = line.capacity[way]
  const rate = rateOf(line, way)
  const full = [...before.full, rate].slice(-fullKept)
  const best = Math.max(...full, leastRate)
  const seen = seenOf(line, way)
  const isSteady = full.length === fullKept && Math.min(...full) > steady * best
  if (before.sure !== 'known') {
    if (best > typical * seen || isSteady) return { sure: 'known', rate: best, seen, since: line.at ?? 0, full }
    return { ...before, rate: Math.max(before.rate, rate), seen, full }
  }
  const toward = best > before.rate || isSteady ? toSteady : toBursts
  return { ...before, rate: before.rate + (best - before.rate) * toward, seen, full }
}

function guessed(line: LineModel, way: Way, mayGrow: boolean, top: number): Capacity {
  const before = line.capacity[way]
  const rate = rateOf(line, way)
  const isKnown = before.sure === 'known'
  const counted = isKnown ? before.rate : Math.max(before.rate, top)
  const { part, factor, most } = isKnown ? growth.known : growth.unknown
  const bound = most * Math.max(...line.rates.map((one) => one[way]), isKnown ? 0 : top)
  const grown = mayGrow && rate >= part * counted ? Math.min(counted * factor, bound) : before.rate
  const isNews = before.sure === 'unknown' && rate > 0
  return {
    sure: isKnown ? 'known' : isNews ? 'at-least' : before.sure,
    rate: Math.max(rate, before.rate, grown),
    seen: seenOf(line, way),
    since: isNews ? (line.at ?? 0) : before.since,
    full: [],
  }
}

/**
 * Whether a line is full one way. Late answers say that it queues, but not which way; a rate that stands still at its best
 * says that it is full without a queue that probes would wait in.
 */
export function loadOf(line: LineModel, way: Way): Load {
  if (isOtherWay(line, way, way === 'down' ? 'up' : 'down')) return 'free'
  if (isFlat(line, way)) return 'full'
  const { late } = line.queue
  // What delays answers of a line that carries nothing is not what we send.
  const isUsed = rateOf(line, way) > Math.max(restRate, line.capacity[way].seen / 20)
  if (late !== null && late > 0.5) return isUsed ? 'full' : 'unclear'
  const isStill = isSteady(line, way, { seconds: 4, varies: 0.1, part: 0.9 })
  return isStill || late === 0.5 ? 'unclear' : 'free'
}

/** Policers, fair queues (RFC 8290, CAKE) and servers that are slow themselves let answers pass in time. */
function isFlat(line: LineModel, way: Way): boolean {
  const isKnown = line.capacity[way].sure === 'known'
  return (
    isSteady(line, way, { seconds: isKnown ? 4 : 2, varies: 0.02, part: 0.9 }) ||
    isSteady(line, way, { seconds: 6, varies: 0.05, part: 0.9 }) ||
    // It fell, and stays there.
    isSteady(line, way, { seconds: 10, varies: 0.05, part: 0.1 })
  )
}

interface Steadiness {
  readonly seconds: number
  /** By such a part its rate varies at most, and stays above such a part of the most that was seen. */
  readonly varies: number
  readonly part: number
}

export function isSteady({ rates, capacity }: LineModel, way: Way, { seconds, varies, part }: Steadiness): boolean {
  const latest = rates.slice(-seconds).map((rate) => rate[way])
  const [most, least] = [Math.max(...latest), Math.min(...latest)]
  if (latest.length < seconds || most < learnedFrom) return false
  return least > (1 - varies) * most && least > part * capacity[way].seen
}

/**
 * Whether it is the other way that queues: this one carries acknowledgements only, or it is used much less than the other
 * one, or the other one stands still and this one does not.
 */
function isOtherWay({ rates, capacity }: LineModel, way: Way, other: Way): boolean {
  const last = rates.at(-1)
  if (!last) return false
  const use = (one: Way) => last[one] / Math.max(1, last[one], capacity[one].seen)
  if (last[other] > acknowledgements * last[way] && use(way) < 0.7 * use(other)) return true
  const latest = rates.slice(-5)
  const sum = (one: Way) => latest.reduce((all, rate) => all + rate[one], 0)
  if (latest.length < 5) return false
  if (sum(way) < acknowledgements * sum(other)) return true
  const spread = (one: Way) => {
    const values = latest.map((rate) => rate[one])
    return 1 - Math.min(...values) / Math.max(...values, 1)
  }
  const [own, its] = [spread(way), spread(other)]
  return sum(other) > acknowledgements * sum(way) && own > 0.15 && own > 2 * its && its < 0.25
}
