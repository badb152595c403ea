/** Others' policy rules that stand behind our block and before `main`. Pure. */

import type { RuleParts } from '../../../kernel/iproute/rule.ts'
import { inOurBlock, type Layout, lastPriority, tables } from '../../../layout.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Family } from '../../../net/family.ts'

/** How many rules of a family count: the first ones. */
const maxRules = 16

/**
 * The sources and interfaces of the rules that have no other selectors. A rule with a mark does not concern packets that
 * have ours.
 */
export function lateRules(
  family: Family,
  { rules }: Observed,
  layout: Layout,
): readonly Pick<RuleParts, 'from' | 'iif'>[] {
  const late = rules.filter(
    ({ priority, foreign, ...rule }) =>
      rule.family === family &&
      priority > layout.ruleBase &&
      priority < lastPriority &&
      !inOurBlock(priority, layout) &&
      foreign === undefined,
  )
  return late
    .flatMap(({ spec }) => {
      const [, from, iif, table] = /^(?:from (\S+) )?(?:iif (\S+) )?lookup (\d+)$/.exec(spec) ?? []
      const isMains = table === undefined || Number(table) === tables.main || Number(table) === tables.default
      if (isMains || (from === undefined && iif === undefined)) return []
      return [{ ...(from !== undefined && { from }), ...(iif !== undefined && { iif }) }]
    })
    .slice(0, maxRules)
}
