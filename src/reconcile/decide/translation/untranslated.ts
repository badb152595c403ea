/**
 * Steps that end connections which began while nobody translated, and leave by an uplink all the same. The kernel
 * decides about translation once for each connection, so they are dead for as long as somebody sends. Pure.
 *
 * Only what was never answered is ended, as whatever was lives. A connection that is ended wrongly begins anew with its
 * next packet.
 */

import type { Layout } from '../../../layout.ts'
import { marks } from '../../../layout.ts'
import type { Ruleset } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Step } from '../../../model/step.ts'
import type { Uplink } from '../../../model/uplink.ts'
import { isDefault } from '../uplinks/paths.ts'

type ForgetUntranslated = Extract<Step, { kind: 'forget-untranslated' }>

/** The steps, for when the new ruleset is loaded; none where the former one has translated already. */
export function untranslatedToForget(
  { routes, links, ruleset }: Observed,
  desired: Ruleset | null,
  uplinks: readonly Uplink[],
  layout: Layout,
): readonly ForgetUntranslated[] {
  if (!translates(desired) || translates(ruleset)) return []
  const devices = new Set(uplinks.map((uplink) => uplink.interface))
  const elsewhere = routes.filter(
    (route) =>
      route.type === 'unicast' && !isDefault(route) && route.nexthops.every(({ device }) => !devices.has(device)),
  )
  return [
    {
      kind: 'forget-untranslated',
      sources: uplinks.flatMap(({ inet, inet6 }) => [...(inet?.addresses ?? []), ...(inet6?.addresses ?? [])]),
      elsewhere: [
        ...elsewhere.map(({ destination }) => destination),
        ...links.flatMap(({ addresses }) => addresses.map(({ address }) => address)),
        ...noUplinks,
      ],
      cameIn: marks(layout).incoming,
    },
  ]
}

/** Destinations that no uplink leads to: loopback, link-local addresses, and groups. */
const noUplinks = ['127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3', '::1', 'fe80::/10', 'ff00::/8']

function translates(ruleset: Ruleset | null): boolean {
  return ruleset?.chains.some(({ name }) => name === 'postrouting') ?? false
}
