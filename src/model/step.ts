/** One step of what to do about the difference between observed and desired. */

import type { Family } from '../net/family.ts'
import type { OthersTranslation, SealPolicy } from './ipsec.ts'
import type { Route, Rule, Ruleset } from './kernel.ts'
import type { MptcpEndpoint } from './mptcp.ts'
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
  | { readonly kind: 'add-endpoint' | 'change-endpoint' | 'delete-endpoint'; readonly endpoint: MptcpEndpoint }
  | { readonly kind: 'set-subflows'; readonly subflows: number }
  | {
      readonly kind: 'forget-connections'
      readonly uplink: string
      /** Absent: both families. */
      readonly family?: Family
      readonly mark: number
      readonly mask: number
      /** Addresses of the uplink whose sockets on this host are ended; no other uplink has them. */
      readonly addresses?: readonly string[]
      /** Device of the uplink: sockets whose packets leave by another device are spared. */
      readonly device?: string
      /** Only connections that began with an IPv6 address in this prefix are ended. */
      readonly source?: string
    }
  | {
      /**
       * Connections of a former active router that this one cannot carry: they are translated to an address that is not
       * here, or is another uplink's than the one that their mark says.
       */
      readonly kind: 'forget-stranded'
      /** Addresses and prefixes that are here, or with this router's peer. */
      readonly addresses: readonly string[]
      /** The bits of a connection's mark that say that it is on an uplink, and that it left by it. */
      readonly mask: number
      readonly left: number
      /** By address that one uplink alone has, the uplink's bits in a mark, and the mask for these. */
      readonly owners: Readonly<Record<string, number>>
      readonly numberMask: number
    }
  | {
      /** Sockets of this host with addresses that are no more. */
      readonly kind: 'close-sockets'
      readonly uplink: string
      readonly addresses: readonly string[]
    }
  | {
      /** Connections that were made before translation was there; see reconcile/decide/translation/untranslated.ts. */
      readonly kind: 'forget-untranslated'
      /** Source addresses that need no translation: the uplinks' own. */
      readonly sources: readonly string[]
      /** Destinations, addresses and prefixes, to which no uplink leads. */
      readonly elsewhere: readonly string[]
      /** The bit of a connection's mark that says that it came in by an uplink. */
      readonly cameIn: number
    }
  | {
      /** Connections that we have translated before there was an IPsec policy for them; see reconcile/decide/translation/sealed.ts. */
      readonly kind: 'forget-sealed'
      readonly policies: readonly SealPolicy[]
      /** The bits of a connection's mark that say that it left by an uplink, with their mask, and the mask for the uplink's. */
      readonly left: number
      readonly mask: number
      readonly numberMask: number
      /** Where we translate: an uplink's bits in a mark, its device, and what others may have translated there. */
      readonly uplinks: readonly {
        readonly number: number
        readonly device: string
        readonly others: readonly OthersTranslation[]
      }[]
    }
