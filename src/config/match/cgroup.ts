/** `cgroup =`: the control group in which the host's own program runs. */
import { inCgroup } from '../../kernel/cgroup/slices.ts'
import { Failure } from '../../os/error.ts'
import type { ValueParser } from '../values/values.ts'
import { type MatchField, singles, unless } from './field.ts'
import type { TraitReader } from './trait.ts'

const path: ValueParser<string> = {
  expected: 'a path below the root of the control groups, such as system.slice/backup.service',
  read: (text) =>
    /^[A-Za-z0-9_][A-Za-z0-9_.@:\\-]*(\/[A-Za-z0-9_][A-Za-z0-9_.@:\\-]*)*$/.test(text) && text.length <= 200
      ? text
      : null,
}

export const cgroupField = {
  key: 'cgroup',
  reader: path,
  help: 'control group on this host',
  build: (said) => ({ cgroup: said }),
  side: 'local',
  isThere: ({ cgroup }, { cgroups = {} }) => cgroup === undefined || Object.hasOwn(cgroups, cgroup),
  condition: ({ cgroup }) => (cgroup === undefined ? null : { statement: inCgroup(cgroup), sets: [] }),
  covers: (one, other) => one.cgroup === undefined || one.cgroup === other.cgroup,
  ranges: ({ cgroup }) => singles(cgroup === undefined ? undefined : [cgroup]),
  mismatch: ({ cgroup: wanted }, { cgroup }) =>
    wanted === undefined ? null : unless(isBelow(cgroup, wanted), `it is not in ${wanted}`),
  rank: 3,
} as const satisfies MatchField<string>

function isBelow(cgroup: string | null, wanted: string): boolean {
  return cgroup !== null && `${cgroup}/`.startsWith(`${wanted}/`)
}

export const cgroupOfPacket: TraitReader<'cgroup'> = (text) => {
  if (text === undefined) return null
  if (path.read(text) === null) throw new Failure('usage', `--cgroup "${text}": expected ${path.expected}`)
  return text
}
