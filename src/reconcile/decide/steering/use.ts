/** What a rule does with a connection -> the chain that does it, for one side and family. Pure. */

import { expressionOf } from '../../../config/match/fields.ts'
import { outBy } from '../../../config/match/key.ts'
import { headerOf } from '../../../config/match/sets.ts'
import { markOf, marks } from '../../../layout.ts'
import { isUplinkIn } from '../../../model/active-uplinks.ts'
import type { Config } from '../../../model/config.ts'
import type { Chain, NamedSet } from '../../../model/kernel.ts'
import type { Side } from '../../../model/match.ts'
import { modeOf } from '../../../model/mode.ts'
import type { SteeringRule, Use } from '../../../model/rule.ts'
import type { Uplink } from '../../../model/uplink.ts'
import type { Family } from '../../../net/family.ts'
import { digest } from '../../../values/digest.ts'
import { hex, nftNumber } from '../../../values/hex.ts'
import { type Choice, choiceOf } from './choice.ts'
import { type Share, slotCount } from './slots.ts'

export interface UseChains {
  readonly chains: readonly Chain[]
  readonly sets: readonly NamedSet[]
}

/**
 * The chain, and the sets that it needs. `name` is the chain's, `rule` the rule's. The chain ends the rules' part,
 * whatever it does.
 */
export function useChains(
  name: string,
  { name: rule, use }: SteeringRule,
  side: Side,
  family: Family,
  config: Config,
  uplinks: readonly Uplink[],
): UseChains {
  const memory = use.stickySeconds === undefined ? null : memoryOf(rule, use, use.stickySeconds, side, family)
  // The set is there even where there is nothing to choose, so that what is remembered outlives such times.
  const sets = memory ? [memory.set] : []
  const plain = (...rules: readonly string[]): UseChains => ({ chains: [{ name, hook: null, rules }], sets })
  const choice = choiceOf(use, side, family, config, uplinks)
  if (choice.kind === 'balance') return plain('accept')
  if (choice.kind === 'main') return plain('goto via_main')
  if (choice.kind === 'refuse') {
    if (side === 'local') return plain(refusals[choice.as])
    const out = outBy(uplinks.filter((uplink) => isUplinkIn(family, uplink)))
    if (out === null) return plain('accept')
    return plain('fib daddr type != unicast accept', `fib daddr ${out} ${refusals[choice.as]}`)
  }
  if (choice.kind === 'uplink') return plain(`goto ${viaOf[side]}_${choice.number}`)
  const choose = spread(choice, side, family)
  if (memory === null) return plain(...choose)
  const lots: Chain = { name: name.replace('use_', 'lots_'), hook: null, rules: choose }
  return { sets, chains: [lots, ...sticky(name, memory, side, config, choice.working, `jump ${lots.name}`)] }
}

type Spread = Extract<Choice, { kind: 'spread' }>

/**
 * Rules that draw a lot and go to its uplink's chain: one after the other asks whether the lot is below the end of its
 * piece. A lot that a rule draws anew is one of those that are left. A map of intervals would do it in one rule, but
 * see interval-sets.ts.
 */
function spread({ by, pieces }: Spread, side: Side, family: Family): readonly string[] {
  const hash = by === 'random' ? null : by.map((field) => expressionOf(field, family)).join(' . ')
  return pieces.map(([from, to, number], i) => {
    const verdict = `goto ${viaOf[side]}_${number}`
    if (i === pieces.length - 1) return verdict
    return hash === null
      ? `numgen random mod ${slotCount - from} < ${nftNumber(to + 1 - from)} ${verdict}`
      : `jhash ${hash} mod ${slotCount} seed ${hex(hashSeed)} < ${nftNumber(to + 1)} ${verdict}`
  })
}

/** Beginnings of the names of chains that set the packet's mark, which rules.ts reads. */
export const viaOf = { forward: 'via', local: 'own' } as const

export const hashSeed = 1

/**
 * Refusals. Before routing, what goes to this host or to another LAN looks like what would leave by an uplink, so the
 * route is asked, which costs only what is refused.
 */
const refusals = {
  unreachable: 'reject with icmpx host-unreachable',
  prohibit: 'reject with icmpx admin-prohibited',
  blackhole: 'drop',
} as const

interface Memory {
  readonly set: NamedSet
  /** The expression by which a client is known. */
  readonly key: string
}

/**
 * The map that remembers a rule's clients. Its name is made of the rule's, so other weights or uplinks change nobody's
 * choice.
 */
function memoryOf(rule: string, { mode }: Use, seconds: number, side: Side, family: Family): Memory {
  const header = headerOf[family]
  const type = family === 'inet' ? 'ipv4_addr' : 'ipv6_addr'
  // nft 1.0.6 aborts on a dynamic map with two IPv6 addresses as its key.
  const bySource = side === 'forward' && (modeOf(mode).stickyBySource || family === 'inet6')
  const fields = [...(side === 'forward' ? [`${header} saddr`] : []), ...(bySource ? [] : [`${header} daddr`])]
  const definition =
    `type ${fields.map(() => type).join(' . ')} : mark; flags dynamic,timeout; ` +
    `timeout ${seconds}s; size ${mostClients}`
  const name = `sticky_${digest(JSON.stringify([rule, side, definition]))}`
  return { set: { kind: 'map', name, definition }, key: fields.join(' . ') }
}

/**
 * Rules that keep clients on their uplink. Every new connection renews the client's choice for so long. A choice that
 * does not work any more is made again: an update would keep it, so it is deleted first.
 */
function sticky(
  name: string,
  { set, key }: Memory,
  side: Side,
  { layout }: Config,
  working: readonly Share[],
  choose: string,
): readonly Chain[] {
  const stay = name.replace('use_', 'stay_')
  const { mask, incoming } = marks(layout)
  const flag = side === 'local' ? incoming : 0
  const known = working.map(({ number }) => (markOf(number, layout) | flag) >>> 0).sort((a, b) => a - b)
  return [
    { name: stay, hook: null, rules: [`update @${set.name} { ${key} : meta mark }`] },
    {
      name,
      hook: null,
      rules: [
        `meta mark set ${key} map @${set.name}`,
        `meta mark & ${hex(mask)} vmap { ${known.map((mark) => `${hex(mark)} : goto ${stay}`).join(', ')} }`,
        `delete @${set.name} { ${key} : meta mark }`,
        choose,
        `goto ${stay}`,
      ],
    },
  ]
}

/** How many clients a map remembers. When it is full, new clients are spread as if they were not remembered. */
const mostClients = 65536
