/** What is kept of the past: rows of a minute or an hour for each line, and events. */
import type { Family } from '../net/family.ts'
import type { Event } from './event.ts'

/** `down`: no link, or no way out. A suspect line counts as online, and a drained one as what it is. */
export const historyStates = ['online', 'degraded', 'offline', 'down', 'disabled'] as const
export type HistoryState = (typeof historyStates)[number]

/** One line in a minute or an hour. What nobody saw, as the daemon did not run, is in no member. */
export interface HistoryRow extends Readonly<Record<HistoryState, number>> {
  readonly uplink: string
  readonly family: Family
  /** When it began, in seconds since 1970; the members named as states are seconds in each. */
  readonly at: number
  /** Background probes, and how many of them were lost. */
  readonly probes: number
  readonly lost: number
  /** Round trips in milliseconds; null where none was measured. */
  readonly minMs: number | null
  readonly meanMs: number | null
  readonly maxMs: number | null
  /** Mean difference of two round trips in a row, in milliseconds. */
  readonly jitterMs: number | null
  /** Bytes of the interface: of an uplink's first line alone, null for the other. */
  readonly received: number | null
  readonly sent: number | null
}

/** Events that are kept: what became of uplinks. `start`: the daemon began, so what was open before may have ended unseen. */
export type HistoryEvent =
  | Extract<Event, { readonly event: 'uplink' | 'drain' | 'carrying' | 'held-down' | 'failback' }>
  | { readonly event: 'start' }

/** `at` in milliseconds since 1970. */
export type Dated = HistoryEvent & { readonly at: number }

/** `step`: seconds of a row. */
export interface HistoryQuery {
  readonly uplink?: string | undefined
  readonly family?: Family
  readonly since: number
  readonly until: number
  readonly step: 60 | 3600
}

/** What the rows of one line come to. Milliseconds of round trips, null where nothing was measured. */
export interface LineSums extends Omit<HistoryRow, 'at' | 'meanMs'> {
  /** How many rows had which mean round trip, the shortest first. */
  readonly latencies: Counts
  /** How many rows had lost which part of their probes, 0 to 1, the smallest first. */
  readonly losses: Counts
}

export type Counts = readonly (readonly [value: number, rows: number])[]

/** One line in pieces of a time: what is not named was not seen. */
export interface LineCourse {
  readonly uplink: string
  readonly family: Family
  /** `ms`: the mean of rows; `out` and `seen`: seconds in which it was out, and in which it was wanted. */
  readonly pieces: readonly (readonly [piece: number, ms: number | null, out: number, seen: number])[]
}

/** Times in seconds since 1970; `since` is a multiple of `step`, which is one of 60, and from 3600 on one of 3600. */
export interface GraphQuery {
  readonly uplinks: readonly string[]
  readonly since: number
  readonly until: number
  readonly step: number
}

/** What graphs show of a line. */
export interface GraphLine {
  readonly uplink: string
  readonly family: Family
  /**
   * Points as JSON, with commas between: `[slot,seen,probes,lost,ms,received,sent]`. A slot is so many steps after `since`, and
   * may come twice, where a part of it is not written yet; `seen` are the seconds that somebody looked, and `ms` is the mean round
   * trip. What is not known is null. As text, because the engine has no compiler, and SQLite makes it without the engine.
   */
  readonly points: string
}

export function isHistoryEvent(event: Event): event is Exclude<HistoryEvent, { event: 'start' }> {
  return ['uplink', 'drain', 'carrying', 'held-down', 'failback'].includes(event.event)
}

/** Days for which rows of a minute, and of an hour, are kept. */
export const keptDays = { minutes: 60, hours: 400 } as const

export interface Kept {
  /** When the oldest row of a minute began, in seconds since 1970; null where there is none. */
  readonly oldestMinute: number | null
  /** How much of the room that the file may have is in use, 0 to 1. */
  readonly used: number
}

/** Rows that began before these, and after `after`, are deleted; in seconds since 1970. */
export interface Expiry {
  readonly minutes: number
  readonly hours: number
  readonly after: number
}
