/**
 * Rules whose maps have names.
 *
 * A map within a rule goes with it. A packet that began with the old rules then finds nothing in it, if the kernel
 * changes to the new ones before it is asked: nf_tables_deactivate_set() of net/netfilter/nf_tables_api.c ends the
 * map's elements with that generation, though not those of a set without values (Linux 6.18: a packet in one of ten
 * loads under a flood). It would leave unsteered or untranslated, and its connection would stay so. A map with a name
 * is deleted by a transaction of its own, when no packet is on its way to it any more. Pure.
 */
import { namedMap, typeOfKey } from '../../../kernel/nft/named-sets.ts'
import type { NamedSet, Ruleset } from '../../../model/kernel.ts'

const anonymousMap = /^(.+?)( & \S+)? vmap \{ ([^{}]+) \}/

/** The ruleset with a named map in the place of each map within a rule, but one whose key has no type here. */
export function withNamedMaps({ chains, sets = [] }: Ruleset): Ruleset {
  const maps = new Map<string, NamedSet>()
  const renamed = (rule: string) =>
    rule.replace(anonymousMap, (whole, key: string, mask = '', content: string) => {
      const map = mapOf(key, content.split(', '))
      if (map === null) return whole
      maps.set(map.name, map)
      return `${key}${mask} vmap @${map.name}`
    })
  const named = chains.map((chain) => ({ ...chain, rules: chain.rules.map(renamed) }))
  const all = [...sets, ...[...maps.values()].filter(({ name }) => !sets.some((set) => set.name === name))]
  return { ...(all.length > 0 ? { sets: all } : {}), chains: named }
}

/** With its size, the kernel takes the kind of map that it takes for those within rules, the cheapest. */
function mapOf(key: string, elements: readonly string[]): NamedSet | null {
  const type = typeOfKey(key)
  if (type === undefined) return null
  const hasIntervals = elements.some((text) => /^[^ ]+[/-]/.test(text))
  return namedMap(`type ${type} : verdict; ${hasIntervals ? 'flags interval' : `size ${elements.length}`}`, elements)
}
