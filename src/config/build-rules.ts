/** What [rule] sections said -> rules, with what must hold within and between them. Pure but for `outside`. */

import { mostQualities, qualityText } from '../model/line-quality.ts'
import type { Match, Side } from '../model/match.ts'
import { modeOf } from '../model/mode.ts'
import type { SteeringRule, Use } from '../model/rule.ts'
import { mostRuleSpreads, ruleSpreadKey } from '../model/spreading.ts'
import type { Family } from '../net/family.ts'
import { didYouMean } from '../values/nearest.ts'
import type { RuleDraft } from './draft.ts'
import { partOf } from './key.ts'
import { type RuleValues, sectionKeys } from './keys.ts'
import { earlierOverlaps } from './match/earlier-overlaps.ts'
import { fields } from './match/fields.ts'
import { coverRangesOf, covers } from './match/overlap.ts'
import { protocolsWithPorts } from './match/protocol.ts'
import { type Diagnostics, quoted, type SourceLocation } from './values/diagnostics.ts'
import type { Outside } from './values/outside.ts'

const mostRules = 2_000
const mostCombinations = 65_536

/** Where each key of a rule was said. */
interface KeyPlaces {
  readonly of: (key: string) => SourceLocation
}

/** The rules in file order. Errors are reported, and what they are about is left out. */
export function buildRules(
  drafts: ReadonlyMap<string, RuleDraft>,
  uplinks: readonly string[],
  outside: Outside,
  report: Diagnostics,
): readonly SteeringRule[] {
  const excess = [...drafts.values()][mostRules]
  if (excess) report.error(excess.place, `${drafts.size} rules: expected at most ${mostRules}`)
  const rules = [...drafts].map(([name, { values, place, keys }]) => {
    const of = (key: string) => keys.get(key) ?? place
    refuseUnknownUplinks(values, uplinks, of('uplinks'), report)
    refuseContradictions(values, place, report)
    refuseSpread(values, of, report)
    const match = buildMatch(values, outside, { ...place, of }, report)
    refuseTooMany(match, place, report)
    return { name, match, use: partOf('use', sectionKeys.rule, values) }
  })
  refuseShadowed(rules, drafts, report)
  refuseTooManyOf(qualityText, mostQualities, 'max-latency, max-jitter, max-loss', rules, drafts, report)
  refuseTooManyOf(ruleSpreadKey, mostRuleSpreads, 'spread', rules, drafts, report)
  return rules
}

function buildMatch(
  values: RuleValues,
  outside: Outside,
  { of, ...place }: SourceLocation & KeyPlaces,
  report: Diagnostics,
): Match {
  const said = fields.flatMap(([, field]) => {
    const value = Object.hasOwn(values, field.key) ? values[field.key as keyof RuleValues] : undefined
    return value === undefined ? [] : [{ field, value }]
  })
  const match = Object.assign(
    {},
    ...said.map(({ field }) => field.implies),
    ...said.map(({ field, value }) => field.build(value, { outside, place: of(field.key), report })),
  ) as Partial<Match>
  return { ...match, families: familiesOf({ ...match, families: [] }, place, report) }
}

function familiesOf(match: Match, place: SourceLocation, report: Diagnostics): readonly Family[] {
  const families = (['inet', 'inet6'] as const).filter((family) =>
    fields.every(([, { isIn }]) => isIn?.(match, family) ?? true),
  )
  if (families.length === 0)
    report.error(place, 'source and destination have no family in common: expected both of IPv4 or both of IPv6')
  return families
}

function refuseUnknownUplinks(
  { uplinks }: RuleValues,
  known: readonly string[],
  place: SourceLocation,
  report: Diagnostics,
): void {
  for (const { name } of uplinks ?? []) {
    if (known.includes(name)) continue
    const hint = didYouMean(name, known) || `; expected a section [uplink ${name}] as well, which may be empty`
    report.error(place, `there is no uplink ${quoted(name)}${hint}`)
  }
}

