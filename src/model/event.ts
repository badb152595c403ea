/** What the log says, as fields: programs read these, people what event-text.ts makes of them. */
import type { Family } from '../net/family.ts'
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
      /** For people; empty where there is nothing to say. */
      readonly reason: string
      /** How long the former state lasted. */
      readonly durationMs?: number
      /** The uplinks that new connections take, where that has changed with it. */
      readonly carrying?: readonly string[]
    }
  /** New connections take other uplinks, and no uplink has another state. */
  | { readonly event: 'carrying'; readonly carrying: readonly string[] }
  /** A round has changed something. `causes`: what had it look, for people. */
  | {
      readonly event: 'round'
      readonly heldDown: boolean
      readonly carrying: readonly string[]
      readonly changes: number
      readonly causes: readonly string[]
    }
  /** One of those changes, as the command that makes it. */
  | { readonly event: 'change'; readonly command: string }
  /** All was taken away, by command. */
  | { readonly event: 'held-down' }
  /** Something is not as it should be, as a round has found it. */
  | { readonly event: 'trouble'; readonly reason: string }
  /** An error in the configuration, or what follows from it, with its place. */
  | { readonly event: 'configuration'; readonly isError: boolean; readonly reason: string }
  /** A network service on the bus does not answer. */
  | { readonly event: 'service'; readonly service: string; readonly reason: string }
  /** What told of changes (the kernel's or nft's monitor) has ended, and is started again. */
  | { readonly event: 'watch'; readonly watched: string; readonly reason: string }
  /** An uplink's connections are ended, as a better one is back to stay. */
  | { readonly event: 'failback'; readonly uplink: string }
  /** So many events of one kind were not told, as they came too fast. */
  | { readonly event: 'left-out'; readonly count: number; readonly of: Level }

/** As syslog(3) has them. */
export type Level = 'error' | 'warning' | 'notice' | 'info'
