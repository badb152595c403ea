/** `domain =`: names whose addresses a name server adds to a set of the rule's own. */
import { dnsName } from '../values/probe-values.ts'
import { allOf, type ValueParser } from '../values/values.ts'
import { includesAll, type MatchField, singles, unless } from './field.ts'
import { domainSets, headerOf } from './sets.ts'

const domains: ValueParser<readonly string[]> = {
  expected: 'host names',
  read: (text) => allOf(text, dnsName.read),
}

export const domainField = {
  key: 'domain',
  reader: domains,
  help: 'names that lead to the destination',
  build: (said) => ({ domains: said }),
  condition: (match, family, rule) => {
    const [set] = domainSets(match.domains, rule, family)
    return set ? { statement: `${headerOf[family]} daddr @${set.name}`, sets: [set] } : null
  },
  covers: (one, other) => includesAll(one.domains, other.domains),
  ranges: (match) => singles(match.domains),
  mismatch: (match, { destination }, contains) =>
    unless(match.domains && contains('domain', destination), `${destination} is of none of its domains`),
  rank: 9,
} as const satisfies MatchField<readonly string[]>
