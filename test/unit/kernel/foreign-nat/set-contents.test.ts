/** Named sets and maps in others' source NAT: which are read, and what is taken of them. */
import { expect, test } from 'vitest'
import { contentsOfNat, parseNatListing } from '../../../../src/kernel/foreign-nat/nft-listing.ts'
import { parseContent } from '../../../../src/kernel/foreign-nat/set-contents.ts'

const where = { family: 'inet', table: 'fw' }
const source = { payload: { protocol: 'ip', field: 'saddr' } }
const from = (name: string) => ({ match: { op: '==', left: source, right: name } })
const rule = (...expr: readonly object[]) => ({ rule: { ...where, chain: 'post', expr } })
const set = (name: string, more: object = {}) => ({ set: { ...where, name, type: 'ipv4_addr', ...more } })
const post = { chain: { ...where, name: 'post', type: 'nat', hook: 'postrouting' } }
const listing = (...items: readonly object[]) => JSON.stringify({ nftables: [post, ...items] })
const accept = { accept: null }

test('those that source NAT names are read, but for what fills while packets pass, sixteen at most', () => {
  const read = (...items: readonly object[]) =>
    contentsOfNat(listing(...items)).map(({ kind, key }) => `${kind} ${key}`)
  const known = [set('a', { flags: ['interval'] }), set('filling', { flags: ['dynamic'] }), set('unasked')]
  const map = { map: { ...where, name: 'm', map: 'verdict' } }
  expect(
    read(...known, map, rule(from('@a'), from('@a'), accept), rule(from('@filling'), from('@missing'), accept), {
      rule: { ...where, chain: 'post', expr: [{ vmap: { key: source, data: '@m' } }] },
    }),
  ).toEqual(['set inet fw a', 'map inet fw m'])
  const elsewhere = { rule: { family: 'inet', table: 'other', chain: 'x', expr: [from('@a')] } }
  expect(read(...known, elsewhere)).toEqual([])
  const many = Array.from({ length: 17 }, (_, index) => `s${index}`)
  expect(read(...many.map((name) => set(name)), rule(...many.map((name) => from(`@${name}`))))).toHaveLength(16)
})

test('elements of a set, if they are few', () => {
  const content = (count: number) =>
    parseContent(
      JSON.stringify({
        nftables: [{ metainfo: {} }, set('a', { elem: Array.from({ length: count }, () => '10.0.0.1') })],
      }),
    )
  expect(content(256)).toHaveLength(256)
  expect(content(257)).toBeNull()
  expect(parseContent(JSON.stringify({ nftables: [set('a')] }))).toBeNull()
})

test('a rule with a name is one with what is in it; without that, nobody can tell', () => {
  const found = (elements?: readonly unknown[]) =>
    parseNatListing(listing(set('a'), rule(from('@a'), accept)), new Map(elements ? [['inet fw a', elements]] : []))
      .found
  expect(found()).toMatchObject([{ does: 'accepts', unknown: true }])
  expect(found([{ prefix: { addr: '192.168.77.0', len: 24 } }])).toEqual([
    { does: 'accepts', where: 'inet fw post', family: 'inet', devices: [], matches: ['ip saddr 192.168.77.0/24'] },
  ])
})
