/** `rtrules`, `mangle` and `tcrules` of Shorewall -> [rule]. Pure. */
import type { DraftEntry, DraftSection, Remarking } from '../draft/draft.ts'
import { word } from '../draft/draft.ts'
import type { Naming } from '../draft/names.ts'
import { destinationOf, portsOf, protocolOf, type Said, sourceOf } from './match.ts'
import { numberOf, type Provider } from './providers.ts'
import type { Row } from './rows.ts'

/** A rule, and where it stands in Shorewall's order. */
interface Placed {
  readonly priority: number
  readonly section: DraftSection
}

export interface RuleFiles {
  readonly rtrules: readonly Row[]
  readonly marks: readonly Row[]
}

/** Shorewall's own priorities: of the rules of marks, and of the balanced default. */
const ofMarks = 10_000
const ofDefault = 20_000

export function rulesOf(
  { rtrules, marks }: RuleFiles,
  providers: readonly Provider[],
  physical: ReadonlyMap<string, string>,
  naming: Naming,
  remark: Remarking,
): readonly DraftSection[] {
  const routing = rtrules.flatMap((row) => routingRule(row, providers, physical, naming, remark) ?? [])
  // There, the last mark that is set counts; here, the first rule that matches.
  const marking = marks.flatMap((row) => markingRule(row, providers, physical, naming, remark) ?? []).reverse()
  return [...routing, ...marking].sort((one, other) => one.priority - other.priority).map(({ section }) => section)
}

function routingRule(
  { columns, place }: Row,
  providers: readonly Provider[],
  physical: ReadonlyMap<string, string>,
  naming: Naming,
  remark: Remarking,
): Placed | null {
  const [source = '', destination = '', target = '', priorityText = '', mark = ''] = columns
  const refuse = refusing(`rule for ${word(target)}`, { columns, place }, remark)
  const priority = Number(priorityText.replace(/!$/, ''))
  if (!Number.isInteger(priority) || priority < 1) return refuse('expected a priority')
  if (priority > ofDefault) return refuse('nothing comes behind what all uplinks share')
  if (mark !== '') return refuse('marks that others set: see mark in ifbalance.conf(5)')
  const uplinks = /^(main|254)$/.test(target)
    ? 'none'
    : providers.find(({ name, number }) => name === target || number === target)?.uplink
  if (uplinks === undefined) return refuse('there is no such provider')
  const said = joined([sourceOf(source, physical), destinationOf(destination)])
  if (typeof said === 'string') return refuse(said)
  if (said.length === 0) return refuse('it matches everything')
  const entries = [...said, { key: 'uplinks', value: uplinks }].map((entry) => ({ ...entry, from: place }))
  const name = naming(`${uplinks === 'none' ? 'main' : uplinks}-rule`)
  return { priority, section: { kind: 'rule', name, entries, from: place } }
}

function markingRule(
  { columns, place }: Row,
  providers: readonly Provider[],
  physical: ReadonlyMap<string, string>,
  naming: Naming,
  remark: Remarking,
): Placed | null {
  const [action = '', source = '', destination = '', protocol = '', ports = '', sourcePorts = '', user = ''] = columns
  const [, marked, plain, chain = ''] = /^(?:MARK\(([^)]*)\)|([^:]*))(?::([A-Z]+))?$/i.exec(action) ?? []
  const refuse = refusing(word(action), { columns, place }, remark)
  const [markText = '', mask] = (marked ?? plain ?? '').split('/', 2)
  const mark = numberOf(markText)
  if (mark === null || mask !== undefined) return refuse("expected a provider's mark")
  if (/F|I/i.test(chain)) return refuse('a mark that is set after routing steers nothing')
  const provider = providers.find((one) => one.mark === mark)
  if (provider === undefined) return refuse('no provider has this mark')
  const rest = columns.slice(7, 13).find((column) => column !== '')
  if (rest !== undefined) return refuse(`${word(rest)} is no condition here`)
  const said = joined([
    ownOrSource(source, user, physical),
    destinationOf(destination),
    protocolOf(protocol),
    portsOf('port', ports, protocol),
    portsOf('source-port', sourcePorts, protocol),
    columns[13] ? [{ key: 'dscp', value: columns[13] }] : [],
  ])
  if (typeof said === 'string') return refuse(said)
  if (said.length === 0) return refuse('it matches everything')
  const uplinks = { key: 'uplinks', value: provider.uplink }
  const entries: DraftEntry[] = [...said, uplinks].map((entry) => ({ ...entry, from: place }))
  const name = naming(`${provider.uplink}-mark`)
  return { priority: ofMarks, section: { kind: 'rule', name, entries, from: place } }
}

/** The host's own connections have a user, and others come in by an interface. */
function ownOrSource(source: string, user: string, physical: ReadonlyMap<string, string>): Said {
  if (source !== '$FW') return user === '' ? sourceOf(source, physical) : 'a user is of $FW'
  if (/^[a-z_][a-z0-9_-]*$|^\d+$/.test(user)) return [{ key: 'user', value: user }]
  return 'the host itself: a rule for its own connections needs one user, or a control group'
}

/** All of them, or the first that cannot be said. */
function joined(parts: readonly Said[]): Said {
  return (
    parts.find((part) => typeof part === 'string') ?? parts.flatMap((part) => (typeof part === 'string' ? [] : part))
  )
}

function refusing(what: string, { columns, place }: Pick<Row, 'columns' | 'place'>, remark: Remarking) {
  return (why: string): null => {
    const row = columns.map((column) => (column === '' ? '-' : column)).join(' ')
    remark(place, `${what}: left out: ${word(row)}: ${why}`)
    return null
  }
}
