/**
 * Uplinks -> our nft table: what remembers a connection's uplink, and what gives it that uplink's address.
 *
 * - Chains of nat type see a connection's first packet only; what others meet is in staying.ts.
 * - `pin` is before other programs' source NAT, because nothing after the first NAT rule that takes the connection sees
 *   it; ours is behind theirs, see translation.ts.
 * - Interfaces stand as numbers: cheaper to compare than names, and a name never becomes part of a ruleset.
 */

import { marksOfSlices, sliceRules } from '../../../kernel/cgroup/slices.ts'
import { verdicts } from '../../../kernel/nft/verdicts.ts'
import { hookPriorities } from '../../../layout.ts'
import type { Present } from '../../../model/active-uplinks.ts'
import type { Config } from '../../../model/config.ts'
import type { Chain, Ruleset } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Uplink } from '../../../model/uplink.ts'
import { steers } from '../steering/choice.ts'
import { decideSteering } from '../steering/steering.ts'
import { decideNameServers } from '../translation/name-servers.ts'
import { decideTranslation } from '../translation/translation.ts'
import { clampChains } from './clamp.ts'
import { guardChains } from './guard.ts'
import { withoutIntervalSets } from './interval-sets.ts'
import { decideLargeDatagrams } from './large-datagrams.ts'
import { withNamedMaps } from './named-maps.ts'
import { decideOffload } from './offload.ts'
import { reversePathChains } from './reverse-path.ts'
import { decideSourceCheck } from './source-check.ts'
import { decideStaying, unpinnedChain, unremembered } from './staying.ts'
import { decideAsked } from './udp-reply-source.ts'

/**
 * Whether a table of our name is ours, also after others have changed it: it is empty, or has a chain that only we make.
 * Another program's is never replaced or deleted.
 */
export function isOurRuleset({ chains }: Ruleset): boolean {
  const isOurs = ({ name, hook }: Chain) =>
    hook === null
      ? /^(to|in|nat)_\d+$/.test(name)
      : Object.values<number>(hookPriorities).includes(hook.priority) && ourHooks.includes(name)
  return chains.length === 0 || chains.some(isOurs)
}

const ourHooks: readonly string[] = ['prerouting', 'output', 'pin', 'postrouting']

/** The table; null where none is needed. */
export function decideRuleset(config: Config, uplinks: readonly Uplink[], observed: Observed): Ruleset | null {
  const present = uplinks.filter((uplink): uplink is Present => uplink.index !== null)
  const slices = sliceRules(marksOfSlices(uplinks, observed, config))
  // What was to take one uplink must not take another only because there is none.
  if (present.length === 0) return slices.length > 0 ? { chains: [outputChain(slices)] } : null
  const moves = slices.length > 0 || steers(config)
  const names = decideNameServers(config, present, observed)
  const steering = decideSteering(config, present, observed)
  const offload = decideOffload(config, present, observed)
  const asked = decideAsked(present)
  const sets = [...asked.sets, ...steering.sets, ...offload.sets]
  const large = decideLargeDatagrams(present, config)
  const sourceCheck = decideSourceCheck(config, present, observed)
  const staying = decideStaying(present, config, observed)
  const chains = [
    ...sourceCheck.chains,
    ...staying.chains,
    ...steering.chains,
    ...asked.chains,
    { name: unpinnedChain, hook: null, rules: [...staying.unpinned, ...steering.unpinned] },
    preroutingChain([...sourceCheck.prerouting, ...staying.prerouting, ...steering.prerouting]),
    outputChain([
      ...slices,
      ...staying.translated,
      ...names.marking,
      staying.answer,
      ...steering.output,
      ...large.output,
    ]),
    ...large.chains,
    ...names.chains,
    ...reversePathChains(present, config, observed),
    ...guardChains(present, config, observed),
    ...clampChains(present, uplinks, observed),
    ...offload.chains,
    pinChain(present, config),
    ...decideTranslation({ config, observed, present, uplinks, moves: moves || names.chains.length > 0 }),
  ]
  return withNamedMaps(withoutIntervalSets({ sets, chains }))
}

function preroutingChain(rules: readonly string[]): Chain {
  return { name: 'prerouting', hook: { type: 'filter', hook: 'prerouting', priority: hookPriorities.mark }, rules }
}

function outputChain(rules: readonly string[]): Chain {
  return { name: 'output', hook: { type: 'route', hook: 'output', priority: hookPriorities.mark }, rules }
}

function pinChain(present: readonly Present[], { layout }: Config): Chain {
  return {
    name: 'pin',
    hook: { type: 'nat', hook: 'postrouting', priority: hookPriorities.pin },
    rules: verdicts(present, 'to').map((verdict) => `${unremembered(layout)} ${verdict}`),
  }
}
