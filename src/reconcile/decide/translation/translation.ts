/**
 * Whose source address is changed on its way out by an uplink, and whose is not.
 *
 * `auto`, first match: IPsec's packets, frames that are only bridged and the uplink's own addresses stay. This host's
 * connections that were moved to another uplink than the one that they have an address of are translated. What came in by an
 * uplink stays: we are no router for a provider's other customers. Another uplink's addresses and prefixes are translated, as
 * this provider would drop them. What others' rules translate, or leave alone, and yet comes here was left alone, and
 * stays. Then private sources are translated, and all else stays.
 *
 * Others' rules are known from their listing: that one of them has accepted a packet cannot be seen of the packet.
 */

import { cameIn, verdicts } from '../../../kernel/nft/verdicts.ts'
import { hookPriorities, marks } from '../../../layout.ts'
import { isUplinkIn, type Present } from '../../../model/active-uplinks.ts'
import type { Config, Masquerade } from '../../../model/config.ts'
import type { Chain } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Uplink } from '../../../model/uplink.ts'
import { listedSources, readAddressRange, withoutRanges } from '../../../net/address-range.ts'
import type { Family, Range } from '../../../net/family.ts'
import { hex } from '../../../values/hex.ts'
import { leftAlone } from './foreign-nat.ts'
import { changeRest, movePrivate, translateSources } from './nptv6.ts'
import { changesToSource, ownChange } from './source.ts'

/** What is configured for the uplink. */
export function masqueradeOf({ name }: Pick<Uplink, 'name'>, { balance, uplinks }: Config): Masquerade {
  return uplinks.find((section) => section.name === name)?.masquerade ?? balance.masquerade
}

interface Given {
  readonly config: Config
  readonly observed: Observed
  readonly present: readonly Present[]
  /** All uplinks, also those that are away: hosts may have addresses of theirs. */
  readonly uplinks: readonly Uplink[]
  /** Whether rules, slices or name servers move connections of this host to other uplinks. */
  readonly moves: boolean
}

interface World extends Given {
  readonly sources: readonly ReturnType<typeof sourcesOf>[]
}

/** The chains behind everybody else's source NAT; none where nothing may be translated. */
export function decideTranslation(given: Given): readonly Chain[] {
  const world = { ...given, sources: given.present.map((uplink) => sourcesOf(uplink, given.observed)) }
  const translating = world.present.flatMap((uplink) => {
    const chains = chainsOf(uplink, world)
    return chains.length > 0 ? [{ uplink, chains }] : []
  })
  if (translating.length === 0) return []
  const { incoming } = marks(world.config.layout)
  return [
    ...translating.flatMap(({ chains }) => chains),
    {
      name: 'postrouting',
      hook: { type: 'nat', hook: 'postrouting', priority: hookPriorities.masquerade },
      rules: [
        ...(world.observed.ipsec ? ['rt ipsec exists accept'] : []),
        // With br_netfilter, a bridged guest's frame comes by here: in and out by the bridge, and routed by nobody.
        `iif 0 ct mark & ${hex(incoming)} != 0 fib saddr type != local accept`,
        ...verdicts(
          translating.map(({ uplink }) => uplink),
          'nat',
        ),
      ],
    },
  ]
}

function chainsOf(uplink: Present, world: World): readonly Chain[] {
  const mode = masqueradeOf(uplink, world.config)
  if (mode === 'no' && !world.moves) return []
  const { number } = uplink
  const keep = { name: `keep_${number}`, hook: null, rules: mode === 'no' ? [] : exempt(uplink, world.config) }
  const theirs = {
    name: `theirs_${number}`,
    hook: null,
    rules: mode === 'auto' ? leftAlone(uplink.interface, world.observed) : [],
  }
  const jump = ({ name, rules }: Chain) => (rules.length > 0 ? [`jump ${name}`] : [])
  const rules = {
    no: [],
    yes: [...jump(keep), ...everything(uplink, world)],
    auto: [
      ...cameIn(world.present).map((which) => `${which} accept`),
      ...jump(keep),
      ...translateSources(uplink, world.uplinks),
      // What is private is translated further below, unless a rule between lets it stay.
      ...fromOtherUplinks(uplink, world, theirs.rules.length > 0 ? [] : privateSources),
      ...jump(theirs),
      ...changesOf('inet', uplink).map((change) => `ip saddr { ${privateSources.join(', ')} } ${change}`),
      ...movePrivate(uplink),
    ],
  }[mode]
  return [
    { name: `nat_${number}`, hook: null, rules: [...fromItself(uplink), ...moved(uplink, world), ...rules] },
    ...[keep, theirs].filter((chain) => chain.rules.length > 0),
  ]
}

