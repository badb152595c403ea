/** What was found out of how large packets may be by a way, where its routers do not say so. */
import type { Family } from '../net/family.ts'

export interface PathMtu {
  /** By which gateway it was asked; another one may lead elsewhere. */
  readonly gateway: string | null
  /** The largest packet that interface and routes allowed then. */
  readonly most: number
  /** The largest packet that arrives, in bytes; null: as large as these allowed. */
  readonly mtu: number | null
  /** When, in seconds of CLOCK_MONOTONIC. */
  readonly at: number
}

/** By interface. */
export type PathMtus = Readonly<Record<string, Readonly<Partial<Record<Family, PathMtu>>>>>

/** What is remembered of a line's searches. Times are in ms of CLOCK_MONOTONIC. */
export interface MtuAsked {
  /** What the answer holds for: device, gateway and the most that these allow. */
  readonly identity: string
  /** When the last search ended. */
  readonly at: number
  /** How many searches in a row have found nothing out. */
  readonly failures: number
  /** Whether it was out since. */
  readonly wasOut: boolean
  /** Bytes that were sent since `countedFrom`. */
  readonly sent: number
  readonly countedFrom: number
}

/** By line, an uplink's name and a family with a blank between them. */
export type MtuSearches = Readonly<Record<string, MtuAsked>>

/** What makes a path's MTU smaller than its interface's. */
export type NarrowedBy = 'route' | 'configuration' | 'probes'
