/** Messages about outages, and where they go. Pure. */
import type { NotifyConfig } from './config.ts'

export const channels = ['mail', 'command', 'webhook'] as const
export type Channel = (typeof channels)[number]

/** The ways that a configuration has for messages. */
export function channelsOf(notify: NotifyConfig): readonly Channel[] {
  return channels.filter((channel) => notify[channel] !== undefined)
}

/** Whether anyone is to be told. */
export function isWanted(notify: NotifyConfig): boolean {
  return channelsOf(notify).length > 0
}

/** An outage that ended, and how. */
export interface Ended {
  /** Milliseconds since 1970. */
  readonly since: number
  readonly until: number
  /** The state after it; `gone` for what is no uplink any more. */
  readonly to: string
}

/** What is told of one uplink, or, with an empty name, of all together: what has happened since it was told before. */
export interface Item {
  readonly uplink: string
  readonly standby?: true
  /** The end of an outage whose beginning is in an earlier message. */
  readonly back?: Ended
  /** Outages that began and ended since then: their number, the beginning of the first, the end of the last, the sum. */
  readonly whole?: Ended & { readonly count: number; readonly totalMs: number; readonly reason: string }
  /** An outage that goes on. */
  readonly out?: { readonly since: number; readonly reason: string }
  /** Percent of the quota that are used, and one of the bounds that are told. */
  readonly quota?: number
}

export interface Message {
  /** The same for each attempt to send it. */
  readonly id: string
  /** Milliseconds since 1970. */
  readonly at: number
  readonly items: readonly Item[]
}

/** A message that is not sent yet, and the ways that it has still to go. */
export interface Queued {
  readonly message: Message
  readonly to: readonly Channel[]
}

export interface Outage {
  /** Milliseconds since 1970, as are all times here. */
  readonly since: number
  readonly reason: string
  readonly standby?: true
  /** Whether it has lasted long enough to be told. */
  readonly isNews: boolean
  /** Since when it seems to be over. */
  readonly upSince?: number
}

/** What the teller of outages remembers. It is on disk: a restart tells nothing twice, and loses nothing. */
export interface Memory {
  /** By uplink; under an empty name, the time in which none works. */
  readonly outages: ReadonlyMap<string, Outage>
  /** By uplink, the highest bound of its quota that was told. */
  readonly quotas: ReadonlyMap<string, number>
  /** By uplink, what is to be told and is in no message yet. */
  readonly pending: ReadonlyMap<string, Item>
  /** When the latest messages were made. */
  readonly madeAt: readonly number[]
}

export const nothingKnown: Memory = { outages: new Map(), quotas: new Map(), pending: new Map(), madeAt: [] }
