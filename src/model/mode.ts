/**
 * How connections are spread, and what becomes of those that nothing takes. Whatever differs from mode to mode is here, so a
 * new one is an entry of `modes`, and what it has to say does not compile without.
 */

import type { FirstPacket, Side } from './match.ts'

/** What of a packet a hash can be taken of. */
export type HashField = keyof Pick<
  FirstPacket,
  'source' | 'destination' | 'protocol' | 'sourcePort' | 'destinationPort'
>

interface BalancingMode {
  /**
   * What chooses an uplink in the ruleset: a hash, a lot, or the order of the uplinks. This host is one client, and has its
   * address from the uplink that the kernel chose first: its `source` says nothing.
   */
  readonly spreads: Readonly<Record<Side, readonly HashField[]>> | 'by lot' | 'in order'
  /**
   * Where a rule for everything follows the administrator's, for the side that it is for. The kernel cannot choose at random,
   * and when an uplink fails or returns it moves clients that could have stayed (docs/measurements.md has how many). The host's
   * own connections are left to it all the same: it gives them the right source address.
   */
  readonly ruleForAll: 'forwarded' | 'both' | null
  /**
   * Of the kernel's multipath, Documentation/networking/ip-sysctl.rst: policy 1 is addresses and ports, 3 a choice of fields
   * (Linux 5.14). Not 0, which is addresses, but in IPv6 the flow label as well, and that differs from socket to socket.
   * FIB_MULTIPATH_HASH_FIELD_SRC_IP is 1, ..._DST_IP 2.
   */
  readonly hash: { readonly policy: '1' } | { readonly policy: '3'; readonly fields: string }
  /** Whether `sticky` takes a client for the same whatever it talks to. */
  readonly stickyBySource: boolean
  /** For `ifbalance explain`, where one of several was taken: which it is, and why not another. */
  readonly words: { readonly taken: string; readonly instead: (taken: string) => string }
}

const ports = ['protocol', 'sourcePort', 'destinationPort'] as const

const byHash = {
  taken: 'the only one of its uplinks that works',
  instead: (taken: string) => `the hash gives ${taken}`,
}

/** In the order in which they are listed where another word is refused. */
export const modes = {
  connection: {
    spreads: { forward: ['source', 'destination', ...ports], local: ['destination', ...ports] },
    ruleForAll: null,
    hash: { policy: '1' },
    stickyBySource: false,
    words: byHash,
  },
  flow: {
    spreads: { forward: ['source', 'destination'], local: ['destination'] },
    ruleForAll: 'forwarded',
    hash: { policy: '3', fields: '3' },
    stickyBySource: false,
    words: byHash,
  },
  source: {
    spreads: { forward: ['source'], local: [] },
    ruleForAll: 'forwarded',
    hash: { policy: '3', fields: '1' },
    stickyBySource: true,
    words: byHash,
  },
  failover: {
    spreads: 'in order',
    ruleForAll: null,
    hash: { policy: '1' },
    stickyBySource: false,
    words: { taken: 'the first of its uplinks that works', instead: (taken) => `${taken} comes first` },
  },
  random: {
    spreads: 'by lot',
    ruleForAll: 'both',
    hash: { policy: '1' },
    stickyBySource: false,
    words: byHash,
  },
} as const satisfies Readonly<Record<string, BalancingMode>>

export type Mode = keyof typeof modes

/** Widened: what all modes have. */
export function modeOf(mode: Mode): BalancingMode {
  return modes[mode]
}

/** Route types; `throw` goes on to the next rule, and so to the balanced default. */
export type ClosingRoute = 'unreachable' | 'prohibit' | 'blackhole' | 'throw'

export type LastResort = 'main' | 'unreachable' | 'prohibit' | 'blackhole'
