/** What a rule does with a new connection, as things are now, for the ruleset and `ifbalance explain`. Pure. */

import type { Config } from '../../../model/config.ts'
import type { Side } from '../../../model/match.ts'
import { type HashField, type LastResort, modeOf } from '../../../model/mode.ts'
import type { Observed } from '../../../model/observed.ts'
import type { SteeringRule, Use } from '../../../model/rule.ts'
import { ruleUplinks } from '../../../model/rule-uplinks.ts'
import { ruleSpreadKey } from '../../../model/spreading.ts'
import type { Uplink } from '../../../model/uplink.ts'
import { readAddressRange } from '../../../net/address-range.ts'
import type { Family } from '../../../net/family.ts'
import { getOwn } from '../../../values/get-own.ts'
import { routedNetworks } from './routed-networks.ts'
import { dealSlots, type Piece, type Share } from './slots.ts'

export type Choice =
  /** The connection is balanced as if there were no rule. */
  | { readonly kind: 'balance' }
  /** The connection is left to the routes of table `main`. */
  | { readonly kind: 'main' }
  | { readonly kind: 'refuse'; readonly as: Exclude<LastResort, 'main'> }
  | { readonly kind: 'uplink'; readonly number: number }
  | {
      readonly kind: 'spread'
      /** Fields of the hash, or `random`: by lot. */
      readonly by: readonly HashField[] | 'random'
      readonly pieces: readonly Piece[]
      readonly working: readonly Share[]
      readonly stickySeconds?: number
    }

/** What the rule does on this side and in this family. */
export function choiceOf(use: Use, side: Side, family: Family, config: Config, uplinks: readonly Uplink[]): Choice {
  if (use.uplinks?.length === 0) return { kind: 'main' }
  const { all, working, takers } = membersOf(use, family, config, uplinks)
  const [first] = takers
  if (first === undefined) return lastResort(use)
  const by = spreadBy(use, side)
  const { stickySeconds } = use
  if (stickySeconds === undefined && (by.length === 0 || takers.length === 1))
    return { kind: 'uplink', number: first.number }
  const pieces = by.length === 0 ? dealSlots([first], [first]) : dealSlots(all, takers)
  return { kind: 'spread', by, pieces, working, ...(stickySeconds && { stickySeconds }) }
}

function lastResort({ lastResort: as }: Use): Choice {
  return as === 'balance' || as === 'main' ? { kind: as } : { kind: 'refuse', as }
}

/**
 * All uplinks of a rule, those that work, and those of them that take new connections, in the order of the rule: with
 * `failover` the first one goes first.
 */
function membersOf(use: Use, family: Family, config: Config, known: readonly Uplink[]) {
  const uplinks = modeOf(use.mode).mayReweigh ? known : known.map(lasting)
  const able = ruleUplinks(use, family, config, uplinks)
  const key = ruleSpreadKey(use)
  if (key !== null) {
    const found = (uplink: Uplink) => getOwn(uplink.forRules ?? {}, key)
    const share = (uplink: Uplink) => shareOf(use, uplink, found(uplink)?.weight)
    const takers = takersOf(use, able, found).map(share)
    return { all: takers, working: able.map(share), takers }
  }
  const working = able.map((uplink) => shareOf(use, uplink))
  if (use.uplinks !== null) {
    const all = use.uplinks.flatMap(({ name }) => uplinks.find((uplink) => uplink.name === name) ?? [])
    return { all: all.map((uplink) => shareOf(use, uplink)), working, takers: working }
  }
  const [best] = able
  const isChosen = able.some(({ takes }) => takes)
  const tier = uplinks.filter(({ metric, standby }) => metric === best?.metric && standby === best.standby)
  return { all: isChosen ? working : tier, working, takers: working }
}

/** Those of the uplinks that take new connections. Where nothing is found out yet, with `overflow` the first ones are not full. */
function takersOf(
  { spread, uplinks }: Use,
  able: readonly Uplink[],
  found: (uplink: Uplink) => { readonly takes?: boolean } | undefined,
): readonly Uplink[] {
  const taking = able.filter((uplink) => found(uplink)?.takes)
  if (taking.length > 0 || spread !== 'overflow') return taking.length > 0 ? taking : able
  const least = Math.min(...able.map(({ metric }) => metric))
  return uplinks === null ? able.filter(({ metric }) => metric === least) : able.slice(0, 1)
}

/** An uplink's part, by the weight that the rule says, or that was found out for it, or that it has. */
function shareOf({ uplinks }: Use, { name, number, weight }: Uplink, found?: number): Share {
  return { number, weight: uplinks?.find((one) => one.name === name)?.weight ?? found ?? weight }
}

/** An uplink without what changes with the load: where a hash of addresses gives clients their uplink, that would move them. */
function lasting({ takes: _, lastingWeight, ...uplink }: Uplink): Uplink {
  return { ...uplink, weight: lastingWeight ?? uplink.weight }
}

function spreadBy({ mode }: Use, side: Side): readonly HashField[] | 'random' {
  const { spreads } = modeOf(mode)
  if (spreads === 'by lot') return 'random'
  return spreads === 'in order' ? [] : spreads[side]
}

/**
 * The administrator's rules, and behind them one for everything, where the mode needs one. Networks that one provider
 * routes here are left to main, as rules.ts does where the kernel chooses.
 */
export function allRules(
  { rules, balance: { mode } }: Config,
  uplinks: readonly Uplink[],
  observed: Observed,
): readonly SteeringRule[] {
  const { ruleForAll } = modeOf(mode)
  if (ruleForAll === null) return rules
  const families = ['inet', 'inet6'] as const
  const everything: SteeringRule = {
    name: '',
    match: { families, ...(ruleForAll === 'forwarded' && { forwarded: true }) },
    use: { uplinks: null, mode, lastResort: 'balance' },
  }
  const networks = (family: Family) =>
    routedNetworks(family, uplinks, observed).flatMap((network) => {
      const range = readAddressRange(network)?.range
      return range ? [range] : []
    })
  const ranges = { inet: networks('inet'), inet6: networks('inet6') }
  const routed: SteeringRule = {
    name: '',
    match: { families: families.filter((family) => ranges[family].length > 0), source: { kind: 'ranges', ranges } },
    use: { uplinks: [], mode, lastResort: 'main' },
  }
  return [...rules, ...(routed.match.families.length > 0 ? [routed] : []), everything]
}

/** Whether rules decide about anything. */
export function steers({ rules, balance }: Config): boolean {
  return rules.length > 0 || modeOf(balance.mode).ruleForAll !== null
}
