/** What a file of this folder says of one network manager: how two uplinks and a LAN are configured, and its words. */
import type { Release } from '../lab/image.ts'
import type { StackSetup } from '../lab/stacks.ts'

/** A verb that the manager lacks is left out, and so is its test. */
export type Verb = 'down' | 'up' | 'reapply' | 'restart'

export interface Manager {
  readonly name: string
  readonly releases: readonly Release[]
  /** Besides the usual ones, and which of the usual ones are not there. */
  readonly packages: (release: Release) => readonly string[]
  readonly without?: readonly string[]
  readonly setup: (release: Release) => StackSetup
  /** The interfaces that are uplinks, if they are not the cards wan1 and wan2. */
  readonly uplinks?: readonly [string, string]
  /** Command lines of sh(1), which fail where the manager does. `down` and `up` are of the second uplink. */
  readonly verbs: Readonly<Partial<Record<Verb, string>>>
  /**
   * The verbs that take no address away: then no connection may end by them, and no new one fail. Of the others, the
   * uplink that was not meant may lose none, and all is as before afterwards.
   */
  readonly harmless: readonly Verb[]
  /** Addresses are written down, so there is no lease to renew. */
  readonly isStatic?: boolean
  /** Releases whose DHCP client does not ask again for a lease that it could not renew at once, so that `main` keeps the old gateway. */
  readonly renewsLate?: readonly Release[]
  /** Where it is not safe to guess: the lines that `status` and `check` name, and how they are written and taken over. */
  readonly toWrite?: { readonly said: readonly string[]; readonly script: string }
  /** What of this manager alone has to be seen besides, by command lines that fail where it is not so. */
  readonly more?: Readonly<Record<string, string>>
}
