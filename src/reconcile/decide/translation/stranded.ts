/**
 * The step that ends connections which the peer of this router made, and which this one cannot carry, as they have an
 * address that did not move with them, or one uplink's address and another's mark: their ends get an error instead of silence. The latter
 * become of packets that came before the peer's word of their connection, which conntrackd then writes over: a mark can be changed, a
 * translation cannot. Pure.
 */
import type { Layout } from '../../../layout.ts'
import { markOf, marks } from '../../../layout.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Step } from '../../../model/step.ts'
import type { Uplink } from '../../../model/uplink.ts'

type ForgetStranded = Extract<Step, { kind: 'forget-stranded' }>

export function strandedToForget(
  uplinks: readonly Uplink[],
  { links }: Pick<Observed, 'links'>,
  layout: Layout,
): ForgetStranded {
  const { pinned, incoming, numberMask } = marks(layout)
  const owned = uplinks.flatMap(({ number, inet, inet6, translateTo = {} }) =>
    [...new Set([inet, inet6].flatMap((path) => path?.addresses ?? []).concat(Object.values(translateTo)))].map(
      (address) => [address, markOf(number, layout)] as const,
    ),
  )
  const isShared = (address: string) => owned.filter(([other]) => other === address).length > 1
  return {
    kind: 'forget-stranded',
    addresses: [
      ...new Set([
        ...links.flatMap(({ addresses }) => addresses.map(({ address }) => address)),
        ...uplinks.flatMap(({ translateTo }) => Object.values(translateTo ?? {})),
        ...uplinks.flatMap(({ prefixes = [], formerPrefixes = [] }) => [...prefixes, ...formerPrefixes]),
      ]),
    ],
    mask: (pinned | incoming) >>> 0,
    left: pinned,
    owners: Object.fromEntries(owned.filter(([address]) => !isShared(address))),
    numberMask,
  }
}