function refuseContradictions(values: RuleValues, place: SourceLocation, report: Diagnostics): void {
  const { protocol, port, 'source-port': sourcePort, sticky, mark, uplinks, spread } = values
  const said = fields.map(([, field]) => field).filter(({ key }) => Object.hasOwn(values, key))
  const portless = protocol?.some((number) => !protocolsWithPorts.includes(number)) ?? false
  if ((port || sourcePort) && portless)
    report.error(place, 'a port of a protocol without ports: expected protocol = tcp, udp')
  const isSaid = (side: Side) => said.some((field) => field.side === side)
  if (isSaid('forward') && isSaid('local')) report.error(place, oneSideOnly())
  if (values.destination && values.domain) report.error(place, 'expected destination or domain, not both')
  if (sticky !== undefined && mark) report.error(place, 'sticky cannot keep bits of a mark: expected one or the other')
  if (sticky !== undefined && uplinks?.length === 0) report.error(place, 'sticky to no uplink: expected uplinks')
  const quality = (['max-latency', 'max-jitter', 'max-loss'] as const).find(
    (key) => typeof values[key]?.value === 'number',
  )
  if (quality && uplinks && uplinks.length < 2)
    report.error(place, `${quality} with nothing to choose from: expected several uplinks`)
  if (said.length === 0 && !values.uplinks && !values.mode && !quality && spread === undefined)
    report.error(place, 'matches everything and changes nothing')
}

/** Refuses a `spread` that the rule's mode or weights contradict. */
function refuseSpread(
  { spread, mode, uplinks, 'overflow-at': at }: RuleValues,
  of: KeyPlaces['of'],
  report: Diagnostics,
) {
  if (at !== undefined && spread !== 'overflow')
    report.error(of('overflow-at'), 'nothing can overflow: expected spread = overflow as well')
  if (spread === undefined || spread === 'weight') return
  const place = of('spread')
  if (mode !== undefined && !modeOf(mode).mayReweigh)
    report.error(place, `spread = ${spread} is nothing for mode = ${mode}: expected mode = connection or random`)
  if (uplinks && uplinks.length < 2)
    report.error(place, `spread = ${spread} with nothing to choose from: expected several uplinks`)
  if (spread !== 'overflow' && uplinks?.some(({ weight }) => weight !== undefined))
    report.error(place, `spread = ${spread} finds weights by itself: expected uplinks without`)
}

/** Refuses more wishes of a kind than are worked out each second. `textOf` tells them apart; null for none. */
function refuseTooManyOf(
  textOf: (use: Use) => string | null,
  most: number,
  what: string,
  rules: readonly SteeringRule[],
  drafts: ReadonlyMap<string, RuleDraft>,
  report: Diagnostics,
): void {
  const first = new Map<string, string>()
  for (const { name, use } of rules) {
    const text = textOf(use)
    if (text !== null && !first.has(text)) first.set(text, name)
  }
  const [text, name] = [...first][most] ?? []
  const place = name === undefined ? undefined : drafts.get(name)?.place
  if (place) report.error(place, `${text}: expected at most ${most} different ${what}`)
}

function oneSideOnly(): string {
  const [forward, local] = (['forward', 'local'] as const).map((wanted) =>
    fields.flatMap(([, { key, side }]) => (side === wanted ? [key] : [])),
  ) as [string[], string[]]
  const are = forward.length === 1 ? 'is' : 'are'
  return `${forward.join(' and ')} ${are} for forwarded packets, ${local.join(' and ')} for this host's own: expected one or the other`
}

/** Refuses a rule with too many combinations of values, as each becomes an element of a map in the kernel. */
function refuseTooMany(match: Match, place: SourceLocation, report: Diagnostics): void {
  const counts = match.families.map((family) =>
    fields
      .map(([, { inKey }]) => inKey?.ranges(match, family)?.length ?? 1)
      .reduce((product, length) => product * Math.max(1, length), 1),
  )
  const most = Math.max(0, ...counts)
  if (most > mostCombinations)
    report.error(
      place,
      `its lists have ${most} combinations: expected at most ${mostCombinations}; addresses of a file do not count`,
    )
}

/**
 * Refuses a rule that can never match, as an earlier one takes everything that it would: one of the two is a mistake.
 */
function refuseShadowed(
  rules: readonly SteeringRule[],
  drafts: ReadonlyMap<string, RuleDraft>,
  report: Diagnostics,
): void {
  const overlapping = earlierOverlaps(rules.map(({ match }) => coverRangesOf(match)))
  for (const [index, rule] of rules.entries()) {
    const before = (overlapping[index] ?? []).flatMap((other) => rules[other] ?? [])
    const earlier = before.find((one) => covers(one.match, rule.match))
    const place = drafts.get(rule.name)?.place
    if (earlier && place)
      report.error(place, `can never match: [rule ${earlier.name}] before it takes all that it would`)
  }
}
