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

/** What makes a path's MTU smaller than its interface's. */
export type NarrowedBy = 'route' | 'configuration' | 'probes'
