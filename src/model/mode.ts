/**
 * How connections are spread, and what becomes of those that nothing takes. Whatever differs from mode to mode is here:
 * a new mode is an entry of `modes`, and does not compile while something of it is missing. Pure.
 */

import type { FirstPacket, Side } from './match.ts'

/** What of a packet can be hashed. */
export type HashField = keyof Pick<
  FirstPacket,
  'source' | 'destination' | 'protocol' | 'sourcePort' | 'destinationPort'
>

interface BalancingMode {
  /**
   * What chooses an uplink in the ruleset: a hash of these fields, a lot, or the order of the uplinks. A local packet's
   * `source` is no field: this host is one client, whose address comes from the uplink that the kernel chose first.
   */
  readonly spreads: Readonly<Record<Side, readonly HashField[]>> | 'by lot' | 'in order'
  /** Whether weights may change with the load: other weights move no client that was there before: connections are chosen for one by one, and stay. */
  readonly mayReweigh: boolean
  /**
   * For which connections a rule for everything follows the administrator's; null for none. Multipath cannot choose at
   * random, and when an uplink fails or returns it moves clients that could have stayed (docs/measurements.md has how
   * many). Only mode `random` takes the host's own from it: the kernel gives them the right source address.
   */
  readonly ruleForAll: 'forwarded' | 'both' | null
  /**
   * The hash policy of the kernel's multipath (Documentation/networking/ip-sysctl.rst): 1 takes addresses and ports, 3
   * chosen fields (Linux 5.14; FIB_MULTIPATH_HASH_FIELD_SRC_IP is 1, ..._DST_IP 2). Not 0, which takes addresses, but
   * in IPv6 also the flow label, and that differs from socket to socket.
   */
  readonly hash: { readonly policy: '1' } | { readonly policy: '3'; readonly fields: string }
  /** Whether `sticky` knows a client by its source alone, whatever it talks to. */
  readonly stickyBySource: boolean
  /** Why one of several uplinks was taken, and why not another, in the words of `ifbalance explain`. */
  readonly words: { readonly taken: string; readonly instead: (taken: string) => string }
}

const ports = ['protocol', 'sourcePort', 'destinationPort'] as const

const byHash = {
  taken: 'the only one of its uplinks that works',
  instead: (taken: string) => `the hash gives ${taken}`,
}

/** The modes, in the order in which they are listed where another word is refused. */
export const modes = {
  connection: {
    spreads: { forward: ['source', 'destination', ...ports], local: ['destination', ...ports] },
    mayReweigh: true,
    ruleForAll: null,
    hash: { policy: '1' },
    stickyBySource: false,
    words: byHash,
  },
  flow: {
    spreads: { forward: ['source', 'destination'], local: ['destination'] },
    mayReweigh: false,
    ruleForAll: 'forwarded',
    hash: { policy: '3', fields: '3' },
    stickyBySource: false,
    words: byHash,
  },
  source: {
    spreads: { forward: ['source'], local: [] },
    mayReweigh: false,
    ruleForAll: 'forwarded',
    hash: { policy: '3', fields: '1' },
    stickyBySource: true,
    words: byHash,
  },
  failover: {
    spreads: 'in order',
    mayReweigh: false,
    ruleForAll: null,
    hash: { policy: '1' },
    stickyBySource: false,
    words: { taken: 'the first of its uplinks that works', instead: (taken) => `${taken} comes first` },
  },
  random: {
    spreads: 'by lot',
    mayReweigh: true,
    ruleForAll: 'both',
    hash: { policy: '1' },
    stickyBySource: false,
    words: byHash,
  },
} as const satisfies Readonly<Record<string, BalancingMode>>

export type Mode = keyof typeof modes

/** A mode's entry, typed as what all modes have. */
export function modeOf(mode: Mode): BalancingMode {
  return modes[mode]
}

/**
 * Route types of the last route of an uplink's table. `throw` goes on to the next rule, and so to the balanced default.
 */
export type ClosingRoute = 'unreachable' | 'prohibit' | 'blackhole' | 'throw'

export type LastResort = 'main' | 'unreachable' | 'prohibit' | 'blackhole'
