/** The environment that a hook is called with, and what it tells us. */
import type { Lease, StanzaOptions } from '../model/facts.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** One fact to keep for the runs to come. Null: forget what was kept. */
export type Fact =
  | { readonly kind: 'none' }
  | { readonly kind: 'lease'; readonly lease: Lease }
  /** The lease has ended; with an address, only if it was of that address. */
  | { readonly kind: 'lease'; readonly lease: null; readonly of?: string }
  /** All IPv6 name servers that were heard of in this way; an empty list: there are none any more. */
  | { readonly kind: 'name-servers'; readonly from: 'dhcp6' | 'advertised'; readonly servers: readonly string[] }
  | { readonly kind: 'stanza'; readonly options: StanzaOptions | null }

/** IPv6 prefixes of a DHCPv6 client: those that have gone, and those that are there. */
export interface Delegation {
  readonly gone: readonly string[] | 'all'
  readonly there: readonly string[]
}

export interface HookEvent {
  /** Null where the event is no interface's, or names one that we do not take. */
  readonly interface: string | null
  readonly fact: Fact
  readonly delegation?: Delegation
  /** Whether the kernel may look different now. */
  readonly reconcile: boolean
  /** One text line for each value that was refused. */
  readonly complaints: readonly string[]
}
