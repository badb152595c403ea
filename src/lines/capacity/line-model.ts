/** What is known of one line beyond whether it is alive. Plain values, monotonic ms, bytes/s. Pure. */
import type { ReadCounters } from './reading.ts'
import type { Target } from './target.ts'

export const directions = ['down', 'up'] as const
export type Direction = (typeof directions)[number]

/** How many targets are kept. A line's probes have a handful; a configuration that changes leaves old ones behind. */
export const mostTargets = 16

/** A line that carries less than this, both ways together, is at rest. */
export const restRate = 25_000

export type Rates = Readonly<Record<Direction, number>>

export interface LineModel {
  /** When it was last read; null before the first reading. `counters` are of that reading. */
  readonly at: number | null
  readonly counters: ReadCounters | null
  /** Rates of the latest seconds, newest last; empty where nothing could be counted. */
  readonly rates: readonly Rates[]
  /** How large packets were on average in the latest second, in bytes; null where they are not counted. */
  readonly packetBytes: Rates | null
  /** When it last carried next to nothing. */
  readonly restedAt: number
  /** Targets by name; the last one was asked most recently. */
  readonly targets: Readonly<Record<string, Target>>
  readonly queue: Queue
  readonly capacity: Readonly<Record<Direction, Capacity>>
}

/** How late answers are: the median of the targets, each of which is measured by itself. */
export interface Queue {
  /** Median lateness beyond the round trip at rest, in ms; null where nobody answered lately. */
  readonly ms: number | null
  /** Share of the targets asked lately that answer late, 0 to 1; null where none was asked. */
  readonly late: number | null
}

export interface Capacity {
  /**
   * `unknown`: nothing is known of the capacity. `at-least`: the line carried `rate` without being full. `known`: it
   * was full with `rate`.
   */
  readonly sure: 'unknown' | 'at-least' | 'known'
  /** What the line can carry that way, as far as is known. */
  readonly rate: number
  /** The most that it carried in a second lately; this shrinks by half in about an hour. */
  readonly seen: number
  /** When `sure` became what it is. */
  readonly since: number
  /** Rates of the latest seconds in a row in which the line was full, newest last. */
  readonly full: readonly number[]
}

/** What the administrator says of a line's capacity: it begins with that and never counts for more; null: not said. */
export type Bandwidth = Readonly<Record<Direction, number | null>>

export function newLine(bandwidth: Bandwidth = { down: null, up: null }): LineModel {
  return {
    at: null,
    counters: null,
    rates: [],
    packetBytes: null,
    restedAt: 0,
    targets: {},
    queue: { ms: null, late: null },
    capacity: { down: given(bandwidth.down), up: given(bandwidth.up) },
  }
}

function given(rate: number | null): Capacity {
  return { sure: rate === null ? 'unknown' : 'known', rate: rate ?? 0, seen: 0, since: 0, full: [] }
}

/** The rate of the latest second. */
export function rateOf({ rates }: LineModel, direction: Direction): number {
  return rates.at(-1)?.[direction] ?? 0
}
