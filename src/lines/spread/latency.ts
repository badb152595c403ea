/** The lines with the least round trip take new connections; lines that are about as near share them by what they have left. Pure. */
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
  /** 1 to 256 for each line that takes new connections; null: leave them as they are. */
  readonly weights: Readonly<Record<string, number>> | null
}

export const newNearest: Nearest = { shares: {}, changes: [] }

/** Within so many ms of the nearest line nobody notices; whoever takes connections goes on until it is so much farther. */
const near = 10
const stays = 5
/** A full line that is near takes a little all the same: its round trip will tell. */
const leastSpare = 0.1
const mostWeight = 256
/** Another set of lines is worth a change however small the shares are; the sixth in a minute is not. */
const anotherSet = 0.5

/** Once a second, with the lines of a tier that are alive. `at` in monotonic ms. */
export function nearest(before: Nearest, lines: Readonly<Record<string, LineModel>>, at: number): Neared {
  const names = Object.keys(lines)
  const takers = takersOf(before, lines)
  const spares = takers.map((name) => spareOf(lines[name] as LineModel))
  const best = Math.max(...spares.map((spare) => spare ?? 0), 1)
  const sum = spares.reduce<number>((all, spare) => all + (spare ?? best), 0)
  const shares = Object.fromEntries(takers.map((name, i) => [name, (spares[i] ?? best) / sum]))
  const former = Object.keys(before.shares).filter((name) => names.includes(name))
  const isSame = former.length === takers.length && takers.every((name) => former.includes(name))
  // Whoever died took its share along.
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

/** Bytes/s that a line has left of the downloads that it is known to carry; null: nobody knows. */
function spareOf(line: LineModel): number | null {
  const { sure, rate } = line.capacity.down
  if (sure !== 'known') return null
  const mean = line.rates.reduce((sum, { down }) => sum + down, 0) / Math.max(1, line.rates.length)
  return Math.max(1, leastSpare * rate, rate - Math.max(mean, rateOf(line, 'down')))
}
