/**
 * Rules without sets of their own that have intervals (prefixes, ranges).
 *
 * The kernel changes to new rules at once, and fills such sets a moment later: nf_tables_commit() of
 * net/netfilter/nf_tables_api.c first moves the generation's cursor, and calls their `commit` when everyone was told
 * what is new. Till then nothing is in them, up to a millisecond in a table of ours (Linux 6.18): a new connection would
 * leave untranslated, and stay so. Sets of single values have no such moment. So a few intervals become a rule each, and
 * many a set with a name, which kernel/nft/table.ts fills before. Pure.
 */
import { intervalSet, typeOfKey } from '../../../kernel/nft/named-sets.ts'
import type { NamedSet, Ruleset } from '../../../model/kernel.ts'

const anonymousSet = /((?:ct (?:original|reply) )?\S+ \S+) (!= |vmap |)\{ ([^{}"]+) \}/g
const element = /^[0-9a-fx.:]+(?:([/-])[0-9a-fx.:]+)?( : (?:goto|jump) \S+)?$/

/** A look into a set with intervals costs about what so many rules do, which packets ask one after the other. */
const mostRules = 4

/** The ruleset with such rules in the place of those that have sets with intervals. */
export function withoutIntervalSets({ chains, sets = [] }: Ruleset): Ruleset {
  const named = new Map<string, NamedSet>()
  const plain = chains.map((chain) => ({ ...chain, rules: chain.rules.flatMap((rule) => plainRules(rule, named)) }))
  return { sets: [...sets, ...named.values()], chains: plain }
}

/** Rules that together do what the rule does, in the form that kernel/nft/rule-listing.ts reads back. */
function plainRules(rule: string, named: Map<string, NamedSet>): readonly string[] {
  for (const [whole, key = '', how = '', content = ''] of rule.matchAll(anonymousSet)) {
    const elements = content.split(', ')
    if (key.includes('@') || !elements.every((text) => element.test(text))) continue
    const isInterval = (text: string) => element.exec(text)?.[1] !== undefined
    const [intervals, singles] = [elements.filter(isInterval), elements.filter((text) => !isInterval(text))]
    if (intervals.length === 0) continue
    const put = (text: string) => rule.replace(whole, () => text)
    const type = typeOfKey(key)
    if (intervals.length > mostRules && type !== undefined) {
      // See named-maps.ts.
      if (how === 'vmap ') continue
      const set = intervalSet(type, elements)
      named.set(set.name, set)
      return plainRules(put(`${key} ${how}@${set.name}`), named)
    }
    const rest = singles.length > 0 ? [`${how}${setOf(singles, how, key)}`] : []
    const parts = [...rest, ...intervals.map((text) => (how === 'vmap ' ? text.replace(' : ', ' ') : `${how}${text}`))]
    const rules =
      how === '!= '
        ? [put(parts.map((part) => `${key} ${part}`).join(' '))]
        : parts.map((part) => put(`${key} ${part}`))
    return rules.flatMap((one) => plainRules(one, named))
  }
  return [rule]
}

/** nft lists a set with one value as that value; rule-listing.ts gives sources their braces back. */
function setOf(singles: readonly string[], how: string, key: string): string {
  const [only = ''] = singles
  return singles.length === 1 && how !== 'vmap ' && !/ saddr$/.test(key) ? only : `{ ${singles.join(', ')} }`
}
