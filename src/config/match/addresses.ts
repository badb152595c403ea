/** `source =` and `destination =`: addresses, prefixes and ranges, or a file of them. */
import type { AddressSet, Match } from '../../model/match.ts'
import { digitsOf } from '../../net/address-range.ts'
import type { Family } from '../../net/family.ts'
import { messageOf } from '../../os/log.ts'
import { quoted } from '../values/diagnostics.ts'
import { isScriptPath } from '../values/probe-values.ts'
import { sources } from '../values/rule-values.ts'
import type { ValueParser } from '../values/values.ts'
import { type BuiltWhere, isWithin, type MatchField, rangesCover, singles, unless } from './field.ts'
import { readSetFile } from './set-file.ts'
import { addressType, fileSets, headerOf } from './sets.ts'

/** What the text names. A file is only named here, and read later. */
type Addresses = AddressSet | { readonly kind: 'path'; readonly path: string }

const addresses: ValueParser<Addresses> = {
  expected: 'addresses, prefixes or ranges FIRST-LAST, or the path of a file of these',
  read: (text) => {
    if (text.startsWith('/')) return isScriptPath(text) ? { kind: 'path', path: text } : null
    const ranges = sources.read(text)
    return ranges && { kind: 'ranges', ranges }
  },
}

export const sourceField = addressField('source', 'saddr', 7)
export const destinationField = addressField('destination', 'daddr', 8)

function addressField<const End extends 'source' | 'destination'>(end: End, header: 'saddr' | 'daddr', rank: number) {
  const expression = (family: Family) => `${headerOf[family]} ${header}`
  return {
    key: end,
    reader: addresses,
    help: `${end} addresses`,
    build: (said, where): Partial<Match> => {
      const set = said.kind === 'path' ? readFile(said.path, where) : said
      return set ? { [end]: set } : {}
    },
    isIn: (match, family) => hasAny(match[end], family),
    inKey: {
      name: end,
      expression,
      type: addressType,
      ranges: ({ [end]: set }, family) => (set?.kind === 'ranges' ? set.ranges[family] : undefined),
    },
    condition: (match, family) => {
      const [set] = fileSets(match[end], family)
      return set ? { statement: `${expression(family)} @${set.name}`, sets: [set] } : null
    },
    covers: (one, other) => other.families.every((family) => setCovers(one[end], other[end], family)),
    ranges: ({ [end]: set }) =>
      set?.kind === 'file' ? singles([set.path]) : set && [...set.ranges.inet, ...set.ranges.inet6],
    mismatch: ({ [end]: set }, { family, [end]: address }, contains) =>
      unless(
        set?.kind === 'file' ? contains(end, address) : isWithin(set?.ranges[family], digitsOf(address)),
        `${end} ${address}`,
      ),
    rank,
  } as const satisfies MatchField<Addresses>
}

function readFile(path: string, { outside, place, report }: BuiltWhere): AddressSet | undefined {
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

function hasAny(set: AddressSet | undefined, family: Family): boolean {
  if (set === undefined) return true
  return set.kind === 'ranges' ? set.ranges[family].length > 0 : set.elements[family].length > 0
}

function setCovers(one: AddressSet | undefined, other: AddressSet | undefined, family: Family): boolean {
  if (one === undefined) return true
  if (one.kind === 'ranges' && other?.kind === 'ranges') return rangesCover(one.ranges[family], other.ranges[family])
  return one.kind === 'file' && other?.kind === 'file' && one.path === other.path
}
