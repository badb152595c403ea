/**
 * The largest packet that arrives by a line, found out by echoes of that size (RFC 8899 does so for one connection). Pure.
 *
 * - Only an answer proves that a size fits. Errors of routers are not read: anybody can send one, and whoever filters them
 *   is why this is asked at all.
 * - That a size does not fit is believed when none of at least two targets that answer the least size answers it, at the
 *   time and once more at the end, between two answers to the size below. Operators may limit large echo requests, and an
 *   outage is no measure of size.
 */
import type { Family } from '../../net/family.ts'
import { ethernetMtu, leastMtu } from '../../net/mtu.ts'

/** Sizes that links have, by their kinds: PPPoE, tunnels in IPv4 and IPv6, GRE, WireGuard, IPsec, mobile networks. */
const usual = [
  1492, 1480, 1476, 1472, 1464, 1460, 1454, 1452, 1448, 1440, 1430, 1428, 1420, 1412, 1400, 1380, 1360, 1280,
]

/** More steps than any search has where answers come as they should. */
const mostSteps = 40

/** Targets that have to answer before what they do not answer counts; all, where there are fewer. */
const mostWitnesses = 2

type Phase =
  /** Whether the most fits, which ends most searches. */
  | 'most'
  /** Who answers the least size at all. */
  | 'least'
  | 'between'
  /** Once more what fitted, what did not, and what did: an outage that is in between is in the first of these, too. */
  | 'before'
  | 'doubt'
  | 'after'

export interface MtuSearch {
  readonly phase: Phase
  readonly targets: readonly string[]
  /** The largest size that was answered. */
  readonly fits: number
  /** The smallest size that was not. */
  readonly fails: number
  /** What was found when this was asked the last time: likely still so. */
  readonly hint: number | null
  readonly steps: number
}

export interface Ask {
  /** Of the whole packet, in bytes. */
  readonly size: number
  readonly targets: readonly string[]
  /** Whether it has to be known who answers, and not just that somebody does. */
  readonly all: boolean
}

/** `wide`: what interface and routes allow arrives. `unknown`: nothing can be said. */
export type Found = { readonly kind: 'wide' | 'unknown' } | { readonly kind: 'narrow'; readonly mtu: number }

export function beginSearch(family: Family, targets: readonly string[], most: number, hint?: number | null): MtuSearch {
  return {
    ...{ phase: 'most', targets, hint: hint ?? null, steps: 0 },
    fits: leastMtu[family],
    // A wider link is not asked for more than the internet sends.
    fails: Math.min(most, ethernetMtu),
  }
}

/** What is to be asked next. */
export function askOf({ phase, targets, fits, fails, hint }: MtuSearch): Ask {
  const sizes = {
    most: fails,
    least: fits,
    between: sizeBetween(fits, fails, hint),
    before: fits,
    doubt: fails,
    after: fits,
  }
  return { size: sizes[phase], targets, all: phase === 'least' }
}

/** The search, or what came of it, after these targets have answered what `askOf` says. */
export function advanceSearch(search: MtuSearch, answered: readonly string[]): MtuSearch | Found {
  const { phase, targets, fits, fails } = search
  const steps = search.steps + 1
  const isAnswered = answered.length > 0
  if (steps > mostSteps || targets.length === 0 || fits > fails) return { kind: 'unknown' }
  switch (phase) {
    case 'most':
      if (isAnswered) return { kind: 'wide' }
      return fits === fails ? { kind: 'unknown' } : { ...search, phase: 'least', steps }
    case 'least': {
      if (answered.length < Math.min(mostWitnesses, targets.length)) return { kind: 'unknown' }
      return narrowed({ ...search, targets: answered, steps })
    }
    case 'between': {
      const { size } = askOf(search)
      return narrowed({ ...search, steps, ...(isAnswered ? { fits: size } : { fails: size }) })
    }
    case 'before':
      return isAnswered ? { ...search, phase: 'doubt', steps } : { kind: 'unknown' }
    case 'doubt':
      return isAnswered ? { kind: 'unknown' } : { ...search, phase: 'after', steps }
    case 'after':
      return isAnswered ? { kind: 'narrow', mtu: fits } : { kind: 'unknown' }
  }
}

function narrowed(search: MtuSearch): MtuSearch {
  return { ...search, phase: search.fits + 1 < search.fails ? 'between' : 'before' }
}

/** A size to ask between one that fits and one that does not; the one that fits where there is none. */
function sizeBetween(fits: number, fails: number, hint: number | null): number {
  const open = (size: number) => size > fits && size < fails
  if (hint !== null && open(hint)) return hint
  // A usual size, or what was found before, is mostly it: then the next byte does not fit.
  const isLikely = fits === hint || (usual.includes(fits) && !usual.some(open))
  if (isLikely && open(fits + 1)) return fits + 1
  const left = usual.filter(open)
  return left[Math.floor(left.length / 2)] ?? Math.floor((fits + fails) / 2)
}
