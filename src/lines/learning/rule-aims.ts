/** What rules with a `spread` of their own choose among. Pure. */
import type { Config } from '../../model/config.ts'
import { modeOf } from '../../model/mode.ts'
import type { Use } from '../../model/rule.ts'
import { ruleUplinks } from '../../model/rule-uplinks.ts'
import { ruleSpreadKey } from '../../model/spreading.ts'
import type { Uplink } from '../../model/uplink.ts'
import type { Wish } from '../spread/spread.ts'

export interface RuleAim {
  readonly wish: Wish
  /** Names of the lines that may take connections; with `overflow` those of one rank each, the first ones first. */
  readonly groups: readonly (readonly string[])[]
}

/** By `ruleSpreadKey`: rules that wish the same of the same uplinks share what is found out. */
export function ruleAimsOf(uplinks: readonly Uplink[], config: Config): ReadonlyMap<string, RuleAim> {
  return new Map(
    config.rules.flatMap(({ use }) => {
      const key = ruleSpreadKey(use)
      return key === null || !modeOf(use.mode).mayReweigh ? [] : [[key, aimOf(use, uplinks, config)] as const]
    }),
  )
}

function aimOf(use: Use, uplinks: readonly Uplink[], config: Config): RuleAim {
  const families = ['inet', 'inet6'] as const
  const able = new Map(
    families.flatMap((family) => ruleUplinks(use, family, config, uplinks).map((uplink) => [uplink.name, uplink])),
  )
  const ranked = use.uplinks?.flatMap(({ name }) => able.get(name) ?? []) ?? [...able.values()]
  const rank = (uplink: Uplink, place: number) =>
    use.spread !== 'overflow' ? 0 : use.uplinks === null ? uplink.metric : place
  const groups = Map.groupBy(ranked.entries(), ([place, uplink]) => rank(uplink, place))
  return {
    wish: { spread: use.spread ?? 'weight', overflowAt: use.overflowAt ?? 0.9, isAuto: false },
    groups: [...groups].toSorted(([one], [other]) => one - other).map(([, all]) => all.map(([, { name }]) => name)),
  }
}
