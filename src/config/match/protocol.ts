/** `protocol =`: IP protocols by name or number. */
import type { ValueParser } from '../values/values.ts'
import { allOf } from '../values/values.ts'
import { includesAll, type MatchField, singles, unless } from './field.ts'

const [icmp, icmpv6] = [1, 58]

const numbers: ReadonlyMap<string, readonly number[]> = new Map([
  // ICMP has another number in IPv6.
  ['icmp', [icmp, icmpv6]],
  ['igmp', [2]],
  ['tcp', [6]],
  ['udp', [17]],
  ['dccp', [33]],
  ['gre', [47]],
  ['esp', [50]],
  ['ah', [51]],
  ['sctp', [132]],
  ['udplite', [136]],
])

export const protocolsWithPorts: readonly number[] = [6, 17, 33, 132, 136]

const protocols: ValueParser<readonly number[]> = {
  expected: `${[...numbers.keys()].join(', ')}, or numbers up to 255`,
  read: (text) => {
    const list = allOf(text, (word) => {
      const number = /^\d{1,3}$/.test(word) && Number(word) <= 255 ? [Number(word)] : null
      return numbers.get(word) ?? number
    })
    return list && [...new Set(list.flat())]
  },
}

export const protocolField = {
  key: 'protocol',
  reader: protocols,
  help: 'IP protocols',
  build: (said) => ({ protocols: said }),
  inKey: {
    name: 'protocol',
    expression: () => 'meta l4proto',
    type: () => 'inet_proto',
    ranges: (match) => singles(match.protocols),
    rangesNow: (match, family) =>
      singles(match.protocols?.filter((number) => number !== (family === 'inet' ? icmpv6 : icmp))),
  },
  covers: (one, other) => includesAll(one.protocols, other.protocols),
  ranges: (match) => singles(match.protocols),
  mismatch: (match, { protocol }) => unless(match.protocols?.includes(protocol), protocolName(protocol)),
  rank: 4,
} as const satisfies MatchField<readonly number[]>

export function protocolName(number: number): string {
  return names.get(number) ?? `protocol ${number}`
}

const names: ReadonlyMap<number, string> = new Map([
  [1, 'ICMP'],
  [6, 'TCP'],
  [17, 'UDP'],
  [58, 'ICMPv6'],
])
