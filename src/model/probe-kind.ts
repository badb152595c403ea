/**
 * What a probe asks, as far as the configuration has to know: the words for `probe =`, and what kind of targets each
 * takes. How it asks is in lines/probes/, one file a kind.
 */

export type ProbeTargets =
  /** Addresses without ports; public ones where none is configured. */
  | 'hosts'
  /** Addresses with a port or without; public ones where none is configured. */
  | 'services'
  /** URLs whose scheme is the kind's name. */
  | 'pages'
  /** One absolute path, of a program. */
  | 'script'
  /** The gateway alone; no other target can be named. */
  | 'gateway'
  | 'nothing'

export const probeKinds = {
  icmp: 'hosts',
  tcp: 'services',
  dns: 'services',
  http: 'pages',
  https: 'pages',
  arp: 'gateway',
  script: 'script',
  none: 'nothing',
} as const satisfies Readonly<Record<string, ProbeTargets>>

export type ProbeKind = keyof typeof probeKinds
