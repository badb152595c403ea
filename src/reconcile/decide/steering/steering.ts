/**
 * The administrator's rules -> what they add to our nft table. Only a connection's first packet comes here, and only
 * where no one else has decided: forwarded ones that came in by no uplink, and the host's own that the kernel would
 * send by one. The mark that they get is read at the very end of the policy rules (see reconcile/decide/routing/rules.ts), as
 * the balanced default is. Pure.
 */

import { fields } from '../../../config/match/fields.ts'
import { elementsOf, keyOf, keyRangesOf, outBy, typeOf } from '../../../config/match/key.ts'
import { maskedMark } from '../../../config/match/mark.ts'
import { namedMap } from '../../../kernel/nft/named-sets.ts'
import { markOf, marks } from '../../../layout.ts'
import { isUplinkIn, type Present } from '../../../model/active-uplinks.ts'
import type { Config } from '../../../model/config.ts'
import type { Chain, NamedSet } from '../../../model/kernel.ts'
import type { Match, Side } from '../../../model/match.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Family } from '../../../net/family.ts'
import { hex, nftNumber } from '../../../values/hex.ts'
import { allRules, steers } from './choice.ts'
import { counterOf, countingChain, countLayer, isCounted } from './hits.ts'
import { type Classified, type Layer, layersOf } from './layers.ts'
import { useChains, viaOf } from './use.ts'

export interface Steering {
  /** Rules for the chains of these names, after those that pin. */
  readonly prerouting: readonly string[]
  readonly unpinned: readonly string[]
  readonly output: readonly string[]
  readonly chains: readonly Chain[]
  readonly sets: readonly NamedSet[]
}

const nothing: Steering = { prerouting: [], unpinned: [], output: [], chains: [], sets: [] }

export function decideSteering(config: Config, present: readonly Present[], observed: Observed): Steering {
  if (!steers(config)) return nothing
  const parts = (['forward', 'local'] as const).flatMap((side) =>
    (['inet', 'inet6'] as const).map((family) => sidePart(side, family, config, present, observed)),
  )
  const enter = (side: Side, families: readonly Family[] = ['inet', 'inet6']) =>
    enterLine(
      side,
      parts.filter((part) => part.side === side && families.includes(part.family) && part.rules.length > 0),
    )
  const { pinned, incoming } = marks(config.layout)
  const both = hex((pinned | incoming) >>> 0)
  // Where the same devices are uplinks in both families, one rule serves both.
  const ways = Map.groupBy(['inet', 'inet6'] as const, (family) =>
    outBy(present.filter((uplink) => isUplinkIn(family, uplink))),
  )
  const local = [...ways].flatMap(([out, families]) =>
    out === null
      ? []
      : enter('local', families).map((line) => `ct mark & ${both} == 0 ct state new ${out} ${others(config)}${line}`),
  )
  return {
    prerouting: stayMarked('forward', config, present),
    unpinned: enter('forward').map((line) => `ct mark & ${both} == 0 ct state new ${line}`),
    output: [...local, ...stayMarked('local', config, present)],
    chains: [
      ...present.flatMap((uplink) => markChains(uplink, config)),
      setMark('via_main', incoming, config),
      ...parts.flatMap(({ side, family, rules, chains }) => [
        ...chains,
        ...(rules.length > 0 ? [{ name: steerChain(side, family), hook: null, rules }] : []),
      ]),
    ],
    // Also of rules that nothing can match now, so that what they have counted outlives such times.
    sets: unique([...config.rules.map(({ name }) => counterOf(name)), ...parts.flatMap(({ sets }) => sets)]),
  }
}

/**
 * Rules for packets that others mark: their marks stay on all packets of a connection, and what has one is not ours to
 * pin (see ruleset.ts), except where an administrator's rule says so. Then later packets are steered as the first one
 * was.
 */
function stayMarked(side: Side, { rules, layout }: Config, present: readonly Present[]): readonly string[] {
  const { pinned, incoming, numberMask } = marks(layout)
  const masks = new Set(rules.flatMap(({ match }) => (match.mark ? [maskedMark(match.mark)] : [])))
  const known = present.map(({ number }) => number).sort((a, b) => a - b)
  const verdicts = known.map((number) => `${hex(markOf(number, layout))} : goto ${viaOf[side]}_${number}`)
  // A socket that was not moved stays by its address.
  const which = `ct direction original ${side === 'local' ? 'ct status snat ' : ''}ct mark & ${hex((pinned | incoming) >>> 0)} == ${hex(pinned)}`
  return [...masks].map((mask) => `${which} ${mask} ct mark & ${hex(numberMask)} vmap { ${verdicts.join(', ')} }`)
}

