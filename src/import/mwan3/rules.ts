/** `config rule` of mwan3 -> [rule], and what holds for everything else. Pure. */
import type { DraftEntry, DraftSection, Remarking } from '../draft/draft.ts'
import { word } from '../draft/draft.ts'
import { entriesOfMembers } from '../draft/members.ts'
import type { Naming } from '../draft/names.ts'
import { isYes } from './interfaces.ts'
import { conditionOf, familyEntry, type MatchFamily } from './match.ts'
import type { Policy } from './policies.ts'
import { optionOf, type UciSection } from './uci.ts'

export interface Rules {
  readonly sections: readonly DraftSection[]
  /** The policy of the first rule that matches everything of a family; null where there is none. */
  readonly otherwise: Policy | null
}

interface Matched {
  readonly entries: readonly DraftEntry[]
  /** Null for both. */
  readonly family: MatchFamily | null
}

/** A policy, or the routes of main. */
type Used = Policy | 'main'

export function rulesOf(
  sections: readonly UciSection[],
  policies: ReadonlyMap<string, Policy>,
  devices: ReadonlyMap<string, string>,
  naming: Naming,
  remark: Remarking,
): Rules {
  const made: DraftSection[] = []
  const closed = new Set<MatchFamily>()
  let otherwise: Policy | null = null
  for (const section of sections) {
    const match = matchOf(section, devices, remark)
    const used = match && policyOf(section, policies, remark)
    if (!match || !used) continue
    const families = match.family === null ? (['ipv4', 'ipv6'] as const) : [match.family]
    if (families.some((family) => closed.has(family))) {
      remark(section.place, `rule ${word(section.name)}: left out: a rule before it matches everything`)
    } else if (match.entries.length > 0) {
      const family = familyEntry(match.entries, match.family, section.place)
      made.push({
        kind: 'rule',
        name: naming(section.name === '' ? 'rule' : section.name),
        entries: [...match.entries, ...family, ...useEntries(section, used, remark)],
        from: section.place,
      })
    } else {
      for (const family of families) closed.add(family)
      if (used === 'main' || (otherwise !== null && otherwise !== used))
        remark(section.place, `rule ${word(section.name)}: what is left over has one policy here, in both families`)
      if (used !== 'main') otherwise ??= used
    }
  }
  return { sections: made, otherwise }
}

/** Options that are no conditions. */
const others: ReadonlySet<string> = new Set(['use_policy', 'family', 'sticky', 'timeout', 'logging', 'enabled'])

/** What the rule matches; null where a part of it cannot be said, as less of it would match more than was meant. */
function matchOf(section: UciSection, devices: ReadonlyMap<string, string>, remark: Remarking): Matched | null {
  const enabled = optionOf(section, 'enabled')
  if (enabled !== undefined && !isYes(enabled)) return null
  const said = optionOf(section, 'family')?.value
  let family: MatchFamily | null = said === 'ipv4' || said === 'ipv6' ? said : null
  const entries: DraftEntry[] = []
  for (const { name, value, place } of section.options) {
    if (others.has(name)) continue
    const condition = conditionOf(name, value, devices)
    if (condition.kind === 'unsayable') {
      remark(place, `rule ${word(section.name)}: left out: ${name} ${word(value)}: ${condition.why}`)
      return null
    }
    if (condition.kind === 'family') family ??= condition.family
    if (condition.kind === 'entry') entries.push({ key: condition.key, value: condition.value, from: place })
  }
  return { entries, family }
}

function policyOf(section: UciSection, policies: ReadonlyMap<string, Policy>, remark: Remarking): Used | null {
  const said = optionOf(section, 'use_policy')
  if (said?.value === 'default') return 'main'
  const policy = policies.get(said?.value ?? '')
  if (policy !== undefined && policy.members.length > 0) return policy
  const what = policy === undefined ? 'no such policy with uplinks' : 'a policy without members'
  remark(
    said?.place ?? section.place,
    `rule ${word(section.name)}: left out: use_policy ${word(said?.value ?? '')}: ${what}`,
  )
  return null
}

function useEntries(section: UciSection, used: Used, remark: Remarking): readonly DraftEntry[] {
  const from = optionOf(section, 'use_policy')?.place ?? section.place
  if (used === 'main') return [{ key: 'uplinks', value: 'none', from }]
  const members = entriesOfMembers(used.members, used.lastResort, from, remark)
  return [...members, ...stickyEntries(section, members, remark)]
}

/** mwan3 keeps a client by its source alone. */
function stickyEntries(section: UciSection, members: readonly DraftEntry[], remark: Remarking): readonly DraftEntry[] {
  const sticky = optionOf(section, 'sticky')
  if (sticky === undefined || !isYes(sticky)) return []
  const timeout = optionOf(section, 'timeout')
  const entry = { key: 'sticky', value: `${timeout?.value ?? '600'}s`, from: timeout?.place ?? sticky.place }
  if (!members.some(({ key }) => key === 'mode')) return [entry, { key: 'mode', value: 'source', from: sticky.place }]
  remark(
    sticky.place,
    'sticky: in IPv4, a client is a source and a destination here, where the order of uplinks counts',
  )
  return [entry]
}
