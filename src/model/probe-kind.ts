/**
 * What a probe asks, as far as the configuration has to know: the words for `probe =`, and what each takes for its targets.
 * How it asks is in lines/probes/, one file a kind.
 */

export type ProbeTargets =
  /** An address alone; public ones where none is configured. */
  | 'hosts'
  /** An address with a port or without; as above. */
  | 'services'
  /** URLs whose scheme is the kind's name. */
  | 'pages'
  /** One absolute path. */
  | 'script'
  /** The gateway, and nothing else. */
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
