/** What a new connection would do: the administrator's rules from the configuration, everything else from the kernel. */

import type { FirstPacket } from '../config/match/match.ts'
import type { Config, Desired, Observed } from '../model/model.ts'
import { allRules } from '../reconcile/decide/steering/choice.ts'
import { balancedOutcome, ruleOutcome } from './outcome.ts'
import { packetOf, queryOf } from './packet.ts'
import { whatPasses } from './passes.ts'
import type { Question } from './question.ts'
import { routeOf } from './route.ts'
import { nameOf, reasonAgainst } from './rule.ts'
import { waysOf } from './ways.ts'

export interface Explanation extends Outcome {
  readonly packet: FirstPacket
  /** In order up to the one that matches; a reason for each that does not. */
  readonly rules: readonly { readonly rule: string; readonly reason: string | null }[]
}

export interface Outcome {
  /** What decides, for people. */
  readonly decision: string
  /** Where it goes, each with its part of all such connections; one where it is certain, none where it stays here. */
  readonly ways: readonly WayOut[]
  /** Why nothing goes anywhere. */
  readonly refused: string | null
  /** Uplinks that it does not take, and why; none where no choice is made between uplinks. */
  readonly others: readonly { readonly uplink: string; readonly reason: string }[]
}

export interface WayOut {
  /** Null for a device that is no uplink. */
  readonly uplink: string | null
  readonly share: number
  readonly device: string
  readonly gateway: string | null
  readonly mark: number
  readonly table: string
  /** Priority and selector; null where others' rules decide in ways that we cannot read. */
  readonly ipRule: string | null
}

export interface Facts {
  readonly config: Config
  readonly observed: Observed
  readonly desired: Desired
}

/** Root's alone: sets of nftables are read. Throws where its source cannot be reached. */
export async function explain(question: Question, facts: Facts): Promise<Explanation> {
  const query = await queryOf(question, facts.observed)
  const route = await routeOf(query)
  const packet = packetOf(question, query, route)
  const passes = whatPasses(query, packet, route, facts)
  if (passes !== null)
    return { packet, rules: [], decision: passes, ...waysOf(route, query, query.mark, facts), others: [] }
  const rules: { rule: string; reason: string | null }[] = []
  for (const rule of allRules(facts.config, facts.desired.uplinks, facts.observed)) {
    const reason = await reasonAgainst(rule, packet)
    rules.push({ rule: nameOf(rule), reason })
    if (reason === null) return { packet, rules, ...(await ruleOutcome(rule, query, packet, route, facts)) }
  }
  return { packet, rules, ...balancedOutcome(query, route, facts) }
}
