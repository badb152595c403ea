/** What a rule does with a connection -> the chain that does it, for one side and family. Pure. */
import { markOf, marks } from '../../ids.ts'
import type { Chain, Config, Family, NamedSet, Uplink, Use } from '../../model.ts'
import { hex } from '../../rule-spec.ts'
import { choiceOf } from './choice.ts'
import { digest } from './digest.ts'
import { expressionOf, headerOf, outBy, type Side } from './fields.ts'
import { type Share, slotCount } from './slots.ts'

export interface UseChains {
  readonly chains: readonly Chain[]
  readonly sets: readonly NamedSet[]
}

/** `name` is the chain's; it ends what the rules have to say, whatever it does. */
export function useChains(
  name: string,
  use: Use,
  side: Side,
  family: Family,
  config: Config,
  uplinks: readonly Uplink[],
): UseChains {
  const plain = (...rules: readonly string[]): UseChains => ({ chains: [{ name, hook: null, rules }], sets: [] })
  const choice = choiceOf(use, side, family, config, uplinks)
  if (choice.kind === 'balance') return plain('accept')
  if (choice.kind === 'main') return plain('goto via_main')
  if (choice.kind === 'refuse')
    return side === 'local'
      ? plain(refusals[choice.as])
      : plain('fib daddr type != unicast accept', `fib daddr ${outBy(uplinks)} ${refusals[choice.as]}`)
  const via = (number: number) => `${viaOf[side]}_${number}`
  if (choice.kind === 'uplink') return plain(`goto ${via(choice.number)}`)
  const lot =
    choice.by === 'random'
      ? `numgen random mod ${slotCount}`
      : `jhash ${choice.by.map((field) => expressionOf(field, family)).join(' . ')} mod ${slotCount} seed ${hex(hashSeed)}`
  const choose = (verdict: 'goto' | 'jump') =>
    `${lot} vmap { ${choice.pieces.map(([from, to, number]) => `${interval(from, to)} : ${verdict} ${via(number)}`).join(', ')} }`
  if (choice.stickySeconds === undefined) return plain(choose('goto'))
  return sticky(name, use, side, family, config, choice.working, choose('jump'))
}

/** What has to be in a packet mark: see rules.ts for who reads it. */
export const viaOf = { forward: 'via', local: 'own' } as const

export const hashSeed = 1

/**
 * Before routing, what goes to this host or to another LAN looks like what would leave by an uplink; it has to be asked. It
 * costs nobody but those who are refused.
 */
const refusals = {
  unreachable: 'reject with icmpx host-unreachable',
  prohibit: 'reject with icmpx admin-prohibited',
  blackhole: 'drop',
} as const

/**
 * A map remembers each client's choice; every new connection makes it anew for so long. A choice that does not work any
 * more is made again.
 */
function sticky(
  name: string,
  use: Use,
  side: Side,
  family: Family,
  { numbers }: Config,
  working: readonly Share[],
  choose: string,
): UseChains {
  const header = headerOf[family]
  const type = family === 'inet' ? 'ipv4_addr' : 'ipv6_addr'
  // A dynamic map with two IPv6 addresses as its key is more than nft 1.0.6 can express: it aborts.
  const bySource = side === 'forward' && (use.mode === 'source' || family === 'inet6')
  const fields = [...(side === 'forward' ? [`${header} saddr`] : []), ...(bySource ? [] : [`${header} daddr`])]
  const key = fields.join(' . ')
  const map = `sticky_${digest(JSON.stringify([use, side, family]))}`
  const stay = name.replace('use_', 'stay_')
  const { mask, incoming } = marks(numbers)
  const flag = side === 'local' ? incoming : 0
  const known = working.map(({ number }) => (markOf(number, numbers) | flag) >>> 0).sort((a, b) => a - b)
  return {
    sets: [
      {
        kind: 'map',
        name: map,
        definition:
          `type ${fields.map(() => type).join(' . ')} : mark; flags dynamic,timeout; ` +
          `timeout ${use.stickySeconds}s; size ${mostClients}`,
      },
    ],
    chains: [
      { name: stay, hook: null, rules: [`update @${map} { ${key} : meta mark }`] },
      {
        name,
        hook: null,
        rules: [
          `meta mark set ${key} map @${map}`,
          `meta mark & ${hex(mask)} vmap { ${known.map((mark) => `${hex(mark)} : goto ${stay}`).join(', ')} }`,
          choose,
          `goto ${stay}`,
        ],
      },
    ],
  }
}

/** When the map is full, new clients are spread as if they had none. */
const mostClients = 65536

function interval(first: number, last: number): string {
  return first === last ? hexOrZero(first) : `${hexOrZero(first)}-${hexOrZero(last)}`
}

function hexOrZero(value: number): string {
  return value === 0 ? '0' : hex(value)
}
