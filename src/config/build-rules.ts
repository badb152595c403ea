/** What [rule] sections said -> rules, and what must hold within and between them. Pure but for `outside`. */

import type { AddressSet, Match, SteeringRule } from '../model/rule.ts'
import type { Family } from '../net/family.ts'
import { messageOf } from '../os/log.ts'
import { given } from '../values/given.ts'
import { didYouMean } from '../values/nearest.ts'
import type { Outside, RuleDraft } from './draft.ts'
import { partOf } from './key.ts'
import { type RuleValues, sectionKeys } from './keys.ts'
import { earlierMeetings } from './match/meetings.ts'
import { coverBox, covers } from './match/overlap.ts'
import { type Place, quoted, type Report } from './report.ts'
import { type Addresses, protocolsWithPorts } from './rule-values.ts'
import { readSetFile } from './set-file.ts'

const mostRules = 2_000
const mostCombinations = 65_536

/** Where a key of the rule was said. */
interface KeyPlaces {
  readonly of: (key: string) => Place
}

export function buildRules(
  drafts: ReadonlyMap<string, RuleDraft>,
  uplinks: readonly string[],
  outside: Outside,
  report: Report,
): readonly SteeringRule[] {
  const excess = [...drafts.values()][mostRules]
  if (excess) report.error(excess.place, `${drafts.size} rules: expected at most ${mostRules}`)
  const rules = [...drafts].map(([name, { values, place, keys }]) => {
    const of = (key: string) => keys.get(key) ?? place
    refuseUnknownUplinks(values, uplinks, of('uplinks'), report)
    refuseContradictions(values, place, report)
    const match = buildMatch(values, outside, { ...place, of }, report)
    refuseTooMany(match, place, report)
    return { name, match, use: partOf('use', sectionKeys.rule, values) }
  })
  refuseShadowed(rules, drafts, report)
  return rules
}

function buildMatch(values: RuleValues, outside: Outside, { of, ...place }: Place & KeyPlaces, report: Report): Match {
  const source = addressSet(values.source, outside, of('source'), report)
  const destination = addressSet(values.destination, outside, of('destination'), report)
  const { port: destinationPorts, 'source-port': sourcePorts, dscp, interface: interfaces, mark, cgroup } = values
  const withPorts = destinationPorts || sourcePorts ? protocolsWithPorts : undefined
  const users = values.user?.flatMap((name) => userNumber(name, outside, of('user'), report))
  return {
    families: familiesOf(source, destination, place, report),
    ...given({ source, destination, protocols: values.protocol ?? withPorts, sourcePorts, destinationPorts, dscp }),
    ...given({ interfaces, mark, users, cgroup, domains: values.domain }),
  }
}

function familiesOf(
  source: AddressSet | undefined,
  destination: AddressSet | undefined,
  place: Place,
  report: Report,
): readonly Family[] {
  const has = (set: AddressSet | undefined, family: Family) =>
    set === undefined || (set.kind === 'ranges' ? set.ranges[family].length > 0 : set.elements[family].length > 0)
  const families = (['inet', 'inet6'] as const).filter((family) => has(source, family) && has(destination, family))
  if (families.length === 0 && (source || destination))
    report.error(place, 'source and destination have no family in common: expected both of IPv4 or both of IPv6')
  return families
}

function addressSet(
  addresses: Addresses | undefined,
  outside: Outside,
  place: Place,
  report: Report,
): AddressSet | undefined {
  if (addresses?.kind !== 'path') return addresses
  const { path } = addresses
  try {
    const { mistakes, ...set } = readSetFile(outside.readSet(path))
    for (const { line, text, expected } of mistakes)
      report.error({ path, line }, `${quoted(text)}: expected ${expected}`, place)
    return { kind: 'file', path, ...set }
  } catch (error) {
    report.error(place, messageOf(error))
    return undefined
  }
}

function userNumber(name: string, outside: Outside, place: Place, report: Report): readonly number[] {
  const number = /^\d+$/.test(name) ? Number(name) : outside.userId(name)
  if (number === null) report.error(place, `${quoted(name)}: expected a user of this host`)
  return number === null ? [] : [number]
}

function refuseUnknownUplinks({ uplinks }: RuleValues, known: readonly string[], place: Place, report: Report): void {
  for (const { name } of uplinks ?? []) {
    if (known.includes(name)) continue
    const hint = didYouMean(name, known) || `; expected a section [uplink ${name}] as well, which may be empty`
    report.error(place, `there is no uplink ${quoted(name)}${hint}`)
  }
}

function refuseContradictions(values: RuleValues, place: Place, report: Report): void {
  const {
    protocol,
    port,
    'source-port': sourcePort,
    interface: interfaces,
    user,
    cgroup,
    sticky,
    mark,
    uplinks,
  } = values
  const matches = Object.keys(partOf('match', sectionKeys.rule, values)).length > 0
  const portless = protocol?.some((number) => !protocolsWithPorts.includes(number)) ?? false
  if ((port || sourcePort) && portless)
    report.error(place, 'a port of a protocol without ports: expected protocol = tcp, udp')
  if (interfaces && (user || cgroup))
    report.error(
      place,
      "interface is for forwarded packets, user and cgroup for this host's own: expected one or the other",
    )
  if (values.destination && values.domain) report.error(place, 'expected destination or domain, not both')
  if (sticky !== undefined && mark) report.error(place, 'sticky cannot keep bits of a mark: expected one or the other')
  if (sticky !== undefined && uplinks?.length === 0) report.error(place, 'sticky to no uplink: expected uplinks')
  if (!matches && !values.uplinks && !values.mode) report.error(place, 'matches everything and changes nothing')
}

/** All combinations become elements of a map in the kernel. */
function refuseTooMany(match: Match, place: Place, report: Report): void {
  const addressesOf = (set: AddressSet | undefined, family: Family) =>
    set?.kind === 'ranges' ? set.ranges[family] : []
  const { protocols, sourcePorts, destinationPorts, users } = match
  const counts = match.families.map((family) =>
    [
      addressesOf(match.source, family),
      addressesOf(match.destination, family),
      protocols,
      sourcePorts,
      destinationPorts,
    ]
      .concat([users])
      .reduce((product, list) => product * Math.max(1, list?.length ?? 1), 1),
  )
  const most = Math.max(0, ...counts)
  if (most > mostCombinations)
    report.error(
      place,
      `its lists have ${most} combinations: expected at most ${mostCombinations}; addresses of a file do not count`,
    )
}

/** A rule that an earlier one leaves nothing for is a mistake in either of them. */
function refuseShadowed(rules: readonly SteeringRule[], drafts: ReadonlyMap<string, RuleDraft>, report: Report): void {
  const meetings = earlierMeetings(rules.map(({ match }) => coverBox(match)))
  for (const [index, rule] of rules.entries()) {
    const before = (meetings[index] ?? []).flatMap((other) => rules[other] ?? [])
    const earlier = before.find((one) => covers(one.match, rule.match))
    const place = drafts.get(rule.name)?.place
    if (earlier && place)
      report.error(place, `can never match: [rule ${earlier.name}] before it takes all that it would`)
  }
}
