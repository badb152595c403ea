/** Which IPv6 sources are moved into an uplink's own prefix. */
import { describe, expect, test } from 'vitest'
import { defaultLayout } from '../../../../../src/layout.ts'
import type { Ruleset } from '../../../../../src/model/kernel.ts'
import type { Uplink } from '../../../../../src/model/uplink.ts'
import {
  changeRest,
  connectionsOfFormerPrefixes,
  movePrivate,
  translateSources,
} from '../../../../../src/reconcile/decide/translation/nptv6.ts'
import { pathOf, uplinkOf } from '../../../builders.ts'

const uplink = (number: number, prefixes: readonly string[], more: Partial<Uplink> = {}): Uplink =>
  uplinkOf(number, { inet6: pathOf('fe80::1', [`2001:db8:${number}::2`]), prefixes, ...more })
const rules = (...uplinks: readonly Uplink[]) =>
  uplinks.slice(0, 1).flatMap((first) => [...translateSources(first, uplinks), ...movePrivate(first)])
const privateTo = (prefix: string) => `ip6 saddr fc00::/7 snat ip6 prefix to ${prefix}`

test.for([
  ['of the same length', '2001:db8:b00::/56', 'snat ip6 prefix to 2001:db8:a00::/56'],
  ['longer', '2001:db8:b00::/62', 'snat ip6 prefix to 2001:db8:a00::/62'],
  ['shorter', '2001:db8:b00::/48', 'masquerade'],
] as const)("another uplink's prefix, %s", ([, other, change]) => {
  expect(rules(uplink(1, ['2001:db8:a00::/56']), uplink(2, [other]))).toEqual([
    'ip6 saddr 2001:db8:a00::/56 accept',
    `ip6 saddr ${other} ${change}`,
    privateTo('2001:db8:a00::/56'),
  ])
})

test('without a prefix of its own an uplink masquerades', () => {
  expect(rules(uplink(1, []), uplink(2, ['2001:db8:b00::/56']))).toEqual([
    'ip6 saddr 2001:db8:b00::/56 masquerade',
    'ip6 saddr fc00::/7 masquerade',
  ])
})

test('a prefix without room for hosts takes nothing in', () => {
  expect(rules(uplink(1, ['2001:db8:a::/80']), uplink(2, ['2001:db8:b::/96']))).toEqual([
    'ip6 saddr 2001:db8:a::/80 accept',
    'ip6 saddr 2001:db8:b::/96 masquerade',
    'ip6 saddr fc00::/7 masquerade',
  ])
})

test('former prefixes are moved into the present one; private sites keep 80 bits at most', () => {
  const former = uplink(1, ['2001:db8:a00::/40'], { formerPrefixes: ['2001:db8:900::/48'] })
  const gone = uplink(2, [], { inet6: null, formerPrefixes: ['2001:db8:b00::/56'] })
  expect(rules(former, gone)).toEqual([
    'ip6 saddr 2001:db8:a00::/40 accept',
    'ip6 saddr 2001:db8:900::/48 snat ip6 prefix to 2001:db8:a00::/48',
    'ip6 saddr 2001:db8:b00::/56 snat ip6 prefix to 2001:db8:a00::/56',
    privateTo('2001:db8:a00::/48'),
  ])
})

test('two lines of one provider with the same prefix need no translation between them', () => {
  const same = ['2001:db8:a00::/56']
  expect(rules(uplink(1, same), uplink(2, same), uplink(3, ['2001:db8:a00:10::/60']))).toEqual([
    'ip6 saddr 2001:db8:a00::/56 accept',
    privateTo('2001:db8:a00::/56'),
  ])
})

describe('all else', () => {
  test('is masqueraded', () => expect(changeRest(uplink(1, ['2001:db8:a00::/56']))).toBe('masquerade'))

  test('gets the deprecated address where there is no other', () => {
    const deprecated = pathOf('fe80::1', ['2001:db8:1::2'], { deprecated: true })
    expect(changeRest(uplink(1, ['2001:db8:a00::/56'], { inet6: deprecated }))).toBe('snat ip6 to 2001:db8:1::2')
  })

  test('is moved into the prefix where the link has no address', () => {
    const bare = uplink(1, ['2001:db8:a00::/56'], { inet6: pathOf('fe80::1', []) })
    expect(changeRest(bare)).toBe('snat ip6 prefix to 2001:db8:a00::/56')
  })
})

test('what used a prefix that is over is forgotten, by the address that it began with', () => {
  const chain = (...lines: readonly string[]): Ruleset => ({ chains: [{ name: 'nat_2', hook: null, rules: lines }] })
  const before = chain('ip6 saddr 2001:db8:b00::/56 accept', 'ip6 saddr fc00::/7 snat ip6 prefix to 2001:db8:b00::/56')
  const same = chain('ip6 saddr 2001:db8:b00::/56 accept', 'ip6 saddr fc00::/7 snat ip6 prefix to 2001:db8:c00::/56')
  const forgotten = (after: Ruleset) => connectionsOfFormerPrefixes(before, after, [uplink(2, [])], defaultLayout)
  expect(forgotten(before)).toEqual([])
  expect(forgotten(same)).toEqual([
    {
      ...{ kind: 'forget-connections', uplink: 'wan2', family: 'inet6', source: 'fc00::/7' },
      ...{ mark: 0x42000000, mask: 0xff000000 },
    },
  ])
  expect(forgotten(chain('masquerade'))).toHaveLength(2)
  expect(forgotten({ chains: [] })).toEqual([])
})
