/** Shares of new connections among the lines of a tier, so that each line gets what it can carry. Pure. */
import { acknowledgements, demandOf, learnedFrom } from '../capacity/learn.ts'
import { type Direction, directions, type LineModel, type Rates, rateOf } from '../capacity/line-model.ts'
import { arriving, withArrivals } from './arrivals.ts'
import { mayChange, remember } from './pace.ts'
import { hasRoom } from './room.ts'

export interface Balance {
  /** What is known of each line, by name. */
  readonly standings: Readonly<Record<string, Standing>>
  /** When the weights were changed lately, in monotonic ms. */
  readonly changes: readonly number[]
}

interface Standing {
  /** The share of new connections in force; the shares of all lines sum up to 1. */
  readonly share: number
  /** Bytes that wait for the line, as far as can be told from what it was given and what it carried. */
  readonly backlog: number
  /** Rates of about the last ten seconds. */
  readonly rates: Rates
  /** What the line was known to carry a second ago, in bytes/s of the main direction; 0 where nothing was. */
  readonly known: number
  /** When it last fell, in monotonic ms; null: not lately. */
  readonly fellAt: number | null
  /** The part of what is sent by it that arrives: see arrivals.ts. */
  readonly arrives: number
}

export interface Weighed {
  readonly balance: Balance
  /** Weights 1 to 256 by line; null: leave them as they are, and equal where there are none yet. */
  readonly weights: Readonly<Record<string, number>> | null
}

export const newBalance: Balance = { standings: {}, changes: [] }

/** The state with weights that are in force already, as after a restart: nothing changes until something is known better. */
export function balanceWith(weights: Readonly<Record<string, number>>): Balance {
  const names = Object.keys(weights)
  const shares = toSum(Object.values(weights))
  const standing = (i: number): Standing => ({
    share: shares[i] ?? 0,
    backlog: 0,
    rates: noRates,
    known: 0,
    fellAt: null,
    arrives: 1,
  })
  return { standings: Object.fromEntries(names.map((name, i) => [name, standing(i)])), changes: [] }
}

/** The largest weight: the kernel keeps a nexthop's weight less one, in a byte (ip-route(8)). */
const mostWeight = 256
/** The least part of the best line's capacity that a line counts for, so that it is still tried now and then. */
const smallest = 1 / 64
/** The part of smoothed rates that each second makes up. */
const newest = 0.1
/**
 * The exponent on capacities. Weights exactly as the capacities would never empty a queue: what waits for a slow line
 * would go on waiting. With an exponent a little above 1, slow lines get a little less than they can carry (19 % less
 * at a quarter of the best).
 */
const leaning = 1.15
/**
 * The part of a backlog that is left after a second: of one that may grow, and of one on a line with room. A line's
 * mean tells what happens on it, not each connection.
 */
const remembered = 0.97
const forgotten = 0.5
/**
 * A line that counts for less than this part of what it did a second ago has fallen. What it had taken before is pinned to it
 * and was never seen as a backlog, so for a while more is taken to wait than can be told: it grows by itself, and what is
 * carried counts as so much of it. Otherwise a twentieth of new connections would wait among the old ones.
 */
const fall = 0.4
const fallMs = 20_000
const pinned = { grows: 1.05, part: 0.7 }
/** A line's share is divided by e for each four seconds that its backlog takes, by e^1.5 at most. */
const perSecond = 0.25
const mostPressure = 1.5

/** The weights. Called once a second, with the lines that new connections are spread over; `at` in monotonic ms. */
export function weigh(before: Balance, lines: Readonly<Record<string, LineModel>>, at: number): Weighed {
  const names = Object.keys(lines)
  const sent = Object.values(lines)
  const isNew = names.some((name) => !Object.hasOwn(before.standings, name))
  const isAtRest = sumOf(demandOf(sent)) < learnedFrom
  if (isAtRest && !isNew) return { balance: before, weights: null }
  const shares = inForce(before, names)
  const rates = names.map((name, i) => follow(standingOf(before, name)?.rates, sent[i]?.rates.at(-1)))
  const demand = contested(rates, shares)
  const main = demand.down >= demand.up ? 'down' : 'up'
  const senders = sent.map((line, i) => {
    const arrives = standingOf(before, names[i] ?? '')?.arrives ?? 1
    return { line, share: shares[i] ?? 0, up: rates[i]?.up ?? 0, arrives }
  })
  const arrivals = main === 'up' ? arriving(senders) : senders.map(({ arrives }) => arrives)
  const models = sent.map((line, i) => withArrivals(line, arrivals[i] ?? 1))
  const now = demandOf(models)
  const known = models.map(({ capacity: { [main]: one } }) => (one.sure === 'known' ? one.rate : 0))
  const falls = names.map((name, i) => fallOf(standingOf(before, name), known[i] ?? 0, at))
  const backlogs = models.map((line, i) => {
    const backlog = standingOf(before, names[i] ?? '')?.backlog ?? 0
    return isAtRest ? backlog : backlogOf(line, backlog, (shares[i] ?? 0) * now[main], main, falls[i] !== null)
  })
  const capacities = capacitiesOf(models, demand)
  const top = Math.max(...capacities)
  const wanted = toSum(
    capacities.map((capacity, i) => {
      const isKnown = models[i]?.capacity[main].sure === 'known'
      const seconds = isKnown ? (backlogs[i] ?? 0) / capacity : 0
      return (capacity / top) ** leaning * Math.exp(-Math.min(mostPressure, perSecond * seconds))
    }),
  )
  const change = Math.max(...wanted.map((share, i) => Math.abs(Math.log(share / (shares[i] ?? share)))))
  const isChange = mayChange(before.changes, change, at)
  const settled = isChange ? wanted : shares
  return {
    balance: {
      standings: Object.fromEntries(
        names.map((name, i) => [
          name,
          {
            ...{ share: settled[i] ?? 0, backlog: backlogs[i] ?? 0, rates: rates[i] ?? noRates },
            ...{ known: known[i] ?? 0, fellAt: falls[i] ?? null, arrives: arrivals[i] ?? 1 },
          },
        ]),
      ),
      changes: isChange ? remember(before.changes, at) : before.changes,
    },
    // A line that comes to others has no weight yet, so weights are given however little there is to change.
    weights: isChange || (isNew && shares.some((share) => share !== shares[0])) ? toWeights(names, settled) : null,
  }
}

