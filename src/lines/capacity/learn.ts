/** How much each of the lines that share the load can carry, as their rates and queues tell. Pure. */
import {
  type Bandwidth,
  type Capacity,
  type Direction,
  directions,
  type LineModel,
  rateOf,
  restRate,
} from './line-model.ts'

/** Bytes/s over all lines: below this nothing is learned. */
export const learnedFrom = 50_000
/**
 * The share of one way's rate that counts as acknowledgements of the other way, which are 2 to 3 % of what they
 * acknowledge.
 */
export const acknowledgements = 0.06
/** The least rate that a full line counts for, in bytes/s. */
const leastRate = 1000
/** The factor by which the most that was seen shrinks each second: by half in about an hour. */
const kept = 0.9998
/**
 * How many seconds in a row a line has to be full before its rate says how much it can carry. Rates that vary by more
 * than `steady` allows are bursts.
 */
const fullKept = 4
const steady = 0.8
/**
 * A burst at less than this part of what a line carried before does not show that it is full, where it was never known
 * to be.
 */
const typical = 0.7
/**
 * What is sent counts for uploads, also what is lost behind our counters and sent again: more of it the more transfers share the
 * line. Who follows that soon gives most to the line that loses most.
 */
const toSteady = { down: 0.5, up: 0.1 } as const
const toBursts = 0.02
/**
 * A line that was full for so many seconds and carried less than this part of what it is known for in each of them has fallen,
 * however its rate varies: by so much nobody's bursts differ for so long.
 */
const fallenFor = 6
const fallenTo = 0.4
const fallenSteady = 0.5
const toFallen = 0.8
/**
 * How a line's rate is raised while another line is full and it is not itself. Where it carries `part` of its rate, it
 * may be able to carry more, so the rate grows by `factor`, to `most` times of what it carried lately. What was never
 * seen full is found out faster, as in TCP's slow start.
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

/**
 * The lines with what is known of them from now on, in the same order. Called once a second, with all lines that new
 * connections are spread over.
 */
export function learn(members: readonly Member[]): readonly LineModel[] {
  const lines = members.map(({ line }) => line)
  const demand = demandOf(lines)
  const learned = directions.map((direction) =>
    demand[direction] < learnedFrom ? null : learnDirection(members, direction),
  )
  const [down, up] = learned
  return lines.map((line, i) => ({
    ...line,
    capacity: { down: down?.[i] ?? looked(line, 'down'), up: up?.[i] ?? looked(line, 'up') },
  }))
}

function looked(line: LineModel, direction: Direction): Capacity {
  const before = line.capacity[direction]
  return { ...before, seen: seenOf(line, direction), full: [] }
}

function seenOf(line: LineModel, direction: Direction): number {
  return Math.max(rateOf(line, direction), line.capacity[direction].seen * kept)
}

/** Bytes/s over all lines, without what merely acknowledges the other way. */
export function demandOf(lines: readonly LineModel[]): Readonly<Record<Direction, number>> {
  const [down, up] = directions.map((direction) => lines.reduce((sum, line) => sum + rateOf(line, direction), 0))
  const own = (one = 0, other = 0) => Math.max(0, one - acknowledgements * other)
  return { down: own(down, up), up: own(up, down) }
}

function learnDirection(members: readonly Member[], direction: Direction): readonly Capacity[] {
  const loads = members.map(({ line }) => loadOf(line, direction))
  const isAnyFull = loads.includes('full')
  const top = Math.max(...members.map(({ line }) => line.capacity[direction].rate))
  return members.map(({ line, bandwidth }, i) => {
    const next =
      loads[i] === 'full' ? measured(line, direction) : guessed(line, direction, isAnyFull && loads[i] === 'free', top)
    return { ...next, rate: Math.min(next.rate, bandwidth?.[direction] ?? Infinity) }
  })
}

/** The capacity of a full line: what it carries is what it can carry. */
function measured(line: LineModel, direction: Direction): Capacity {
  const before = line.capacity[direction]
  const rate = rateOf(line, direction)
  const long = [...before.full, rate].slice(-fallenFor)
  const full = long.slice(-fullKept)
  const best = Math.max(...full, leastRate)
  const seen = seenOf(line, direction)
  const isSteady = full.length === fullKept && Math.min(...full) > steady * best
  const isLasting = long.length === fallenFor && Math.min(...long) > fallenSteady * Math.max(...long)
  const isFallen = (isSteady || isLasting) && best < fallenTo * before.rate
  if (before.sure !== 'known') {
    if (best > typical * seen || isSteady || isFallen)
      return { sure: 'known', rate: best, seen, since: line.at ?? 0, full: long }
    return { ...before, rate: Math.max(before.rate, rate), seen, full: long }
  }
  const toward = isFallen ? toFallen : best > before.rate || isSteady ? toSteady[direction] : toBursts
  return { ...before, rate: before.rate + (best - before.rate) * toward, seen, full: long }
}

