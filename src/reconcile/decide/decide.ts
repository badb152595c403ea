/** What should be, from what the administrator wants and what the world looks like. Pure. */

import { marksOfSlices } from '../../kernel/cgroup/slices.ts'
import type { Layout } from '../../layout.ts'
import type { Config } from '../../model/config.ts'
import type { Desired } from '../../model/desired.ts'
import type { Observed } from '../../model/observed.ts'
import { activeSince, roleOf } from '../../model/pair.ts'
import type { State } from '../../model/state.ts'
import type { Uplink } from '../../model/uplink.ts'
import { omitUndefined } from '../../values/omit-undefined.ts'
import { decideMptcp, formerSubflows } from './mptcp.ts'
import { layoutsToRemember } from './ours/previous-layout.ts'
import { decideRoutes, findDeadFamilies } from './routing/routes.ts'
import { decideRules } from './routing/rules.ts'
import { decideTableNames, tableNameWarnings } from './routing/table-names.ts'
import { offloadWarnings } from './ruleset/offload.ts'
import { decideRuleset, isOurRuleset } from './ruleset/ruleset.ts'
import { madeStrict, sourceCheckWarnings } from './ruleset/source-check.ts'
import { routedNetworkWarnings } from './steering/routed-networks.ts'
import { decideSysctls, formerSysctls } from './sysctls.ts'
import { foreignNatWarnings } from './translation/foreign-nat.ts'
import { masqueradeOf } from './translation/translation.ts'
import { withDrains } from './uplinks/drains.ts'
import { withLeft } from './uplinks/former-addresses.ts'
import { decideUplinks } from './uplinks/uplinks.ts'
import { unlistedBridges } from './warnings/bridges.ts'
import { findConflicts } from './warnings/conflicts.ts'
import { twins, untoldGateways } from './warnings/gatewayless.ts'

/** The whole wish. Nothing is balanced where another's table has our name. */
export function decide(config: Config, observed: Observed): Desired {
  const { uplinks, known, warnings } = decideUplinks(config, observed)
  const role = roleOf(config, observed)
  const usurped = observed.ruleset !== null && !isOurRuleset(observed.ruleset)
  // Another's table has our name, and without our own no connection would be kept on its uplink: main alone is better.
  const balanced = usurped ? [] : uplinks
  const families = [
    ...(balanced.length > 0 ? (['inet'] as const) : []),
    ...(observed.ipv6 && needsIpv6(balanced, config, observed) ? (['inet6'] as const) : []),
  ]
  const sysctls = decideSysctls(config, balanced, observed)
  const routes = families.flatMap((family) => decideRoutes(family, config, uplinks, observed))
  const rules = families.flatMap((family) => decideRules(family, config, uplinks, observed))
  const drains = withDrains(known, observed, { uplinks, routes }, config.layout)
  const mptcp = decideMptcp(config, balanced, observed)
  const remembered = withLeft(drains, observed, rules, config.layout)
  return {
    uplinks,
    routes,
    rules,
    ruleset: decideRuleset(config, balanced, observed),
    ...(mptcp && { mptcp }),
    sysctls,
    state: {
      ...remember(
        remembered,
        formerSysctls(sysctls, observed, madeStrict(config, balanced, observed)),
        layoutsToRemember(config.layout, observed),
      ),
      ...omitUndefined({ subflows: formerSubflows(observed, mptcp) }),
      ...(role !== null && { role }),
      ...(role === 'active' && omitUndefined({ activeSince: activeSince(observed) })),
    },
    tableNames: decideTableNames(known, config.layout, observed),
    warnings: [
      ...warnings,
      ...findDeadFamilies(uplinks),
      ...findConflicts(config, uplinks, observed),
      ...twins(config, uplinks, observed),
      ...untoldGateways(config, uplinks, observed),
      ...unlistedBridges(config, uplinks, observed),
      ...routedNetworkWarnings(balanced, observed),
      ...offloadWarnings(config, observed),
      ...sourceCheckWarnings(config, balanced, observed),
      ...tableNameWarnings(known, config.layout, observed),
      ...foreignNatWarnings(
        uplinks.filter((uplink) => masqueradeOf(uplink, config) === 'auto').map(({ interface: device }) => device),
        observed,
      ),
    ],
  }
}

/**
 * Whether anything of ours is needed in IPv6. What was put on an uplink must not leave by table `main` only because no
 * uplink has IPv6.
 */
function needsIpv6(uplinks: readonly Uplink[], config: Config, observed: Observed): boolean {
  return uplinks.some(({ inet6 }) => inet6 !== null) || marksOfSlices(uplinks, observed, config).size > 0
}

/** A wish for nothing of ours, which is what `ifbalance down` leaves. */
export function decideNothing(observed: Observed): Desired {
  return {
    uplinks: [],
    routes: [],
    rules: [],
    ruleset: null,
    sysctls: {},
    state: remember({}, formerSysctls({}, observed), layoutsToRemember(null, observed)),
    tableNames: '',
    warnings: [],
  }
}

function remember(uplinks: State['uplinks'], sysctls: State['sysctls'], layouts: readonly Layout[] | null): State {
  return { uplinks, sysctls, ...(layouts && { layouts }) }
}
