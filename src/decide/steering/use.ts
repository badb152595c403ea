/** What a rule does with a connection -> the chain that does it, for one side and family. Pure. */
import { markOf, marks } from '../../ids.ts'
import type { Chain, Config, Family, NamedSet, SteeringRule, Uplink, Use } from '../../model.ts'
import { hex } from '../../rule-spec.ts'
import { carriers, usable } from '../carriers.ts'
import { digest } from './digest.ts'
import { headerOf, type Side } from './fields.ts'
import { dealSlots, type Share, slotCount } from './slots.ts'

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
  const plain = (rules: readonly string[]): UseChains => ({ chains: [{ name, hook: null, rules }], sets: [] })
  if (use.uplinks?.length === 0) return plain(['goto via_main'])
  const { all, working } = membersOf(use, family, config, uplinks)
  const [first] = working
  if (first === undefined) return plain(lastResorts[use.lastResort])
  const via = (number: number) => `${viaOf[side]}_${number}`
  if (use.mode === 'failover' || working.length === 1) return plain([`goto ${via(first.number)}`])
  const pieces = dealSlots(all, working)
  const key = hashKey(use, side, family)
  if (key === null) return plain([`goto ${via(first.number)}`])
  const choose = (verdict: 'goto' | 'jump') =>
    `${key} vmap { ${pieces.map(([from, to, number]) => `${interval(from, to)} : ${verdict} ${via(number)}`).join(', ')} }`
  if (use.stickySeconds === undefined) return plain([choose('goto')])
  return sticky(name, use, side, family, config, working, choose('jump'))
}

/** What has to be in a packet mark: see rules.ts for who reads it. */
export const viaOf = { forward: 'via', local: 'own' } as const

const lastResorts: Readonly<Record<Use['lastResort'], readonly string[]>> = {
  balance: ['accept'],
  main: ['goto via_main'],
  unreachable: ['reject with icmpx host-unreachable'],
  prohibit: ['reject with icmpx admin-prohibited'],
  blackhole: ['drop'],
}

/** In their order: for `failover` it says who goes first. */
function membersOf(use: Use, family: Family, config: Config, uplinks: readonly Uplink[]) {
  const able = usable(family, uplinks)
  if (use.uplinks === null) {
    const working = carriers(family, config, uplinks)
    const [best] = working
    const all = uplinks.filter(({ metric, standby }) => metric === best?.metric && standby === best.standby)
    return { all, working }
  }
  const all = use.uplinks.flatMap(({ name, weight }): Share[] => {
    const uplink = uplinks.find((one) => one.name === name)
    return uplink ? [{ number: uplink.number, weight: weight ?? uplink.weight }] : []
  })
  const among = (some: readonly Uplink[]) => all.filter(({ number }) => some.some((uplink) => uplink.number === number))
  const fine = among(able.filter(({ path }) => !path.line?.degraded))
  return { all, working: fine.length > 0 ? fine : among(able) }
}

/** This host is one client, and has its address from the uplink that the kernel chose first: that says nothing. */
function hashKey({ mode }: Use, side: Side, family: Family): string | null {
  const header = headerOf[family]
  const source = side === 'forward' ? [`${header} saddr`] : []
  const ports = ['meta l4proto', 'th sport', 'th dport']
  if (mode === 'random') return `numgen random mod ${slotCount}`
  const fields = mode === 'source' ? source : [...source, `${header} daddr`, ...(mode === 'connection' ? ports : [])]
  return fields.length === 0 ? null : `jhash ${fields.join(' . ')} mod ${slotCount} seed 0x1`
}

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

/** The rules, and behind them, where everything is spread at random, one for everything. */
export function allRules({ rules, balance }: Config): readonly SteeringRule[] {
  if (balance.mode !== 'random') return rules
  const everything: SteeringRule = {
    name: '',
    match: { families: ['inet', 'inet6'] },
    use: { uplinks: null, mode: 'random', lastResort: 'balance' },
  }
  return [...rules, everything]
}
