/** `user =`: the user who runs the host's own program. */
import { Failure } from '../../os/error.ts'
import { quoted } from '../values/diagnostics.ts'
import { allOf, type ValueParser } from '../values/values.ts'
import { includesAll, type MatchField, singles, unless } from './field.ts'
import { numberOption, type TraitReader } from './trait.ts'

/** Names as adduser(8) has them, or numbers; whether there is such a user is looked up later. */
const users: ValueParser<readonly string[]> = {
  expected: 'names or numbers of users',
  read: (text) => allOf(text, (word) => (/^([a-z_][a-z0-9_-]{0,31}|\d{1,9})$/.test(word) ? word : null)),
}

export const userField = {
  key: 'user',
  reader: users,
  help: 'whose programs on this host',
  build: (said, { outside, place, report }) => ({
    users: said.flatMap((name) => {
      const number = /^\d+$/.test(name) ? Number(name) : outside.userId(name)
      if (number === null) report.error(place, `${quoted(name)}: expected a user of this host`)
      return number === null ? [] : [number]
    }),
  }),
  side: 'local',
  inKey: {
    name: 'user',
    expression: () => 'meta skuid',
    type: () => 'uid',
    ranges: (match) => singles(match.users),
  },
  covers: (one, other) => includesAll(one.users, other.users),
  ranges: (match) => singles(match.users),
  mismatch: (match, { user }) =>
    unless(match.users?.includes(user ?? -1), user === null ? 'no user is named' : `user ${user}`),
  rank: 2,
} as const satisfies MatchField<readonly string[]>

export const userOfPacket: TraitReader<'user'> = (text, userId) => {
  if (text === undefined || /^\d/.test(text)) return numberOption('user', text, 0xffffffff)
  const id = userId(text)
  if (id === null) throw new Failure('usage', `--user "${text}": expected a user of this host`)
  return id
}
