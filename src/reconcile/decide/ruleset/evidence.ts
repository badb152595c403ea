/** Which addresses tell, of a connection of before, what uplink it is on. Pure. */

import { tables } from '../../../layout.ts'
import { isUplinkIn, type Present } from '../../../model/active-uplinks.ts'
import type { Observed } from '../../../model/observed.ts'
import { readAddressRange } from '../../../net/address-range.ts'
import type { Family, Range } from '../../../net/family.ts'
import { parsePrefix, prefixText } from '../../../net/ipv6-prefix.ts'

/** An address or prefix that belongs to one uplink alone, with its number. */
export interface Owned {
  readonly text: string
  readonly number: number
  /** Hosts behind this one have it, or may: they leave untranslated by that uplink. */
  readonly behind: boolean
}

/**
 * By family, sorted: the addresses of each uplink, in IPv6 the prefixes that are routed to it, and what of its link's
 * subnet is behind this host, as with a proxy for ARP.
 */
export type Evidence = Readonly<Record<Family, readonly Owned[]>>

/** How many networks behind this host count. */
const mostBehind = 16

export function evidenceOf(present: readonly Present[], observed: Observed): Evidence {
  const of = (family: Family) =>
    clear([
      ...present.flatMap(({ number, translateTo, [family]: path }) =>
        [...new Set([...(path?.addresses ?? []), translateTo?.[family] ?? []].flat())].map((text) => ({
          ...{ text, number },
          behind: false,
        })),
      ),
      ...(family === 'inet6' ? present : []).flatMap(({ number, prefixes = [] }) =>
        prefixes.flatMap((text) => {
          const prefix = parsePrefix(text)
          return prefix ? [{ text: prefixText(prefix), number, behind: true }] : []
        }),
      ),
      ...networksBehind(family, present, observed),
    ])
  return { inet: of('inet'), inet6: of('inet6') }
}

/** What `main` leads to by other devices, though it is of an uplink's subnet. */
function networksBehind(family: Family, present: readonly Present[], { links, routes }: Observed): readonly Owned[] {
  const some = present.filter((uplink) => isUplinkIn(family, uplink))
  const devices = new Set(present.map((uplink) => uplink.interface))
  const subnets = some.flatMap(({ index, number }) =>
    (links.find((link) => link.index === index)?.addresses ?? []).flatMap((one) => {
      const range = one.family === family && one.global && rangeOf(`${one.address}/${one.prefixLength}`)
      return range && one.peer === null ? [{ range, number }] : []
    }),
  )
  const inside = routes.filter(
    ({ type, table, nexthops, ...route }) =>
      route.family === family &&
      table === tables.main &&
      type === 'unicast' &&
      nexthops.length > 0 &&
      nexthops.every(({ device }) => !devices.has(device)),
  )
  const found = inside.flatMap(({ destination }) => {
    const range = rangeOf(destination)
    const subnet = subnets.find((one) => range && isWithin(range, one.range) && !isWithin(one.range, range))
    return subnet ? [{ text: destination, number: subnet.number, behind: true }] : []
  })
  return found.slice(0, mostBehind)
}

/**
 * Those that are neither within another of the same uplink, which says the same, nor overlap with another's; sorted by
 * their text.
 */
function clear(all: readonly Owned[]): readonly Owned[] {
  const read = all.flatMap((one) => {
    const range = rangeOf(one.text)
    return range ? [{ one, range }] : []
  })
  return read
    .filter(({ one, range }, index) =>
      read.every((other, at) => {
        if (at === index || !meets(range, other.range)) return true
        const isSame = isWithin(range, other.range) && isWithin(other.range, range)
        return one.number === other.one.number && (isSame ? index < at : !isWithin(range, other.range))
      }),
    )
    .map(({ one }) => one)
    .toSorted((one, other) => (one.text < other.text ? -1 : 1))
}

function rangeOf(text: string): Range<string> | null {
  return readAddressRange(text)?.range ?? null
}

function isWithin(inner: Range<string>, outer: Range<string>): boolean {
  return outer[0] <= inner[0] && inner[1] <= outer[1]
}

function meets(one: Range<string>, other: Range<string>): boolean {
  return one[0] <= other[1] && other[0] <= one[1]
}
