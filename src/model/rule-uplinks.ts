/** Which uplinks a rule may take: those that work, and among them those that are good enough for it. Pure. */
import type { Family } from '../net/family.ts'
import { getOwn } from '../values/get-own.ts'
import { activeUplinks, eligibleUplinks, type Usable, usable } from './active-uplinks.ts'
import type { Config } from './config.ts'
import { qualityText } from './line-quality.ts'
import type { Use } from './rule.ts'
import type { Path, Uplink } from './uplink.ts'

/** The uplinks, in the order of the rule where it names some. */
export function ruleUplinks(use: Use, family: Family, config: Config, uplinks: readonly Uplink[]): readonly Usable[] {
  const judged = asJudgedBy(use, family, uplinks)
  if (use.uplinks === null) {
    const fit = commonUplinks(use, family, config, judged)
    return fit.every(isDegraded) ? commonUplinks(use, family, config, uplinks) : fit
  }
  const inOrder = (some: readonly Usable[]) =>
    (use.uplinks ?? []).flatMap(({ name }) => some.find((uplink) => uplink.name === name) ?? [])
  const fine = (some: readonly Uplink[]) => inOrder(usable(family, some)).filter((uplink) => !isDegraded(uplink))
  return [fine(judged), fine(uplinks)].find((some) => some.length > 0) ?? inOrder(usable(family, uplinks))
}

/** Those that carry everything else, or that a `spread` of the rule's own may choose among. */
function commonUplinks({ spread }: Use, family: Family, config: Config, uplinks: readonly Uplink[]) {
  return spread === undefined
    ? activeUplinks(family, config, uplinks)
    : eligibleUplinks(family, { balance: { ...config.balance, spread } }, uplinks)
}

function isDegraded({ path }: Usable): boolean {
  return path.line?.degraded ?? false
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
