/**
 * Our nft table (nft 1.0.6 and 1.1): written as transactions that put a ruleset in the place of the former one,
 * whether there was one or not, and read back from `nft -j -t list`.
 */
import { nftTable } from '../../layout.ts'
import type { Chain, NamedSet, Ruleset } from '../../model/kernel.ts'
import type { Json } from '../../values/checked.ts'
import { ruleLine } from './rule-listing.ts'

const table = `${nftTable.family} ${nftTable.name}`

export const deleteRuleset = `delete table ${table}\n`

/** Deletes the table, whether there is one or not. */
const away = `table ${table}\n${deleteRuleset}`

/**
 * The text of the transaction that puts the ruleset in the former one's place. Sets that stay keep their elements, as
 * these may be many, or have come from elsewhere; sets and chains that are not wanted any more stay, without rules, as
 * a packet may be on its way to them (see reconcile/decide/ruleset/named-maps.ts). Where a chain's hook has to become
 * another, the table is made anew.
 */
export function replaceRuleset({ chains, sets = [] }: Ruleset, former: Ruleset | null): string {
  if (former === null || !fits(former, chains)) return `${away}${block(chains, sets)}`
  return `flush table ${table}\n${block(chains, without(sets, former.sets))}`
}

/** The text of the transaction after it, which deletes what is not wanted any more; none where that is nothing. */
function deleteRest({ chains, sets }: Ruleset, former: Ruleset): readonly string[] {
  const commands = [
    // Counters are asked for by maps.
    ...without(former.sets, sets)
      .toSorted((one, other) => Number(isCounter(one)) - Number(isCounter(other)))
      .map(({ kind, name }) => `delete ${kind} ${table} ${name}\n`),
    ...without(former.chains, chains).map(({ name }) => `delete chain ${table} ${name}\n`),
  ]
  return commands.length > 0 ? [commands.join('')] : []
}

/**
 * Transactions that put the ruleset in the former one's place, in their order. What has intervals is filled before any
 * rule asks for it (see reconcile/decide/ruleset/interval-sets.ts), so sets of that kind that are new come first, by
 * themselves, with the chains and counters that their elements lead to; not where the table is made anew, which would be away for longer.
 */
export function loadingTransactions(ruleset: Ruleset, former: Ruleset | null): readonly string[] {
  if (former !== null && !fits(former, ruleset.chains)) return [replaceRuleset(ruleset, former)]
  const rest = former === null ? [] : deleteRest(ruleset, former)
  const filled = without(ruleset.sets, former?.sets).filter(
    ({ definition = '', elements = [] }) => /\bflags [a-z,]*\binterval\b/.test(definition) && elements.length > 0,
  )
  if (filled.length === 0) return [replaceRuleset(ruleset, former), ...rest]
  const asked = [...without(ruleset.sets, former?.sets).filter(isCounter), ...filled]
  const between = filledBefore(former ?? { chains: [] }, asked)
  const first = block(without(between.chains, former?.chains), asked)
  return [former === null ? `${away}${first}` : first, replaceRuleset(ruleset, between), ...rest]
}

function isCounter({ kind }: NamedSet): boolean {
  return kind === 'counter'
}

/** The former ruleset with these sets, and with those chains, still empty, that their elements lead to. */
function filledBefore(former: Ruleset, filled: readonly NamedSet[]): Ruleset {
  const targets = new Set(
    filled.flatMap(({ elements = [] }) => elements.flatMap((text) => goesTo.exec(text)?.[1] ?? [])),
  )
  const empty = [...targets].map((name): Chain => ({ name, hook: null, rules: [] }))
  return {
    ...former,
    sets: [...(former.sets ?? []), ...filled],
    chains: [...former.chains, ...without(empty, former.chains)],
  }
}

/** Those of the first that have no namesake among the second. */
function without<T extends { readonly name: string }>(
  some: readonly T[] = [],
  others: readonly { readonly name: string }[] = [],
): readonly T[] {
  const names = new Set(others.map(({ name }) => name))
  return some.filter(({ name }) => !names.has(name))
}

const goesTo = / : (?:goto|jump) (\S+)$/

/** The text that makes the table, and fails where it exists. */
export function restoreRuleset({ chains, sets = [] }: Ruleset): string {
  return `create table ${table}\n${block(chains, sets)}`
}

/** Whether no chain that is wanted has another hook than its namesake in the table. */
function fits(former: Ruleset, chains: readonly Chain[]): boolean {
  return former.chains.every(({ name, hook }) => {
    const same = chains.find((chain) => chain.name === name)
    return same === undefined || JSON.stringify(same.hook) === JSON.stringify(hook)
  })
}

function block(chains: readonly Chain[], sets: readonly NamedSet[]): string {
  return `table ${table} {\n${[...sets.map(setText), ...chains.map(chainText)].join('\n')}\n}\n`
}

function setText({ kind, name, definition = '', elements = [] }: NamedSet): string {
  const content = elements.length > 0 ? `; elements = { ${elements.join(', ')} }` : ''
  return `  ${kind} ${name} { ${definition}${content}; }`
}

function chainText({ name, hook, rules }: Chain): string {
  const lines = [
    ...(hook ? [`type ${hook.type} hook ${hook.hook} priority ${hook.priority}; policy accept;`] : []),
    ...rules,
  ]
  return [`  chain ${name} {`, ...lines.map((line) => `    ${line}`), '  }'].join('\n')
}

/**
 * Our table in a listing, which may have others; null where it is not in it. `indexOf` has the numbers of interfaces by
 * name: nft lists names where the kernel compares numbers.
 */
export function parseListing(stdout: string, indexOf: ReadonlyMap<string, number>): Ruleset | null {
  const listing: { nftables: readonly Json[] } = JSON.parse(stdout)
  const chains = new Map<string, { -readonly [K in keyof Chain]: Chain[K] }>()
  const sets: NamedSet[] = []
  const isOurs = (kind: 'name' | 'table', item: Json) =>
    Object.values(item).some((body) => (body as Json)[kind] === nftTable.name)
  if (!listing.nftables.some((item) => 'table' in item && isOurs('name', item))) return null
  for (const item of listing.nftables.filter((one) => isOurs('table', one))) {
    for (const kind of ['set', 'map', 'flowtable'] as const)
      if (kind in item) sets.push({ kind, name: (item[kind] as { name: string }).name })
    if ('counter' in item) {
      const { name, packets } = item['counter'] as { name: string; packets: number }
      sets.push({ kind: 'counter', name, packets })
    }
    if ('chain' in item) {
      const { name, type, hook, prio } = item['chain'] as { name: string; type?: string; hook?: string; prio?: number }
      const base =
        type !== undefined && hook !== undefined && prio !== undefined ? { type, hook, priority: prio } : null
      chains.set(name, { name, hook: base, rules: [] })
    } else if ('rule' in item) {
      const { chain: name, expr } = item['rule'] as { chain: string; expr: readonly (Json | string)[] }
      const chain = chains.get(name)
      if (chain) chain.rules = [...chain.rules, ruleLine(expr, indexOf)]
    }
  }
  return { chains: [...chains.values()], ...(sets.length > 0 ? { sets } : {}) }
}
