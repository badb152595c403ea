/** `mark =`: the mark that another program has set. Rules without it leave packets alone that others have marked. */

import type { Match } from '../../model/match.ts'
import { hex, nftNumber } from '../../values/hex.ts'
import type { ValueParser } from '../values/values.ts'
import { type MatchField, unless } from './field.ts'
import { numberOption, type TraitReader } from './trait.ts'

type Mark = NonNullable<Match['mark']>

const mark: ValueParser<Mark> = {
  expected: 'a mark such as 0x10, or with a mask 0x10/0xff',
  read: (text) => {
    const [, value, mask] = /^(0x[0-9a-f]{1,8}|\d{1,9})(?:\/(0x[0-9a-f]{1,8}))?$/i.exec(text) ?? []
    const read = { value: Number(value), mask: Number(mask ?? 0xffffffff) }
    return read.value > 0 && (read.value & ~read.mask) >>> 0 === 0 ? read : null
  },
}

export const markField = {
  key: 'mark',
  reader: mark,
  help: "the packet's mark, by another program",
  build: (said) => ({ mark: said }),
  condition: (match) => ({ statement: match.mark ? maskedMark(match.mark) : 'meta mark 0', sets: [] }),
  covers: ({ mark: one }, { mark: other }) =>
    one === undefined || (one.value === other?.value && one.mask === other.mask),
  mismatch: (match, packet) =>
    unless(hasMark(match.mark, packet.mark), packet.mark === 0 ? 'no mark' : `mark ${hex(packet.mark)}`),
  rank: 11,
} as const satisfies MatchField<Mark>

/** nft's match for the mark. */
export function maskedMark({ value, mask }: Mark): string {
  return mask === 0xffffffff ? `meta mark ${nftNumber(value)}` : `meta mark & ${hex(mask)} == ${nftNumber(value)}`
}

function hasMark(wanted: Mark | undefined, value: number): boolean {
  return wanted ? (value & wanted.mask) >>> 0 === wanted.value : value === 0
}

export const markOfPacket: TraitReader<'mark'> = (text) => numberOption('mark', text, 0xffffffff) ?? 0
