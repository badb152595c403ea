/** How many connections rules take in a second, from looks at what the kernel has counted. Pure. */
import type { RuleStatus } from '../status/status.ts'

interface Look {
  /** In milliseconds of any clock that only goes forward. */
  readonly at: number
  readonly counts: ReadonlyMap<string, number>
}

/** The latest is last. */
export type RuleLooks = readonly Look[]

export interface RuleHits extends RuleStatus {
  /** Of the last ten seconds, or since the look before; null where nothing can be said. */
  readonly perSecond: number | null
}

const spanMs = 10_000

/** With another look. */
export function addRuleLook(looks: RuleLooks, rules: readonly RuleStatus[], at: number): RuleLooks {
  const counts = new Map(rules.map(({ name, connections }) => [name, connections]))
  const recent = looks.filter((look) => at - look.at <= spanMs)
  return [...(recent.length > 0 ? recent : looks.slice(-1)), { at, counts }]
}

/** The rules that have taken something, the busiest first. Counters that went back have begun anew. */
export function busiestRules(looks: RuleLooks): readonly RuleHits[] {
  const latest = looks.at(-1)
  if (latest === undefined) return []
  const [earliest = latest] = looks
  const seconds = (latest.at - earliest.at) / 1000
  const perSecond = (name: string, connections: number) => {
    const before = earliest.counts.get(name)
    return before === undefined || before > connections || seconds <= 0 ? null : (connections - before) / seconds
  }
  return [...latest.counts]
    .filter(([, connections]) => connections > 0)
    .map(([name, connections]) => ({ name, connections, perSecond: perSecond(name, connections) }))
    .toSorted((one, other) => (other.perSecond ?? 0) - (one.perSecond ?? 0) || other.connections - one.connections)
}