/** Private sources of RFC 1918 and RFC 6598, the most common first; those of RFC 4193 (IPv6) are moved. */
const privateSources = ['192.168.0.0/16', '10.0.0.0/8', '172.16.0.0/12', '100.64.0.0/10']

/** Rules that leave the uplink's own addresses alone: masquerade would turn any of them into its first. */
function fromItself({ inet, inet6 }: Uplink): readonly string[] {
  const stay = (header: 'ip' | 'ip6', addresses: readonly string[] = []) =>
    addresses.length > 0 ? [`${header} saddr { ${addresses.toSorted().join(', ')} } accept`] : []
  return [...stay('ip', inet?.addresses), ...stay('ip6', inet6?.addresses)]
}

/** Rules for this host's connections that were moved to the uplink, which the mark on their first packet tells. */
function moved(uplink: Present, { config, moves }: World): readonly string[] {
  const { pinned, incoming } = marks(config.layout)
  const which = `meta mark & ${hex((pinned | incoming) >>> 0)} != 0 fib saddr type local`
  const own = families.flatMap((family) => ownChange(family, uplink) ?? [])
  const all = new Set([...own, changeRest(uplink), 'masquerade'])
  return moves ? [...all].map((change) => `${which} ${change}`) : []
}

/** What a rule does that translates in this family, one for each kind of packet. */
function changesOf(family: Family, uplink: Present): readonly string[] {
  return changesToSource(family, uplink) ?? [family === 'inet' ? 'masquerade' : changeRest(uplink)]
}

/**
 * Rules for exempt sources. They have a chain of their own, as a rule for a prefix in the uplink's chain stands for
 * connections that are ended together with it.
 */
function exempt({ name }: Uplink, { balance, uplinks }: Config): readonly string[] {
  const lists = [balance.noMasquerade, uplinks.find((section) => section.name === name)?.noMasquerade]
  return families.flatMap((family) => {
    const ranges = lists.flatMap((list) => list?.[family] ?? [])
    return ranges.length > 0 ? [`${fromAny(family, ranges)} accept`] : []
  })
}

/**
 * Rules that translate everything, but for IPv6 clients of a LAN with one provider's addresses where no other provider
 * could carry them.
 */
function everything(uplink: Present, { present, uplinks }: World): readonly string[] {
  const several = present.filter(({ inet6 }) => inet6 !== null).length > 1
  return [
    ...translateSources(uplink, uplinks),
    ...movePrivate(uplink),
    ...(several ? [] : ['ip6 saddr != fc00::/7 accept']),
    ...new Set([
      ...families.flatMap((family) => changesToSource(family, uplink) ?? []),
      ...changesOf('inet6', uplink),
      'masquerade',
    ]),
  ]
}

/**
 * Rules for other uplinks' addresses, and for hosts in their subnets, as behind a proxy for ARP, but for those in prefixes
 * that need none.
 */
function fromOtherUplinks(uplink: Present, { sources }: World, but: readonly string[]): readonly string[] {
  return families.flatMap((family) => {
    const own = sources.find((one) => one.uplink === uplink)?.[family]
    const others = sources.filter((one) => one.uplink !== uplink && isUplinkIn(family, one.uplink))
    const ranges = [
      ...withoutRanges(
        others.flatMap((one) => one[family].subnets),
        own?.subnets ?? [],
      ),
      ...others
        .flatMap((one) => one[family].addresses)
        .filter(([address]) => !own?.addresses.some(([other]) => other === address)),
    ]
    const rest = family === 'inet' ? withoutRanges(ranges, but.flatMap(rangesOf)) : ranges
    if (rest.length === 0) return []
    return changesOf(family, uplink).map((change) => `${fromAny(family, rest)} ${change}`)
  })
}

/** What comes from an uplink: of its link, and of its own. With many uplinks, each is every other's, so it is read once. */
function sourcesOf(uplink: Present, { links }: Observed) {
  const onLink = links.find(({ index }) => index === uplink.index)?.addresses ?? []
  const of = (family: Family) => ({
    subnets: onLink
      .filter((address) => address.family === family && address.global)
      .flatMap(({ address, prefixLength, peer }) => rangesOf(peer === null ? `${address}/${prefixLength}` : address)),
    addresses: (uplink[family]?.addresses ?? []).flatMap(rangesOf),
  })
  return { uplink, inet: of('inet'), inet6: of('inet6') }
}

function rangesOf(text: string): readonly Range<string>[] {
  const range = readAddressRange(text)?.range
  return range ? [range] : []
}

const families = ['inet', 'inet6'] as const

function fromAny(family: Family, ranges: readonly Range<string>[]): string {
  return `${family === 'inet' ? 'ip' : 'ip6'} saddr ${listedSources(ranges)}`
}
