/** What a rule does with a new connection, as things are now, for the ruleset and `ifbalance explain`. Pure. */

import { activeUplinks, usable } from '../../../model/active-uplinks.ts'
import type { Config } from '../../../model/config.ts'
import { qualityText } from '../../../model/line-quality.ts'
import type { Side } from '../../../model/match.ts'
import { type HashField, type LastResort, modeOf } from '../../../model/mode.ts'
import type { Observed } from '../../../model/observed.ts'
import type { SteeringRule, Use } from '../../../model/rule.ts'
import type { Path, Uplink } from '../../../model/uplink.ts'
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
  const { all, working } = membersOf(use, family, config, uplinks)
  const [first] = working
  if (first === undefined) return lastResort(use)
  const by = spreadBy(use, side)
  const { stickySeconds } = use
  if (stickySeconds === undefined && (by.length === 0 || working.length === 1))
    return { kind: 'uplink', number: first.number }
  const pieces = by.length === 0 ? dealSlots([first], [first]) : dealSlots(all, working)
  return { kind: 'spread', by, pieces, working, ...(stickySeconds && { stickySeconds }) }
}

function lastResort({ lastResort: as }: Use): Choice {
  return as === 'balance' || as === 'main' ? { kind: as } : { kind: 'refuse', as }
}

/** All uplinks of a rule, and those that work, in the order of the rule: with `failover` the first one goes first. */
function membersOf(use: Use, family: Family, config: Config, known: readonly Uplink[]) {
  const uplinks = modeOf(use.mode).mayReweigh ? known : known.map(lasting)
  if (use.uplinks === null) {
    const fit = activeUplinks(family, config, asJudgedBy(use, family, uplinks))
    const working = fit.every(({ path }) => path.line?.degraded) ? activeUplinks(family, config, uplinks) : fit
    const [best] = working
    const isChosen = working.some(({ takes }) => takes)
    const tier = uplinks.filter(({ metric, standby }) => metric === best?.metric && standby === best.standby)
    return { all: isChosen ? working : tier, working }
  }
  const all = use.uplinks.flatMap(({ name, weight }): Share[] => {
    const uplink = uplinks.find((one) => one.name === name)
    return uplink ? [{ number: uplink.number, weight: weight ?? uplink.weight }] : []
  })
  const able = usable(family, uplinks)
  const among = (some: readonly Uplink[]) => all.filter(({ number }) => some.some((uplink) => uplink.number === number))
  const fine = (some: readonly Uplink[]) => among(usable(family, some).filter(({ path }) => !path.line?.degraded))
  const best = [fine(asJudgedBy(use, family, uplinks)), fine(uplinks)].find((some) => some.length > 0)
  return { all, working: best ?? among(able) }
}

/** The uplinks as they are for the rule: those that miss what it asks for count as degraded. */
function asJudgedBy(use: Use, family: Family, uplinks: readonly Uplink[]): readonly Uplink[] {
  return uplinks.map((uplink) => {
    const path = uplink[family]
    if (!path?.line || missedBy(use, path) === null) return uplink
    return { ...uplink, [family]: { ...path, line: { ...path.line, degraded: true } } }
  })
}

/** Why the path is not good enough for the rule, for people; null: it is, or nothing is known. */
export function missedBy(use: Use, { line }: Path): string | null {
  const asked = qualityText(use)
  return asked === null ? null : (getOwn(line?.misses ?? {}, asked) ?? null)
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
