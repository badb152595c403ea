/** `interface =`: the interface by which forwarded packets come in. */
import { matchesPattern } from '../../net/patterns.ts'
import { allOf, interfacePattern, type ValueParser } from '../values/values.ts'
import { includesAll, type MatchField, singles, unless } from './field.ts'

const interfaces: ValueParser<readonly string[]> = {
  expected: `${interfacePattern.expected}, or several`,
  read: (text) => allOf(text, interfacePattern.read),
}

export const interfaceField = {
  key: 'interface',
  reader: interfaces,
  help: 'where they come in',
  build: (said) => ({ interfaces: said }),
  side: 'forward',
  inKey: {
    name: 'interface',
    expression: () => 'iif',
    type: () => 'iface_index',
    ranges: () => undefined,
    rangesNow: ({ interfaces: wanted }, _, { links }) =>
      wanted &&
      singles(links.filter(({ name }) => wanted.some((one) => matchesPattern(one, name))).map(({ index }) => index)),
  },
  covers: (one, other) => includesAll(one.interfaces, other.interfaces),
  ranges: (match) => singles(match.interfaces),
  mismatch: (match, { interface: incoming }) =>
    unless(
      match.interfaces?.some((one) => incoming !== null && matchesPattern(one, incoming)),
      `it comes in by ${incoming ?? 'none'}`,
    ),
  rank: 1,
} as const satisfies MatchField<readonly string[]>
