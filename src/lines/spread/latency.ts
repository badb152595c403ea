/** Mode by latency: the lines with the least round trip take new connections, shared by what each has left. Pure. */
import { type LineModel, rateOf } from '../capacity/line-model.ts'
import { roundTripOf } from '../capacity/round-trip.ts'
import { mayChange, remember } from './pace.ts'

export interface Nearest {
  /** The lines that new connections are spread over, with their shares; empty before the first look. */
  readonly shares: Readonly<Record<string, number>>
  readonly changes: readonly number[]
}

export interface Neared {
  readonly nearest: Nearest
  /** Weights 1 to 256 of the lines that take new connections; null: leave them as they are. */
  readonly weights: Readonly<Record<string, number>> | null
}

export const newNearest: Nearest = { shares: {}, changes: [] }

/**
 * Milliseconds. Lines that are no more than `near` farther than the nearest take connections; one that does goes on
 * until it is `stays` farther still.
 */
const near = 10
const stays = 5
/**
 * The part of its capacity that a full line that is near counts as having left: it takes a little all the same, and its
 * round trip will tell.
 */
const leastSpare = 0.1
const mostWeight = 256
/**
 * What another set of lines counts for as a change: worth it however small the shares are, but not as the sixth in a
 * minute.
 */
const anotherSet = 0.5

/** The weights. Called once a second, with the lines of a tier that are alive; `at` in monotonic ms. */
export function nearest(before: Nearest, lines: Readonly<Record<string, LineModel>>, at: number): Neared {
  return shareOut(before, lines, takersOf(before, lines), at)
}

/** The same for all lines, however far they are: they share by what they have left. */
export function roomiest(before: Nearest, lines: Readonly<Record<string, LineModel>>, at: number): Neared {
  return shareOut(before, lines, Object.keys(lines), at)
}

function shareOut(
  before: Nearest,
  lines: Readonly<Record<string, LineModel>>,
  takers: readonly string[],
  at: number,
): Neared {
  const names = Object.keys(lines)
  const spares = takers.map((name) => spareOf(lines[name] as LineModel))
  const best = Math.max(...spares.map((spare) => spare ?? 0), 1)
  const sum = spares.reduce<number>((all, spare) => all + (spare ?? best), 0)
  const shares = Object.fromEntries(takers.map((name, i) => [name, (spares[i] ?? best) / sum]))
  const former = Object.keys(before.shares).filter((name) => names.includes(name))
  const isSame = former.length === takers.length && takers.every((name) => former.includes(name))
  // Lines that died took their shares along, so the shares of the others are compared without them.
  const left = former.reduce((all, name) => all + (before.shares[name] ?? 0), 0)
  const change = isSame
    ? Math.max(...takers.map((name) => Math.abs(Math.log((shares[name] ?? 1) / ((before.shares[name] ?? 1) / left)))))
    : anotherSet
  if (former.length > 0 && !mayChange(before.changes, change, at)) return { nearest: before, weights: null }
  const top = Math.max(...Object.values(shares))
  const weights = Object.entries(shares).map(([name, share]) => [
    name,
    Math.max(1, Math.round((mostWeight * share) / top)),
  ])
  return {
    nearest: { shares, changes: former.length === 0 ? before.changes : remember(before.changes, at) },
    weights: Object.fromEntries(weights),
  }
}

function takersOf(before: Nearest, lines: Readonly<Record<string, LineModel>>): readonly string[] {
  const known = Object.entries(lines).flatMap(([name, line]) => {
    const trip = roundTripOf(line)
    return trip === null ? [] : [{ name, ms: trip.presentMs, margin: Math.max(stays, trip.jitterMs) }]
  })
  const least = Math.min(...known.map(({ ms }) => ms))
  const takers = known.filter(
    ({ name, ms, margin }) => ms <= least + near + (Object.hasOwn(before.shares, name) ? margin : 0),
  )
  return takers.length > 0 ? takers.map(({ name }) => name) : Object.keys(lines)
}

/** Bytes/s of downloads that a line can still take, by what it is known to carry; null: not known. */
function spareOf(line: LineModel): number | null {
  const { sure, rate } = line.capacity.down
  if (sure !== 'known') return null
  const mean = line.rates.reduce((sum, { down }) => sum + down, 0) / Math.max(1, line.rates.length)
  return Math.max(1, leastSpare * rate, rate - Math.max(mean, rateOf(line, 'down')))
}
