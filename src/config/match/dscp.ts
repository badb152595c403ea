/** `dscp =`: code points of the DS field. */

import { dscpNumbers } from '../../net/dscp.ts'
import { nftNumber } from '../../values/hex.ts'
import { allOf, type ValueParser } from '../values/values.ts'
import { includesAll, type MatchField, singles, unless } from './field.ts'
import { headerOf } from './sets.ts'
import { numberOption, type TraitReader } from './trait.ts'

const codePoints: ValueParser<readonly number[]> = {
  expected: 'names such as ef, cs5 or af41, or numbers up to 63',
  read: (text) => {
    const number = (word: string) => (/^\d{1,2}$/.test(word) && Number(word) <= 63 ? Number(word) : null)
    const list = allOf(text, (word) => dscpNumbers.get(word.toLowerCase()) ?? number(word))
    return list && [...new Set(list)].sort((a, b) => a - b)
  },
}

export const dscpField = {
  key: 'dscp',
  reader: codePoints,
  help: 'code points of the DS field',
  build: (said) => ({ dscp: said }),
  condition: ({ dscp }, family) => {
    if (!dscp) return null
    const list = dscp.map(nftNumber)
    return {
      statement: `${headerOf[family]} dscp ${list.length === 1 ? list[0] : `{ ${list.sort().join(', ')} }`}`,
      sets: [],
    }
  },
  covers: (one, other) => includesAll(one.dscp, other.dscp),
  ranges: (match) => singles(match.dscp),
  mismatch: (match, { dscp }) => unless(match.dscp?.includes(dscp), `DSCP ${nameOf(dscp)}`),
  rank: 10,
} as const satisfies MatchField<readonly number[]>

function nameOf(dscp: number): string {
  return [...dscpNumbers].find(([, number]) => number === dscp)?.[0] ?? String(dscp)
}

export const dscpOfPacket: TraitReader<'dscp'> = (text) =>
  dscpNumbers.get(text?.toLowerCase() ?? '') ?? numberOption('dscp', text, 63) ?? 0
