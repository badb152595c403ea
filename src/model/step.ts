/** What to do about it. */

import type { Family } from '../net/family.ts'
import type { Route, Rule, Ruleset } from './kernel.ts'
import type { State } from './state.ts'

export type Step =
  | { readonly kind: 'remember'; readonly state: State }
  | { readonly kind: 'name-tables'; readonly text: string }
  | { readonly kind: 'set-sysctl'; readonly name: string; readonly value: string }
  | { readonly kind: 'load-ruleset'; readonly ruleset: Ruleset; readonly former: Ruleset | null }
  | { readonly kind: 'delete-ruleset' }
  | { readonly kind: 'replace-route'; readonly route: Route }
  | { readonly kind: 'delete-route'; readonly route: Route }
  | { readonly kind: 'add-rule'; readonly rule: Rule }
  | { readonly kind: 'delete-rule'; readonly rule: Rule }
  | {
      readonly kind: 'forget-connections'
      readonly uplink: string
      /** Absent: both. */
      readonly family?: Family
      readonly mark: number
      readonly mask: number
      /** Of the uplink, for sockets of this host; none that another uplink has as well. */
      readonly addresses?: readonly string[]
      /** Of the uplink: sockets whose packets leave by another go on. */
      readonly device?: string
      /** Only those that began with an IPv6 address in this prefix. */
      readonly source?: string
    }
  | {
      /** See reconcile/decide/untranslated.ts. */
      readonly kind: 'forget-untranslated'
      /** Addresses that need no translation: the uplinks' own. */
      readonly sources: readonly string[]
      /** Where no uplink leads: addresses and prefixes. */
      readonly elsewhere: readonly string[]
      /** The bit of a connection's mark that says that it came in by an uplink. */
      readonly cameIn: number
    }
