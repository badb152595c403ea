/** What should be, from what the administrator wants and what the world looks like. Pure. */
import type { Config, Desired, Observed } from '../model.ts'
import { findConflicts } from './conflicts.ts'
import { decideRoutes } from './routes.ts'
import { decideRules } from './rules.ts'
import { decideRuleset } from './ruleset.ts'
import { decideSysctls, formerSysctls } from './sysctls.ts'
import { decideTableNames } from './table-names.ts'
import { decideUplinks } from './uplinks.ts'

export function decide(config: Config, observed: Observed): Desired {
  const { uplinks, known, warnings } = decideUplinks(config, observed)
  const families = [
    ...(uplinks.length > 0 ? (['inet'] as const) : []),
    ...(observed.ipv6 && uplinks.some((uplink) => uplink.inet6 !== null) ? (['inet6'] as const) : []),
  ]
  const sysctls = decideSysctls(config.balance.mode, uplinks, observed)
  return {
    uplinks,
    routes: families.flatMap((family) => decideRoutes(family, config, uplinks, observed)),
    rules: families.flatMap((family) => decideRules(family, config, uplinks, observed)),
    ruleset: decideRuleset(config, uplinks),
    sysctls,
    state: { uplinks: known, sysctls: formerSysctls(sysctls, observed) },
    tableNames: decideTableNames(known, config.numbers),
    warnings: [...warnings, ...findConflicts(config, uplinks, observed)],
  }
}

/** Nothing of ours: what `ifbalance down` leaves. */
export function decideNothing(observed: Observed): Desired {
  return {
    uplinks: [],
    routes: [],
    rules: [],
    ruleset: null,
    sysctls: {},
    state: { uplinks: {}, sysctls: formerSysctls({}, observed) },
    tableNames: '',
    warnings: [],
  }
}
