/** One line after the other: the next takes new connections when those before it are full. Pure. */
import { loadOf } from '../capacity/learn.ts'
import { directions, type LineModel } from '../capacity/line-model.ts'

export interface Overflow {
  /** Lines that count as full, by name, with since when, in monotonic ms. */
  readonly full: Readonly<Record<string, number>>
  /** Full lines that have room again, by name, with since when, in monotonic ms. */
  readonly roomy: Readonly<Record<string, number>>
}

export interface Overflowed {
  readonly overflow: Overflow
  /** The names of the lines that new connections are spread over. */
  readonly takes: readonly string[]
}

export const newOverflow: Overflow = { full: {}, roomy: {} }

/** A full line counts as full until its load has been lower by `easier` of its capacity for `roomyMs`. */
const easier = 0.2
const roomyMs = 5000
/** How many seconds of rates are averaged. */
const smoothed = 3

/**
 * Who takes new connections. Called once a second. `groups`: lines of one metric each, the lowest first. `fullAt`: the
 * part of its capacity from which on a line is full, such as 0.9. The first group that is not full takes what comes;
 * where all are full, all do.
 */
export function overflow(
  before: Overflow,
  groups: readonly Readonly<Record<string, LineModel>>[],
  fullAt: number,
  at: number,
): Overflowed {
  const all = groups.flatMap((group) => Object.entries(group))
  const next = all.map(([name, line]) => [name, judged(before, name, line, fullAt, at)] as const)
  const full = next.flatMap(([name, { fullSince }]) => (fullSince === null ? [] : [[name, fullSince] as const]))
  const roomy = next.flatMap(([name, { roomySince }]) => (roomySince === null ? [] : [[name, roomySince] as const]))
  const state = { full: Object.fromEntries(full), roomy: Object.fromEntries(roomy) }
  const isFull = (name: string) => Object.hasOwn(state.full, name)
  const open = groups.map((group) => Object.keys(group).filter((name) => !isFull(name)))
  const takes = open.find((names) => names.length > 0) ?? all.map(([name]) => name)
  return { overflow: state, takes }
}

function judged(before: Overflow, name: string, line: LineModel, fullAt: number, at: number) {
  const since = Object.hasOwn(before.full, name) ? before.full[name] : undefined
  const isFull = directions.some((direction) => loadOf(line, direction) === 'full')
  const use = useOf(line)
  if (since === undefined) return { fullSince: isFull || use >= fullAt ? at : null, roomySince: null }
  if (isFull || use >= fullAt - easier) return { fullSince: since, roomySince: null }
  const roomySince = (Object.hasOwn(before.roomy, name) ? before.roomy[name] : undefined) ?? at
  return at - roomySince >= roomyMs ? { fullSince: null, roomySince: null } : { fullSince: since, roomySince }
}

/**
 * The part of what the line is known to carry that it carries, in the way that is used more; 0 where nothing is known.
 */
function useOf(line: LineModel): number {
  const latest = line.rates.slice(-smoothed)
  const of = directions.map((direction) => {
    const { sure, rate } = line.capacity[direction]
    if (sure !== 'known' || latest.length === 0) return 0
    return latest.reduce((sum, one) => sum + one[direction], 0) / latest.length / Math.max(1, rate)
  })
  return Math.max(...of)
}
