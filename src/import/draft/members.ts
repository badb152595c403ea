/** Uplinks with weights in tiers, as our rules and uplinks say it. Pure. */
import type { DraftEntry, DraftSection, Place, Remarking } from './draft.ts'

export interface Member {
  readonly uplink: string
  /** Only the members of the lowest metric that work carry connections. */
  readonly metric: number
  readonly weight: number
  readonly from: Place
}

/** What a rule says of its members, and of when none of them works. */
export function entriesOfMembers(
  members: readonly Member[],
  lastResort: string,
  from: Place,
  remark: Remarking,
): readonly DraftEntry[] {
  const [first = [], ...others] = tiersOf(members)
  const resort = (value: string): DraftEntry => ({ key: 'last-resort', value, from })
  if (others.length === 0) return [{ key: 'uplinks', value: shares(first), from }, resort(lastResort)]
  if (others.every(({ length }) => length === 1) && first.length === 1) {
    const order = [first, ...others].map(([member]) => member?.uplink).join(' ')
    return [{ key: 'uplinks', value: order, from }, { key: 'mode', value: 'failover', from }, resort(lastResort)]
  }
  remark(from, 'a rule has several uplinks or an order of them: behind its first ones come those of everything else')
  return [{ key: 'uplinks', value: shares(first), from }, resort('balance')]
}

/**
 * What everything else does: a weight and a metric for each uplink where all of them take part, and otherwise a rule
 * behind all others.
 */
export function sayDefault(
  sections: readonly DraftSection[],
  members: readonly Member[],
  lastResort: string,
  from: Place,
  remark: Remarking,
): readonly DraftSection[] {
  const used = new Map(members.map((member) => [member.uplink, member]))
  const left = sections.some((one) => one.kind === 'uplink' && isOn(one) && !used.has(one.name ?? ''))
  if (left) {
    const entries = entriesOfMembers(members, lastResort, from, remark)
    return [...sections, { kind: 'rule', name: 'everything-else', entries, from }]
  }
  const tiers = tiersOf(members)
  const weights = new Map(tiers.flatMap((tier) => (tier.length > 1 ? [...scaled(tier)] : [])))
  return sections.map((section) => {
    const member = section.kind === 'uplink' ? used.get(section.name ?? '') : undefined
    if (member === undefined) return section
    const weight = weights.get(member.uplink)
    return {
      ...section,
      entries: [
        ...section.entries,
        ...(weight === undefined ? [] : [{ key: 'weight', value: String(weight), from: member.from }]),
        ...(tiers.length > 1 ? [{ key: 'metric', value: String(member.metric), from: member.from }] : []),
      ],
    }
  })
}

function isOn({ entries }: DraftSection): boolean {
  return !entries.some(({ key, value }) => key === 'enabled' && value === 'no')
}

/** Each uplink in its best place only. */
function tiersOf(members: readonly Member[]): readonly (readonly Member[])[] {
  const best = new Map<string, Member>()
  for (const member of members) {
    const there = best.get(member.uplink)
    if (there === undefined || member.metric < there.metric) best.set(member.uplink, member)
  }
  const tiers = Map.groupBy(best.values(), ({ metric }) => metric)
  return [...tiers].sort(([one], [other]) => one - other).map(([, tier]) => tier)
}

function shares(tier: readonly Member[]): string {
  const weights = scaled(tier)
  return tier.map(({ uplink }) => (tier.length > 1 ? `${uplink}:${weights.get(uplink)}` : uplink)).join(' ')
}

/** Weights by uplink, none beyond 256. */
function scaled(tier: readonly Member[]): ReadonlyMap<string, number> {
  const most = Math.max(256, ...tier.map(({ weight }) => weight))
  return new Map(tier.map(({ uplink, weight }) => [uplink, Math.max(1, Math.round((weight * 256) / most))]))
}
