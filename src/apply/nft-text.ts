/** Ruleset -> one nft transaction that puts it in the place of the former one, whether there was one or not. */
import { nftTable } from '../ids.ts'
import type { Chain, Ruleset } from '../model.ts'

const table = `table ${nftTable.family} ${nftTable.name}`

export const deleteRuleset = `delete ${table}\n`

export function replaceRuleset({ chains }: Ruleset): string {
  return `${table}\n${deleteRuleset}${table} {\n${chains.map(chainText).join('\n')}\n}\n`
}

function chainText({ name, hook, rules }: Chain): string {
  const lines = [
    ...(hook ? [`type ${hook.type} hook ${hook.hook} priority ${hook.priority}; policy accept;`] : []),
    ...rules,
  ]
  return [`  chain ${name} {`, ...lines.map((line) => `    ${line}`), '  }'].join('\n')
}
