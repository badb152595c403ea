/**
 * The step that ends connections which we have translated before IPsec had a policy for them. The kernel translates them for good, and
 * asks for a policy once more behind that: with the new address no policy matches, so they would leave in clear text for as long as
 * somebody sends. Without us they would be sealed from the next packet on, and so they are once they begin anew: new ones that
 * a policy is for are not translated. Pure.
 *
 * What others translate is as it was before us, and stays.
 */
import type { Layout } from '../../../layout.ts'
import { markOf, marks } from '../../../layout.ts'
import type { Config } from '../../../model/config.ts'
import type { Desired } from '../../../model/desired.ts'
import type { SealPolicy } from '../../../model/ipsec.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Step } from '../../../model/step.ts'
import { othersTranslationOn } from './foreign-nat.ts'
import { masqueradeOf } from './translation.ts'

/** The step; null where nothing of ours can be for any of these policies. */
export function sealedToForget(
  policies: readonly SealPolicy[],
  { uplinks, ruleset }: Pick<Desired, 'uplinks' | 'ruleset'>,
  observed: Observed,
  config: Config & { readonly layout: Layout },
): Extract<Step, { kind: 'forget-sealed' }> | null {
  const { pinned, incoming, numberMask } = marks(config.layout)
  const translating = uplinks.filter((uplink) => masqueradeOf(uplink, config) !== 'no')
  if (ruleset === null || translating.length === 0 || !policies.some(({ seals }) => seals)) return null
  return {
    kind: 'forget-sealed',
    policies,
    left: pinned,
    mask: (pinned | incoming) >>> 0,
    numberMask,
    uplinks: translating.map((uplink) => ({
      number: markOf(uplink.number, config.layout),
      device: uplink.interface,
      others: othersTranslationOn(uplink.interface, observed),
    })),
  }
}
