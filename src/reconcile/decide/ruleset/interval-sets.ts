/**
 * Rules without sets that have intervals (prefixes, ranges).
 *
 * The kernel changes to new rules at once, and fills such sets a moment later: nf_tables_commit() of
 * net/netfilter/nf_tables_api.c first moves the generation's cursor, and calls their `commit` when everyone was told
 * what is new. Till then nothing is in them, up to a millisecond in a table of ours (Linux 6.18): a new connection would
 * leave untranslated, and stay so. Sets of single values have no such moment. Pure.
 */

const anonymousSet = /((?:ct (?:original|reply) )?\S+ \S+) (!= |vmap |)\{ ([^{}"]+) \}/g
const element = /^[0-9a-fx.:]+(?:([/-])[0-9a-fx.:]+)?( : (?:goto|jump) \S+)?$/

/** How many rules may come of one; where it would be more, the sets stay. */
const mostRules = 256

/** Rules that together do what the rule does, in the form that kernel/nft/rule-listing.ts reads back. */
export function withoutIntervalSets(rule: string): readonly string[] {
  for (const [whole, key = '', how = '', content = ''] of rule.matchAll(anonymousSet)) {
    const elements = content.split(', ')
    if (key.includes('@') || !elements.every((text) => element.test(text))) continue
    const isInterval = (text: string) => element.exec(text)?.[1] !== undefined
    const [intervals, singles] = [elements.filter(isInterval), elements.filter((text) => !isInterval(text))]
    if (intervals.length === 0) continue
    const rest = singles.length > 0 ? [`${how}${setOf(singles, how, key)}`] : []
    const parts = [...rest, ...intervals.map((text) => (how === 'vmap ' ? text.replace(' : ', ' ') : `${how}${text}`))]
    const put = (text: string) => rule.replace(whole, () => text)
    const rules = (
      how === '!= '
        ? [put(parts.map((part) => `${key} ${part}`).join(' '))]
        : parts.map((part) => put(`${key} ${part}`))
    ).flatMap(withoutIntervalSets)
    return rules.length > mostRules ? [rule] : rules
  }
  return [rule]
}

/** nft lists a set with one value as that value; rule-listing.ts gives sources their braces back. */
function setOf(singles: readonly string[], how: string, key: string): string {
  const [only = ''] = singles
  return singles.length === 1 && how !== 'vmap ' && !/ saddr$/.test(key) ? only : `{ ${singles.join(', ')} }`
}