function guessed(line: LineModel, direction: Direction, mayGrow: boolean, top: number): Capacity {
  const before = line.capacity[direction]
  const rate = rateOf(line, direction)
  const isKnown = before.sure === 'known'
  const counted = isKnown ? before.rate : Math.max(before.rate, top)
  const { part, factor, most } = isKnown ? growth.known : growth.unknown
  const bound = most * Math.max(...line.rates.map((one) => one[direction]), isKnown ? 0 : top)
  const grown = mayGrow && rate >= part * counted ? Math.min(counted * factor, bound) : before.rate
  const isNews = before.sure === 'unknown' && rate > 0
  return {
    sure: isKnown ? 'known' : isNews ? 'at-least' : before.sure,
    rate: Math.max(rate, before.rate, grown),
    seen: seenOf(line, direction),
    since: isNews ? (line.at ?? 0) : before.since,
    full: [],
  }
}

/**
 * Whether a line is full one way. Late answers say that it queues, but not which way. A rate that stands still at its
 * best says that the line is full without a queue in which probes would wait.
 */
export function loadOf(line: LineModel, direction: Direction): Load {
  if (isOtherDirection(line, direction, direction === 'down' ? 'up' : 'down')) return 'free'
  if (isFlat(line, direction)) return 'full'
  const { late } = line.queue
  // Lateness on a line that carries next to nothing is not caused by what we send.
  const isUsed = rateOf(line, direction) > Math.max(restRate, line.capacity[direction].seen / 20)
  if (late !== null && late > 0.5) return isUsed ? 'full' : 'unclear'
  const isStill = isSteady(line, direction, { seconds: 4, varies: 0.1, part: 0.9 })
  return isStill || late === 0.5 ? 'unclear' : 'free'
}

/**
 * Transfers that take what they get send packets as large as fit, also where acknowledgements of the other way are among
 * them. Smaller ones are of telephony, games and sessions, which keep a pace of their own: that it stands still says nothing.
 */
const bulkBytes = 400

/**
 * Whether the rate stands still at its best. Policers, fair queues (RFC 8290, CAKE) and servers that are slow
 * themselves let probes' answers pass in time.
 */
function isFlat(line: LineModel, direction: Direction): boolean {
  if ((line.packetBytes?.[direction] ?? Number.POSITIVE_INFINITY) < bulkBytes) return false
  const isKnown = line.capacity[direction].sure === 'known'
  return (
    isSteady(line, direction, { seconds: isKnown ? 4 : 2, varies: 0.02, part: 0.9 }) ||
    isSteady(line, direction, { seconds: 6, varies: 0.05, part: 0.9 }) ||
    // The rate fell, and stays where it is.
    isSteady(line, direction, { seconds: 10, varies: 0.05, part: 0.1 })
  )
}

interface Steadiness {
  readonly seconds: number
  /**
   * `varies`: the part by which the rates vary at most. `part`: the part of the most that was seen above which they
   * stay.
   */
  readonly varies: number
  readonly part: number
}

/** Whether the rates of the latest seconds stand still; false at rates of which nothing is learned. */
export function isSteady(
  { rates, capacity }: LineModel,
  direction: Direction,
  { seconds, varies, part }: Steadiness,
): boolean {
  const latest = rates.slice(-seconds).map((rate) => rate[direction])
  const [most, least] = [Math.max(...latest), Math.min(...latest)]
  if (latest.length < seconds || most < learnedFrom) return false
  return least > (1 - varies) * most && least > part * capacity[direction].seen
}

/**
 * Whether it is the other way that queues: this one carries acknowledgements only, or is used much less than the other,
 * or the other one stands still and this one does not.
 */
function isOtherDirection({ rates, capacity }: LineModel, direction: Direction, other: Direction): boolean {
  const last = rates.at(-1)
  if (!last) return false
  const use = (one: Direction) => last[one] / Math.max(1, last[one], capacity[one].seen)
  if (last[other] > acknowledgements * last[direction] && use(direction) < 0.7 * use(other)) return true
  const latest = rates.slice(-5)
  const sum = (one: Direction) => latest.reduce((all, rate) => all + rate[one], 0)
  if (latest.length < 5) return false
  if (sum(direction) < acknowledgements * sum(other)) return true
  const spread = (one: Direction) => {
    const values = latest.map((rate) => rate[one])
    return 1 - Math.min(...values) / Math.max(...values, 1)
  }
  const [own, its] = [spread(direction), spread(other)]
  return sum(other) > acknowledgements * sum(direction) && own > 0.15 && own > 2 * its && its < 0.25
}
