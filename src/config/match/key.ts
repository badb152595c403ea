/** Rules -> keys of maps: what a rule compares, as ranges of fields. Pure. */

import type { Match, Side } from '../../model/match.ts'
import type { Uplink } from '../../model/uplink.ts'
import { addressOf } from '../../net/address-range.ts'
import type { Family, Range } from '../../net/family.ts'
import type { KeyField, Named, Ranges } from './field.ts'
import { fields } from './fields.ts'
import type { KeyRanges } from './overlap.ts'

/**
 * nft's match for packets that leave by one of the uplinks; null where no uplink is here. What others' rules or routes
 * lead elsewhere, to a VPN or a LAN, is neither steered nor refused.
 */
export function outBy(uplinks: readonly Pick<Uplink, 'index'>[]): string | null {
  const indexes = uplinks.flatMap(({ index }) => index ?? []).sort((a, b) => a - b)
  if (indexes.length === 0) return null
  return `oif ${indexes.length === 1 ? indexes[0] : `{ ${indexes.join(', ')} }`}`
}

/**
 * What the rule compares on this side and in this family. Null where it cannot match there, with the interfaces and
 * control groups that exist now.
 */
export function keyRangesOf(match: Match, family: Family, side: Side, named: Named): KeyRanges | null {
  if (!match.families.includes(family) || (match.forwarded && side !== 'forward')) return null
  const box: [string, Ranges][] = []
  for (const [name, field] of fields) {
    if (match[name] === undefined) continue
    if ((field.side ?? side) !== side || field.isThere?.(match, named) === false) return null
    const { inKey } = field
    const ranges = inKey && (inKey.rangesNow ?? inKey.ranges)(match, family, named)
    if (ranges?.length === 0) return null
    if (inKey && ranges) box.push([inKey.name, ranges])
  }
  return Object.fromEntries(box)
}

/** The key of a map for the box: nft's expressions, joined by dots. */
export function keyOf(box: KeyRanges, family: Family): string {
  return keyFields(box)
    .map(({ expression }) => expression(family))
    .join(' . ')
}

/** A map's type in its declaration. Intervals are asked for only where there are some, as a hash is cheaper. */
export function typeOf(boxes: readonly KeyRanges[], family: Family): string {
  const [box = {}] = boxes
  const types = keyFields(box)
    .map(({ type }) => type(family))
    .join(' . ')
  const intervals = boxes.some((one) => Object.values(one).some((ranges) => ranges.some(([a, b]) => a !== b)))
  return `type ${types} : verdict${intervals ? '; flags interval' : ''}`
}

/** The fields of a box that keyRangesOf() made, in its order. */
function keyFields(box: KeyRanges): readonly KeyField[] {
  return keys.filter(({ name }) => Object.hasOwn(box, name))
}

const keys = fields.flatMap(([, { inKey }]) => inKey ?? [])

/** The elements of a map for the box: every combination of its fields' ranges. */
export function elementsOf(box: KeyRanges): readonly string[] {
  return Object.values(box).reduce<readonly string[]>(
    (prefixes, ranges) =>
      prefixes.flatMap((prefix) => ranges.map((range) => (prefix === '' ? text(range) : `${prefix} . ${text(range)}`))),
    [''],
  )
}

function text([first, last]: Range<string | number>): string {
  const one = (end: string | number) => (typeof end === 'string' ? addressOf(end) : String(end))
  return first === last ? one(first) : `${one(first)}-${one(last)}`
}
