/** What a round says of which lines are learned from, and which of them share new connections out. Pure. */
import { eligibleUplinks, isLinked } from '../../model/active-uplinks.ts'
import type { Config } from '../../model/config.ts'
import { modeOf } from '../../model/mode.ts'
import type { Uplink } from '../../model/uplink.ts'
import type { Bandwidth } from '../capacity/line-model.ts'
import type { Wish } from '../spread/spread.ts'
import { type RuleAim, ruleAimsOf } from './rule-aims.ts'

export interface Aim {
  /** Names of all uplinks that are known. */
  readonly names: readonly string[]
  readonly watched: readonly Watched[]
  /** Names of the lines that new connections may be spread over, those of one metric each, the lowest first. */
  readonly groups: readonly (readonly string[])[]
  /** The same for rules with a `spread` of their own. */
  readonly rules: ReadonlyMap<string, RuleAim>
  /** Null where weights stay what they are. */
  readonly wish: Wish | null
}

/** A line that can carry something. */
export interface Watched {
  readonly name: string
  readonly device: string
  readonly bandwidth: Bandwidth
}

export function aimOf(uplinks: readonly Uplink[], config: Config): Aim {
  const families = ['inet', 'inet6'] as const
  const eligible = new Map(
    families.flatMap((family) => eligibleUplinks(family, config, uplinks).map((uplink) => [uplink.name, uplink])),
  )
  const byMetric = Map.groupBy(eligible.values(), ({ metric }) => metric)
  return {
    names: uplinks.map(({ name }) => name),
    watched: uplinks.filter(isLinked).map((uplink) => watchedOf(uplink, config)),
    groups: [...byMetric].toSorted(([one], [other]) => one - other).map(([, all]) => all.map(({ name }) => name)),
    rules: ruleAimsOf(uplinks, config),
    wish: wishOf(config, [...eligible.values()]),
  }
}

function watchedOf({ name, interface: device }: Uplink, { uplinks }: Config): Watched {
  const said = uplinks.find((section) => section.name === name)?.bandwidth
  const bytes = (bits: number | undefined) => (bits === undefined ? null : bits / 8)
  return { name, device, bandwidth: { down: bytes(said?.down), up: bytes(said?.up) } }
}

function wishOf({ balance }: Config, eligible: readonly Uplink[]): Wish | null {
  if (!modeOf(balance.mode).mayReweigh) return null
  return {
    spread: balance.spread ?? 'weight',
    overflowAt: balance.overflowAt ?? 0.9,
    isAuto: eligible.every(({ auto }) => auto),
  }
}
