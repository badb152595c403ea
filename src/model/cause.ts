/** Why a round was run, for people and for programs. */
import type { Family } from '../net/family.ts'

export interface Cause {
  readonly kind: CauseKind
  /** The uplink that it is about, where it is about one. */
  readonly uplink?: string
  readonly family?: Family
  /** A few words for people. */
  readonly reason: string
}

/** Words that programs may compare; they stay what they are when the text changes. */
export type CauseKind =
  /** The daemon starts, or one of two routers has waited for its peer's connections. */
  | 'start'
  /** The configuration was read again. */
  | 'configuration'
  /** Somebody asked: by a command, by a hook, over D-Bus, or for an uplink's slice to be followed. */
  | 'command'
  | 'hook'
  | 'bus'
  | 'slice'
  /** An uplink was taken in or out, or is drained, by a command. */
  | 'enabling'
  /** The kernel, nft, or a network service has told of a change. */
  | 'kernel'
  | 'ruleset'
  | 'service'
  /** A monitor listens again: what changed meanwhile is not known. */
  | 'monitor'
  /** A look found another value than the latest round. */
  | 'sysctl'
  | 'control-group'
  /** A line is usable, or is so no longer; `probes`: none can be sent at all. */
  | 'verdict'
  | 'probes'
  | 'quota'
  /** New connections are to be spread otherwise. */
  | 'weights'
  /** What fits the path behind an uplink was found out. */
  | 'path-mtu'
