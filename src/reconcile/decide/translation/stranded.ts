/**
 * The step that ends connections which the peer of this router made, and which this one cannot carry, as they have an
 * address that did not move with them: their ends get an error instead of silence. Pure.
 */
import type { Layout } from '../../../layout.ts'
import { marks } from '../../../layout.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Step } from '../../../model/step.ts'
import type { Uplink } from '../../../model/uplink.ts'

type ForgetStranded = Extract<Step, { kind: 'forget-stranded' }>

export function strandedToForget(
  uplinks: readonly Uplink[],
  { links }: Pick<Observed, 'links'>,
  layout: Layout,
): ForgetStranded {
  const { pinned, incoming } = marks(layout)
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
  }
}
