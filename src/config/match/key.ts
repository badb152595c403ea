/** Rules -> keys of maps: what a rule compares, as ranges of fields. Pure. */

import type { Match, Side } from '../../model/match.ts'
import type { Uplink } from '../../model/uplink.ts'
import { addressOf } from '../../net/address-range.ts'
import type { Family, Range } from '../../net/family.ts'
import type { KeyField, Named, Ranges } from './field.ts'
import { fields } from './fields.ts'
import type { KeyRanges } from './overlap.ts'

/** Where others' rules or routes lead elsewhere, to a VPN or a LAN, nothing is steered or refused. */
export function outBy(uplinks: readonly Pick<Uplink, 'index'>[]): string | null {
  const indexes = uplinks.flatMap(({ index }) => index ?? []).sort((a, b) => a - b)
  if (indexes.length === 0) return null
  return `oif ${indexes.length === 1 ? indexes[0] : `{ ${indexes.join(', ')} }`}`
}

/** Null where the rule cannot match on that side, in that family, with the interfaces and control groups that there are. */
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

export function keyOf(box: KeyRanges, family: Family): string {
  return keyFields(box)
    .map(({ expression }) => expression(family))
    .join(' . ')
}

/** For a map's declaration. An interval set is asked for only where there are intervals: hashing is cheaper. */
export function typeOf(boxes: readonly KeyRanges[], family: Family): string {
  const [box = {}] = boxes
  const types = keyFields(box)
    .map(({ type }) => type(family))
    .join(' . ')
  const intervals = boxes.some((one) => Object.values(one).some((ranges) => ranges.some(([a, b]) => a !== b)))
  return `type ${types} : verdict${intervals ? '; flags interval' : ''}`
}

/** Of a box that keyRangesOf() made, in its order. */
function keyFields(box: KeyRanges): readonly KeyField[] {
  return keys.filter(({ name }) => Object.hasOwn(box, name))
}

const keys = fields.flatMap(([, { inKey }]) => inKey ?? [])

/** Every combination of what the fields may be. */
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
