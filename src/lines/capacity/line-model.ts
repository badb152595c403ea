/** What is known of one line beyond whether it is alive: plain values, times in monotonic ms, rates in bytes/s. */
import type { Target } from './target.ts'

export const ways = ['down', 'up'] as const
export type Way = (typeof ways)[number]

/** A line's probes have a handful of targets; a configuration that changes leaves old ones behind. */
export const mostTargets = 16

/** Bytes/s both ways together: a line that carries less is at rest. */
export const restRate = 25_000

export type Rates = Readonly<Record<Way, number>>

export interface LineModel {
  /** Of the latest reading; null before the first. */
  readonly at: number | null
  readonly counters: { readonly rx: number; readonly tx: number } | null
  /** Of the latest seconds, newest last; empty where nothing was counted. */
  readonly rates: readonly Rates[]
  /** When it carried next to nothing at last. */
  readonly restedAt: number
  /** By name, those that answered last. */
  readonly targets: Readonly<Record<string, Target>>
  readonly queue: Queue
  readonly capacity: Readonly<Record<Way, Capacity>>
}

/** How late answers are, by the median of the targets, each measured by itself. */
export interface Queue {
  /** Beyond the round trip at rest; null: nobody answered lately. */
  readonly ms: number | null
  /** Of the targets that were asked lately, so many answer late: 0 to 1. Null: none was asked. */
  readonly late: number | null
}

export interface Capacity {
  /** Nothing is known, it carried so much without being full, or it was full with so much. */
  readonly sure: 'unknown' | 'at-least' | 'known'
  /** What the line can carry that way, as far as is known. */
  readonly rate: number
  /** The most that it carried in a second, lately: forgotten by half in an hour. */
  readonly seen: number
  /** When it became as sure as that. */
  readonly since: number
  /** Rates of the latest seconds in a row in which it was full, newest last. */
  readonly full: readonly number[]
}

/** Of the administrator, in bytes/s: what a line begins with and never counts for more than; null: not said. */
export type Bandwidth = Readonly<Record<Way, number | null>>

export function newLine(bandwidth: Bandwidth = { down: null, up: null }): LineModel {
  return {
    at: null,
    counters: null,
    rates: [],
    restedAt: 0,
    targets: {},
    queue: { ms: null, late: null },
    capacity: { down: given(bandwidth.down), up: given(bandwidth.up) },
  }
}

function given(rate: number | null): Capacity {
  return { sure: rate === null ? 'unknown' : 'known', rate: rate ?? 0, seen: 0, since: 0, full: [] }
}

/** Of the latest second. */
export function rateOf({ rates }: LineModel, way: Way): number {
  return rates.at(-1)?.[way] ?? 0
}
