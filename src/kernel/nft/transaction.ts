/** Ruleset -> one nft transaction that puts it in the place of the former one, whether there was one or not. */
import { nftTable } from '../../layout.ts'
import type { Chain, NamedSet, Ruleset } from '../../model/kernel.ts'

const table = `${nftTable.family} ${nftTable.name}`

export const deleteRuleset = `delete table ${table}\n`

/**
 * Sets that stay keep what is in them: it may be much, or have come from elsewhere. Where there are none, or a chain has to
 * become another, the table is made anew.
 */
export function replaceRuleset(ruleset: Ruleset, former: Ruleset | null): string {
  const { chains, sets = [] } = ruleset
  const old = former?.sets ?? []
  const kept = old.filter(({ name }) => sets.some((set) => set.name === name))
  if (kept.length === 0 || former === null || !former.chains.every((chain) => fits(chain, chains)))
    return `table ${table}\n${deleteRuleset}${block(chains, sets)}`
  const isKept = ({ name }: NamedSet) => kept.some((set) => set.name === name)
  const gone = former.chains.filter(({ name }) => !chains.some((chain) => chain.name === name))
  const commands = [
    `flush table ${table}`,
    ...old.filter((set) => !isKept(set)).map(({ kind, name }) => `delete ${kind} ${table} ${name}`),
    ...gone.map(({ name }) => `delete chain ${table} ${name}`),
  ]
  return `${commands.join('\n')}\n${block(
    chains,
    sets.filter((set) => !isKept(set)),
  )}`
}

function fits({ name, hook }: Chain, wanted: readonly Chain[]): boolean {
  const same = wanted.find((chain) => chain.name === name)
  return same === undefined || JSON.stringify(same.hook) === JSON.stringify(hook)
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
