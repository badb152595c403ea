/** `source-port =` and `port =`: ports and ranges of them. */
import { mergeRanges } from '../../net/address-range.ts'
import type { Range } from '../../net/family.ts'
import { allOf, type ValueParser } from '../values/values.ts'
import { isWithin, type MatchField, rangesCover, unless } from './field.ts'
import { protocolsWithPorts } from './protocol.ts'

type Ports = readonly Range<number>[]

const ports: ValueParser<Ports> = {
  expected: 'ports 1 to 65535, or ranges FIRST-LAST of them',
  read: (text) => {
    const list = allOf(text, readPorts)
    return list && mergeRanges(list)
  },
}

function readPorts(text: string): Range<number> | null {
  const [, from, to] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? []
  const [first, last] = [Number(from), Number(to ?? from)]
  return first >= 1 && first <= last && last <= 65535 ? [first, last] : null
}

export const sourcePortField = portField(
  'source-port',
  'sourcePorts',
  'sourcePort',
  'source port',
  'source ports',
  'th sport',
  6,
)
export const destinationPortField = portField(
  'port',
  'destinationPorts',
  'destinationPort',
  'port',
  'destination ports',
  'th dport',
  5,
)

function portField<const Key extends string>(
  key: Key,
  wanted: 'sourcePorts' | 'destinationPorts',
  name: 'sourcePort' | 'destinationPort',
  words: string,
  help: string,
  expression: string,
  rank: number,
) {
  return {
    key,
    reader: ports,
    help,
    build: (said) => ({ [wanted]: said }),
    implies: { protocols: protocolsWithPorts },
    inKey: {
      name,
      expression: () => expression,
      type: () => 'inet_service',
      ranges: (match) => match[wanted],
    },
    covers: (one, other) => rangesCover(one[wanted], other[wanted]),
    ranges: (match) => match[wanted],
    mismatch: ({ [wanted]: ranges }, { [name]: port }) =>
      unless(isWithin(ranges, port), port === 0 ? `no ${words} is named` : `${words} ${port}`),
    rank,
  } as const satisfies MatchField<Ports>
}
