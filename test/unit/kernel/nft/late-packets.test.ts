import { expect, test } from 'vitest'
import { latePacketsText } from '../../../../src/kernel/nft/late-packets.ts'
import { decideAsked } from '../../../../src/reconcile/decide/ruleset/udp-reply-source.ts'
import { pathOf, uplinkOf } from '../../builders.ts'

const ends = { port: 4000, peerPort: 51820 }

test('what comes late is dropped, and what was asked is forgotten, once each', () => {
  const one = { ...ends, address: '10.1.0.2', peer: '203.0.113.1' }
  expect(latePacketsText('inet', [one, { ...one, address: '10.2.0.2' }], 3).split('\n')).toEqual([
    'add element inet ifbalance late_ip { 203.0.113.1 . 51820 . 4000 . 10.1.0.2 timeout 3s, 203.0.113.1 . 51820 . 4000 . 10.2.0.2 timeout 3s }',
    'add element inet ifbalance clients_ip { 203.0.113.1 . 51820 . 4000 }',
    'delete element inet ifbalance clients_ip { 203.0.113.1 . 51820 . 4000 }',
    'add element inet ifbalance addresses_ip { 203.0.113.1 . 51820 . 4000 . 10.1.0.2, 203.0.113.1 . 51820 . 4000 . 10.2.0.2 }',
    'delete element inet ifbalance addresses_ip { 203.0.113.1 . 51820 . 4000 . 10.1.0.2, 203.0.113.1 . 51820 . 4000 . 10.2.0.2 }',
    'add element inet ifbalance latest_ip { 203.0.113.1 . 51820 . 4000 . 10.1.0.2, 203.0.113.1 . 51820 . 4000 . 10.2.0.2 }',
    'delete element inet ifbalance latest_ip { 203.0.113.1 . 51820 . 4000 . 10.1.0.2, 203.0.113.1 . 51820 . 4000 . 10.2.0.2 }',
    '',
  ])
})

test('the sets are those of the ruleset', () => {
  const both = { inet: pathOf(null, ['10.1.0.2']), inet6: pathOf(null, ['2001:db8:1::2']) }
  const known = decideAsked([uplinkOf(1, both), uplinkOf(2, both)]).sets.map(({ name }) => name)
  for (const [family, address] of [
    ['inet', '10.1.0.2'],
    ['inet6', '2001:db8:1::2'],
  ] as const) {
    const used = [...latePacketsText(family, [{ ...ends, address, peer: address }], 3).matchAll(/ifbalance (\S+)/g)]
    expect(known).toEqual(expect.arrayContaining(used.map(([, name]) => name)))
  }
})
