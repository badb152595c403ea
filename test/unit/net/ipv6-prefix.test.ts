/** IPv6 prefixes: what is read, what is refused, and what lies within what. */
import { expect, test } from 'vitest'
import {
  extend,
  isWithin,
  type Prefix,
  parsePrefix,
  prefixText,
  routedPrefix,
  routedPrefixes,
} from '../../../src/net/ipv6-prefix.ts'

const of = (text: string): Prefix => parsePrefix(text) ?? expect.unreachable(text)

test.for([
  ['2001:DB8:1:0:5::9/56', '2001:db8:1::/56'],
  ['2001:db8:1:ff80::/57', '2001:db8:1:ff80::/57'],
  ['fd00:77::/48', 'fd00:77::/48'],
  ['2001:db8::1/127', '2001:db8::/127'],
  ['2001:db8::/128', null],
  ['2001:db8::/15', null],
  ['::/16', null],
  ['fe80::/64', null],
  ['ff02::/16', null],
  ['2001:db8::/056', '2001:db8::/56'],
  ['2001:db8::', null],
  ['2001:db8::/56 ', null],
  ['2001:db8::/-1', null],
  ['2001:db8::/1e1', null],
  ['10.0.0.0/24', null],
  ['1::2::3/64', null],
  ['2001:db8::%eth0/64', null],
  ['2001:db8::/64]/; drop', null],
] as const)('a prefix that may be routed: %s', ([text, prefix]) => {
  expect(routedPrefix(text)).toBe(prefix)
})

test('of a list of anything, those that are such, each once, and no more than eight', () => {
  expect(routedPrefixes([null, 7, {}, '2001:db8::/56', '2001:db8::1/56', 'x'])).toEqual(['2001:db8::/56'])
  expect(routedPrefixes(Array.from({ length: 100 }, (_, i) => `2001:db8:${i}::/48`))).toHaveLength(8)
})

test('a prefix is within itself and within shorter ones, and changes its length', () => {
  expect(isWithin(of('2001:db8:12ff::/48'), of('2001:db8:1200::/40'))).toBe(true)
  expect(isWithin(of('2001:db8:1200::/40'), of('2001:db8:1200::/40'))).toBe(true)
  expect(isWithin(of('2001:db8:1200::/40'), of('2001:db8:12ff::/48'))).toBe(false)
  expect(isWithin(of('2001:db8:1300::/48'), of('2001:db8:1200::/40'))).toBe(false)
  expect(prefixText(extend(of('2001:db8:12ff::/48'), 40))).toBe('2001:db8:1200::/40')
  expect(prefixText(extend(of('2001:db8:12ff::/48'), 64))).toBe('2001:db8:12ff::/64')
})
