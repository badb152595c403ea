/** `config member` and `config policy` of mwan3. Pure. */
import type { Remarking } from '../draft/draft.ts'
import { word } from '../draft/draft.ts'
import type { Member } from '../draft/members.ts'
import { listOf, optionOf, type UciOption, type UciSection } from './uci.ts'

export interface Policy {
  readonly members: readonly Member[]
  /** What becomes of connections when no member works, in our words. */
  readonly lastResort: string
  readonly from: UciOption['place']
}

/** Of the policies that mwan3 has without a section, only one is something of ours; see rules.ts. */
const lastResorts: Readonly<Record<string, string>> = {
  unreachable: 'unreachable',
  blackhole: 'blackhole',
  default: 'main',
}

/** As many uplinks as there can be. */
const mostMembers = 63

export function policiesOf(
  sections: readonly UciSection[],
  uplinks: ReadonlyMap<string, string>,
  remark: Remarking,
): ReadonlyMap<string, Policy> {
  const members = new Map<string, Member>()
  for (const section of sections.filter(({ type }) => type === 'member')) {
    const member = memberOf(section, uplinks, remark)
    if (member !== null) members.set(section.name, member)
  }
  return new Map(
    sections.filter(({ type }) => type === 'policy').map((one) => [one.name, policyOf(one, members, remark)]),
  )
}

function memberOf(section: UciSection, uplinks: ReadonlyMap<string, string>, remark: Remarking): Member | null {
  const target = optionOf(section, 'interface')
  const uplink = uplinks.get(target?.value ?? '')
  if (uplink === undefined) {
    remark(target?.place ?? section.place, `member ${word(section.name)}: there is no such interface in mwan3`)
    return null
  }
  const number = (name: string): number => {
    const option = optionOf(section, name)
    if (option === undefined || /^[1-9]\d{0,3}$/.test(option.value)) return Number(option?.value ?? 1)
    remark(option.place, `${name} ${word(option.value)}: expected a number from 1`)
    return 1
  }
  for (const { name, place } of section.options)
    if (!['interface', 'metric', 'weight'].includes(name)) remark(place, `${word(name)}: not understood`)
  return { uplink, metric: number('metric'), weight: number('weight'), from: section.place }
}

function policyOf(section: UciSection, members: ReadonlyMap<string, Member>, remark: Remarking): Policy {
  const listed = listOf(section, 'use_member')
  for (const { place } of listed.slice(mostMembers, mostMembers + 1))
    remark(place, `what follows is left out: more than ${mostMembers} members`)
  const used = listed.slice(0, mostMembers).flatMap(({ value, place }) => {
    const member = members.get(value)
    if (member === undefined) remark(place, `use_member ${word(value)}: there is no such member`)
    return member ?? []
  })
  const said = optionOf(section, 'last_resort')
  const lastResort = lastResorts[said?.value ?? 'unreachable']
  if (said !== undefined && lastResort === undefined)
    remark(said.place, `last_resort ${word(said.value)}: expected unreachable, blackhole or default`)
  for (const { name, place } of section.options)
    if (!['use_member', 'last_resort'].includes(name)) remark(place, `${word(name)}: not understood`)
  return { members: used, lastResort: lastResort ?? 'unreachable', from: section.place }
}