interface Part {
  readonly side: Side
  readonly family: Family
  readonly rules: readonly string[]
  readonly chains: readonly Chain[]
  readonly sets: readonly NamedSet[]
}

function sidePart(side: Side, family: Family, config: Config, present: readonly Present[], observed: Observed): Part {
  const uses = new Map<string, string>()
  const sets: NamedSet[] = []
  const chains: Chain[] = []
  const classified: Classified[] = []
  for (const rule of allRules(config, present, observed)) {
    const { name, match, use } = rule
    const box = keyRangesOf(match, family, side, observed)
    if (box === null) continue
    // Clients are remembered for each rule, so a sticky rule shares its chain with no other.
    const key = JSON.stringify([use, use.stickySeconds === undefined ? '' : name])
    let chain = uses.get(key)
    if (chain === undefined) {
      chain = `use_${uses.size + 1}_${suffix(side, family)}`
      uses.set(key, chain)
      const made = useChains(chain, rule, side, family, config, present)
      chains.push(...made.chains)
      sets.push(...made.sets)
    }
    const conditions = conditionsOf(name, match, family)
    sets.push(...conditions.sets)
    classified.push({ box, conditions: conditions.statements, chain, rule: name })
  }
  const layers = layersOf(classified).map((layer, at) => {
    const counting = countLayer(layer, at + 1, side, family)
    const entryOf = (rule: Classified) => (isCounted(rule) ? countingChain(rule.chain, at + 1) : rule.chain)
    return { ...layerLine(layer, family, entryOf), counting }
  })
  return {
    side,
    family,
    chains: [...chains, ...layers.flatMap(({ counting }) => counting.chains)],
    rules: layers.map(({ line }) => line),
    sets: [...sets, ...layers.flatMap(({ map, counting }) => [...map, ...counting.sets])],
  }
}

/** Conditions that no key of a map can hold, with the sets that they need. */
function conditionsOf(rule: string, match: Match, family: Family) {
  const conditions = fields.flatMap(([, { condition }]) => condition?.(match, family, rule) ?? [])
  return { statements: conditions.map(({ statement }) => statement), sets: conditions.flatMap(({ sets }) => sets) }
}

function layerLine(
  { conditions, rules }: Layer,
  family: Family,
  entryOf: (rule: Classified) => string,
): { line: string; map: readonly NamedSet[] } {
  const start = conditions.map((statement) => `${statement} `).join('')
  const [first] = rules
  const key = keyOf(first?.box ?? {}, family)
  if (key === '') return { line: `${start}goto ${first && entryOf(first)}`, map: [] }
  const elements = rules.flatMap((rule) => elementsOf(rule.box).map((element) => `${element} : goto ${entryOf(rule)}`))
  const definition = typeOf(
    rules.map(({ box }) => box),
    family,
  )
  const map = namedMap(definition, elements)
  return { line: `${start}${key} vmap @${map.name}`, map: [map] }
}

function enterLine(side: Side, parts: readonly Part[]): readonly string[] {
  if (parts.length === 0) return []
  const verdicts = parts.map(
    ({ family }) => `${family === 'inet' ? 'ipv4' : 'ipv6'} : goto ${steerChain(side, family)}`,
  )
  return [`meta nfproto vmap { ${verdicts.join(', ')} }`]
}

function steerChain(side: Side, family: Family): string {
  return `steer_${suffix(side, family)}`
}

function suffix(side: Side, family: Family): string {
  return `${side}_${family === 'inet' ? 4 : 6}`
}

/** The match that leaves out our own probes, which go where they are bound to. */
function others({ probeUser }: Config): string {
  return probeUser === undefined ? '' : `meta skuid != ${nftNumber(probeUser)} `
}

function markChains({ number }: Present, config: Config): readonly Chain[] {
  const own = markOf(number, config.layout)
  return [
    setMark(`${viaOf.forward}_${number}`, own, config),
    setMark(`${viaOf.local}_${number}`, (own | marks(config.layout).incoming) >>> 0, config),
  ]
}

/**
 * A chain that sets bits of the packet's mark. nft lists the mask of what is kept together with the bits that are set.
 */
function setMark(name: string, bits: number, { layout }: Config): Chain {
  const { others: kept } = marks(layout)
  return { name, hook: null, rules: [`meta mark set meta mark & ${hex((kept | bits) >>> 0)} | ${hex(bits)}`] }
}

function unique(sets: readonly NamedSet[]): readonly NamedSet[] {
  return [...new Map(sets.map((set) => [set.name, set])).values()]
}
