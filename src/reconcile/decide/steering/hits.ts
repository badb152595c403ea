/**
 * How many connections each [rule] took, counted by the kernel. A counter is an object of our table with the rule's name.
 * It stays when rules are replaced, and all that the rule takes on both sides and in both families counts in it. Only
 * packets that a rule is for come to where that is done: a layer's map leads there, and on to what the rule does. Pure.
 */
import { elementsOf, keyOf, typeOf } from '../../../config/match/key.ts'
import { namedMap } from '../../../kernel/nft/named-sets.ts'
import type { Chain, NamedSet, Ruleset } from '../../../model/kernel.ts'
import type { Side } from '../../../model/match.ts'
import type { Family } from '../../../net/family.ts'
import type { Classified, Layer } from './layers.ts'

/** The rule's counter. A dot is in no other name of ours, and in no rule's. */
export function counterOf(rule: string): NamedSet {
  return { kind: 'counter', name: `rule.${rule}`, definition: 'packets 0 bytes 0' }
}

/** The chain that counts what a rule of this layer takes, and leads on to the rule's. */
export function countingChain(chain: string, layer: number): string {
  return chain.replace('use_', `hits_${layer}_`)
}

/**
 * The chains that count for a layer, and the maps that they ask: rules that do the same share one, as a thousand chains
 * take a second to load.
 */
export function countLayer(
  { rules }: Layer,
  layer: number,
  side: Side,
  family: Family,
): { readonly chains: readonly Chain[]; readonly sets: readonly NamedSet[] } {
  const groups = Map.groupBy(rules.filter(isCounted), ({ chain }) => chain)
  const made = [...groups].map(([target, some]) => {
    const map = some.length === 1 ? null : mapOf(some, family)
    const which =
      map === null ? counterOf(some[0]?.rule ?? '').name : `${keyOf(some[0]?.box ?? {}, family)} map @${map.name}`
    // What stays inside is not remembered on an uplink, so its packets come here until one is answered.
    const later = side === 'forward' ? [`ct status confirmed goto ${target}`] : []
    const name = countingChain(target, layer)
    const chain: Chain = { name, hook: null, rules: [...later, `counter name ${which}`, `goto ${target}`] }
    return { chain, map }
  })
  return { chains: made.map(({ chain }) => chain), sets: made.flatMap(({ map }) => map ?? []) }
}

export function isCounted({ rule }: Classified): boolean {
  return rule !== ''
}

function mapOf(rules: readonly Classified[], family: Family): NamedSet {
  const boxes = rules.map(({ box }) => box)
  const definition = typeOf(boxes, family).replace(': verdict', ': counter')
  const elements = rules.flatMap(({ box, rule }) => elementsOf(box).map((one) => `${one} : "${counterOf(rule).name}"`))
  return namedMap(definition, elements)
}

/** By rule, what its counter says; nothing of rules that have none. */
export function hitsOf(
  ruleset: Ruleset | null,
  rules: readonly { readonly name: string }[],
): ReadonlyMap<string, number> {
  const counted = new Map((ruleset?.sets ?? []).map(({ name, packets }) => [name, packets] as const))
  return new Map(
    rules.flatMap(({ name }) => {
      const packets = counted.get(counterOf(name).name)
      return packets === undefined ? [] : [[name, packets] as const]
    }),
  )
}
