/** Weights that nobody wrote down: what the daemon has found out, or what contracts say. Pure. */
import type { Config } from '../../../model/config.ts'
import { modeOf } from '../../../model/mode.ts'
import type { Observed } from '../../../model/observed.ts'
import { type InForce, ruleSpreadKey, type Spreading } from '../../../model/spreading.ts'
import type { Uplink } from '../../../model/uplink.ts'
import { getOwn } from '../../../values/get-own.ts'

/** A nexthop's weight is a byte, plus one (ip-route(8)). */
const mostWeight = 256

/** Uplinks with their weights in force. `auto` of one that comes in: nobody wrote a weight. Of one that goes out: it follows the line. */
export function withWeights(
  uplinks: readonly Uplink[],
  config: Config,
  { spreading }: Pick<Observed, 'spreading'>,
): readonly Uplink[] {
  const { mode, spread = 'weight' } = config.balance
  const mayReweigh = modeOf(mode).mayReweigh
  const told = mayReweigh && spreading?.spread === spread ? spreading : null
  const byItself = spread === 'load' || spread === 'latency'
  const forRules = ruleSpreadsOf(config, spreading)
  return uplinks.map((uplink) => {
    if (uplink.drained === 'weight') return uplink
    const { auto: _, ...own } = uplink
    const known = { ...own, ...forRules(uplink) }
    const chosen = told?.takes && { takes: told.takes.includes(uplink.name) }
    // A weight of 0 is no measure for others.
    const tier = uplinks.filter(
      ({ metric, standby, drained }) => drained !== 'weight' && metric === uplink.metric && standby === uplink.standby,
    )
    const isUnsaid = tier.every(({ auto }) => auto)
    const lastingWeight = isUnsaid ? byContract(uplink, tier, config) : uplink.weight
    if (!mayReweigh) return { ...known, weight: lastingWeight }
    if (!isUnsaid && !byItself) return { ...known, ...chosen }
    const weight = (told && toldWeight(uplink, told)) ?? lastingWeight
    return { ...known, weight, auto: true as const, ...(weight !== lastingWeight && { lastingWeight }), ...chosen }
  })
}

/** What was found out for the rules that there are. */
function ruleSpreadsOf({ rules }: Config, spreading: Spreading | null | undefined) {
  const keys = new Set(rules.flatMap(({ use }) => ruleSpreadKey(use) ?? []))
  const told = Object.entries(spreading?.rules ?? {}).filter(([key]) => keys.has(key))
  return (uplink: Uplink): Pick<Uplink, 'forRules'> => {
    const entries = told.flatMap(([key, inForce]) => {
      const weight = toldWeight(uplink, inForce)
      const { takes } = inForce
      if (weight === null && takes === undefined) return []
      return [[key, { weight: weight ?? uplink.weight, ...(takes && { takes: takes.includes(uplink.name) }) }] as const]
    })
    return entries.length === 0 ? {} : { forRules: Object.fromEntries(entries) }
  }
}

/** The weight that was found out; null where nothing was. Whoever comes to others counts as much as they do on average, until more is known. */
function toldWeight({ name }: Uplink, { weights }: InForce): number | null {
  const all = Object.values(weights)
  const sum = all.reduce((total, weight) => total + weight, 0)
  return getOwn(weights, name) ?? (all.length === 0 ? null : Math.round(sum / all.length))
}

/** The weight by what contracts allow for downloads, where it is said of each; else all count the same. */
function byContract({ name }: Uplink, tier: readonly Uplink[], { uplinks }: Config): number {
  const rateOf = (uplink: string) => uplinks.find((section) => section.name === uplink)?.bandwidth?.down
  const rates = tier.map((uplink) => rateOf(uplink.name) ?? 0)
  if (rates.includes(0)) return 1
  return Math.max(1, Math.round((mostWeight * (rateOf(name) ?? 0)) / Math.max(...rates)))
}