function sumOf({ down, up }: Rates): number {
  return down + up
}

const noRates: Rates = { down: 0, up: 0 }

function follow(before = noRates, now = noRates): Rates {
  return { down: before.down + newest * (now.down - before.down), up: before.up + newest * (now.up - before.up) }
}

function standingOf({ standings }: Balance, name: string): Standing | undefined {
  return Object.hasOwn(standings, name) ? standings[name] : undefined
}

/**
 * How much new connections ask for each way, in bytes/s. An upload that one line carries for an hour is no part of
 * that: what is spread by shares is seen on every line, as far as that can carry it.
 */
function contested(rates: readonly Rates[], shares: readonly number[]): Rates {
  const total = (direction: Direction) => rates.reduce((sum, rate) => sum + rate[direction], 0)
  const of = (direction: Direction, other: Direction) => {
    const own = rates.map((rate) => Math.max(0, rate[direction] - acknowledgements * rate[other]))
    return Math.min(total(direction), ...own.map((rate, i) => rate / (shares[i] ?? 1)))
  }
  const [down, up] = [of('down', 'up'), of('up', 'down')]
  return down + up > 0 ? { down, up } : { down: total('down'), up: total('up') }
}

/**
 * What each line can carry of the present mixture of downloads and uploads, in bytes/s of the mixture. A line that was
 * never seen full counts as much as the best: nothing is held against what is not known.
 */
function capacitiesOf(lines: readonly LineModel[], demand: Rates): readonly number[] {
  const all = demand.down + demand.up
  const parts = directions.map((direction) => (all === 0 ? (direction === 'down' ? 1 : 0) : demand[direction] / all))
  const each = directions.map((direction) => {
    const top = Math.max(1, ...lines.map(({ capacity }) => capacity[direction].rate))
    return lines.map(({ capacity: { [direction]: known } }) =>
      known.sure === 'known' ? Math.max(known.rate, top * smallest) : top,
    )
  })
  const sums = each.map((rates) => rates.reduce((sum, rate) => sum + rate, 0))
  const total = sums.reduce((sum, rate, i) => sum + rate * (parts[i] ?? 0), 0)
  return lines.map((_, i) =>
    each.reduce((sum, rates, j) => sum + ((parts[j] ?? 0) * total * (rates[i] ?? 0)) / (sums[j] ?? 1), 0),
  )
}

function fallOf(before: Standing | undefined, known: number, at: number): number | null {
  if (before === undefined || known === 0) return null
  if (known < fall * before.known) return at
  return before.fellAt !== null && at - before.fellAt < fallMs ? before.fellAt : null
}

/**
 * A line's backlog after this second. Clients begin anew when they have got what they wanted, so lines are given as
 * much as all carry, by their shares. What a full line was given beyond what it carried waits for it; for a line with
 * room nothing waits.
 */
function backlogOf(line: LineModel, before: number, given: number, direction: Direction, hasFallen: boolean): number {
  // Of uploads, what a line sends again would count as carried, and what the others send again as given: see arrivals.ts.
  if (hasRoom(line, direction) || (direction === 'up' && !hasFallen)) return before * forgotten
  const carried = rateOf(line, direction)
  if (hasFallen) return Math.max(0, before * pinned.grows + given - pinned.part * carried)
  return Math.max(0, before * remembered + given - carried)
}

/** The shares in force of the lines that are there, whichever others were there when they were set. */
function inForce(balance: Balance, names: readonly string[]): readonly number[] {
  const known = names.map((name) => standingOf(balance, name)?.share)
  const shares = known.filter((share) => share !== undefined)
  const mean = shares.length === 0 ? 1 : shares.reduce((sum, share) => sum + share, 0) / shares.length
  return toSum(known.map((share) => share ?? mean))
}

function toSum(values: readonly number[]): readonly number[] {
  const sum = values.reduce((all, value) => all + value, 0)
  return values.map((value) => value / sum)
}

function toWeights(names: readonly string[], shares: readonly number[]): Readonly<Record<string, number>> {
  const top = Math.max(...shares)
  return Object.fromEntries(
    names.map((name, i) => [name, Math.max(1, Math.round((mostWeight * (shares[i] ?? 0)) / top))]),
  )
}
