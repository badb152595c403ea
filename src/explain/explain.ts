/** What a new connection would do: the administrator's rules from the configuration, everything else from the kernel. */

import { routeOf } from '../kernel/iproute/route-get.ts'
import { allRules } from '../reconcile/decide/steering/choice.ts'
import { bypassReason } from './bypass.ts'
import type { Explanation, Facts } from './explanation.ts'
import { balancedOutcome, ruleOutcome } from './outcome.ts'
import { packetOf, queryOf } from './packet.ts'
import type { Question } from './question.ts'
import { nameOf, reasonAgainst } from './rule.ts'
import { waysOf } from './ways.ts'

/**
 * Explains a question. Only root can, as sets of nftables are read. Throws where the source of the connection cannot be
 * reached.
 */
export async function explain(question: Question, facts: Facts): Promise<Explanation> {
  const query = await queryOf(question, facts.observed)
  const route = await routeOf(query)
  const packet = packetOf(question, query, route)
  const bypass = bypassReason(query, packet, route, facts)
  if (bypass !== null)
    return { packet, rules: [], decision: bypass, ...waysOf(route, query, query.mark, facts), others: [] }
  const rules: { rule: string; reason: string | null }[] = []
  for (const rule of allRules(facts.config, facts.desired.uplinks, facts.observed)) {
    const reason = await reasonAgainst(rule, packet)
    rules.push({ rule: nameOf(rule), reason })
    if (reason === null) return { packet, rules, ...(await ruleOutcome(rule, query, packet, route, facts)) }
  }
  return { packet, rules, ...balancedOutcome(query, route, facts) }
}
