/** What the log says, as fields. Programs read these; event-text.ts makes text for people of them. */
import type { Family } from '../net/family.ts'
import type { Cause } from './cause.ts'
import type { Role } from './state.ts'
import type { Step } from './step.ts'
import type { Trouble } from './trouble.ts'
import type { UplinkState } from './uplink.ts'

export type Event =
  /** An uplink, or its line in one family, has another state. */
  | {
      readonly event: 'uplink'
      readonly uplink: string
      readonly family?: Family
      /** Null where nothing was known of it. */
      readonly from: UplinkState | null
      /** `gone`: it is no uplink any more. */
      readonly to: UplinkState | 'gone'
      /** Why, for people; empty where there is nothing to say. */
      readonly reason: string
      /** How long the former state lasted. */
      readonly durationMs?: number
      /** The uplinks that new connections take, where the change has changed them. */
      readonly carrying?: readonly string[]
    }
  /** An uplink takes no new connections from now on, or takes them again. */
  | {
      readonly event: 'drain'
      readonly uplink: string
      readonly drained: boolean
      readonly reason: string
      readonly carrying?: readonly string[]
    }
  /** One of two routers has another role; null where none was known. `usable`: the uplinks that keepalived is told of. */
  | {
      readonly event: 'role'
      readonly from: Role | null
      readonly to: Role
      readonly usable: number | null
      readonly reason: string
    }
  /** New connections take other uplinks, though no uplink's state has changed. */
  | { readonly event: 'carrying'; readonly carrying: readonly string[] }
  /** A round has changed something. `causes`: why it was run; none for a regular look. */
  | {
      readonly event: 'round'
      readonly heldDown: boolean
      readonly carrying: readonly string[]
      readonly changes: number
      readonly causes: readonly Cause[]
    }
  /** One change of a round, and the command that makes it. */
  | { readonly event: 'change'; readonly step: Step['kind']; readonly command: string }
  /** A command has taken away everything that is ours. */
  | { readonly event: 'held-down' }
  /** A round has found something that is not as it should be. */
  | ({ readonly event: 'trouble' } & Trouble)
  /**
   * An error in the configuration, with its place (file and text line), or a warning. `inForce` is there where errors
   * have another configuration in force: the last one without, or what is understood of this one.
   */
  | {
      readonly event: 'configuration'
      readonly isError: boolean
      readonly inForce?: 'last-good' | 'understood'
      readonly reason: string
    }
  /** A network service on the bus does not answer. */
  | { readonly event: 'service'; readonly service: string; readonly reason: string }
  /** A monitor that told of changes (the kernel's or nft's) has ended, and is started again. */
  | { readonly event: 'watch'; readonly watched: string; readonly reason: string }
  /** The bus is away, or does not do what it is asked for. */
  | { readonly event: 'bus'; readonly reason: string }
  /** A program of the administrator's is left out, or has failed. */
  | { readonly event: 'hook'; readonly hook: string; readonly reason: string }
  /** Something could not be done: `doing` and `what` say what (`reading`, a path). `code` is the system's, or ours. */
  | {
      readonly event: 'failure'
      readonly doing: string
      readonly what: string
      readonly code?: string
      readonly reason: string
      /** What follows, for people. */
      readonly consequence?: string
    }
  /** What has failed before is done now. */
  | { readonly event: 'recovery'; readonly doing: string; readonly what: string }
  /** The program ends. */
  | { readonly event: 'fatal'; readonly code?: string; readonly reason: string }
  /** An uplink's connections are ended, because a better uplink is back to stay. */
  | { readonly event: 'failback'; readonly uplink: string }
  /** A peer's packets are routed anew, as its uplink is none for new connections any more. */
  | { readonly event: 'tunnel'; readonly tunnel: string; readonly peer: string }
  /** Behind which port of its bridge an uplink's gateway is. */
  | { readonly event: 'gateway'; readonly uplink: string; readonly family: Family; readonly port: string }
  /** `count` events of one level were not told, because they came too fast. */
  | { readonly event: 'left-out'; readonly count: number; readonly of: Level }

/** Levels, named as in syslog(3). */
export type Level = 'error' | 'warning' | 'notice' | 'info'
