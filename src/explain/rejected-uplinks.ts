/** Why a connection does not take the other uplinks. Pure. */
import { isLinked } from '../model/active-uplinks.ts'
import { qualityText } from '../model/line-quality.ts'
import { type Mode, modeOf } from '../model/mode.ts'
import type { Use } from '../model/rule.ts'
import { missedBy } from '../model/rule-uplinks.ts'
import { ruleSpreadKey, type Spread } from '../model/spreading.ts'
import type { Uplink } from '../model/uplink.ts'
import type { Family } from '../net/family.ts'
import { getOwn } from '../values/get-own.ts'
import type { Facts, Outcome, RouteChoice } from './explanation.ts'

/** The other uplinks with reasons. `use` is that of the rule that decides; null where all is balanced. */
export function rejectedUplinks(
  ways: readonly RouteChoice[],
  use: Use | null,
  { family }: { readonly family: Family },
  { config, desired: { uplinks } }: Facts,
): Outcome['others'] {
  const mode = use?.mode ?? config.balance.mode
  const taken = uplinks.find(({ name }) => ways.some(({ uplink }) => uplink === name))
  return uplinks
    .filter(({ name }) => !ways.some(({ uplink }) => uplink === name))
    .map((uplink) => ({
      uplink: uplink.name,
      reason: whyNot(uplink, family, use, taken, { mode, spread: config.balance.spread }) ?? choiceWas(mode, taken),
    }))
}

const chosenOthers: Readonly<Record<Spread, string>> = {
  weight: 'others take new connections',
  load: 'others take new connections',
  overflow: 'those before it are not full',
  latency: 'others are nearer',
}

const drainReasons = { command: 'drained by command', weight: 'drained: its weight is 0' } as const

interface Spreads {
  readonly mode: Mode
  readonly spread: Spread | undefined
}

function whyNot(
  uplink: Uplink,
  family: Family,
  use: Use | null,
  taken: Uplink | undefined,
  { mode, spread }: Spreads,
): string | null {
  if (use?.uplinks && !use.uplinks.some(({ name }) => name === uplink.name)) return "not among the rule's uplinks"
  const path = uplink[family]
  if (!isLinked(uplink)) return uplink.state
  if (path === null) return family === 'inet' ? 'it has no IPv4' : 'it has no IPv6'
  if (path.line?.state === 'offline') return 'offline'
  if (uplink.drained) return drainReasons[uplink.drained]
  if (path.line?.barred) return 'its quota is used up'
  if (path.line?.degraded) return 'degraded'
  const missed = use && missedBy(use, path)
  if (use && missed) return `it misses ${qualityText(use)}: ${missed}`
  const key = use && ruleSpreadKey(use)
  if (key && getOwn(uplink.forRules ?? {}, key)?.takes === false) return chosenOthers[use.spread ?? 'weight']
  if (key === null && uplink.takes === false && !use?.uplinks && modeOf(mode).mayReweigh)
    return chosenOthers[spread ?? 'weight']
  if (taken && !use?.uplinks) {
    if (uplink.standby && !taken.standby) return 'standby'
    if (uplink.metric > taken.metric) return `metric ${uplink.metric}, behind ${taken.metric}`
  }
  return null
}

function choiceWas(mode: Mode, taken: Uplink | undefined): string {
  return taken ? modeOf(mode).words.instead(taken.name) : 'it has no way for it'
}
