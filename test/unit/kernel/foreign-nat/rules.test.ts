/** Other programs' source NAT, as it is read: one value for each rule that translates or exempts. */
import { describe, expect, test } from 'vitest'
import { parseIptablesSave } from '../../../../src/kernel/foreign-nat/iptables-save.ts'
import { parseNatListing } from '../../../../src/kernel/foreign-nat/nft-listing.ts'

describe('iptables-legacy-save', () => {
  const read = (...lines: readonly string[]) =>
    parseIptablesSave(['*nat', ':POSTROUTING ACCEPT [0:0]', ':X - [0:0]', ...lines, 'COMMIT', ''].join('\n'), 'inet')
  const where = 'iptables-legacy nat POSTROUTING'
  const found = { where, family: 'inet', devices: [], matches: [] }
  const out = (name: string, not?: true) => ({ direction: 'out', ...(not && { not }), names: [name] })

  test.for([
    ['-A POSTROUTING -o wan1 -j MASQUERADE', { does: 'translates', devices: [out('wan1')] }],
    [
      '-A POSTROUTING ! -o docker+ -j SNAT --to-source 192.0.2.1',
      { does: 'translates', devices: [out('docker*', true)] },
    ],
    [
      '-A POSTROUTING -s 10.0.0.0/8 ! -d 10.0.0.0/8 -j ACCEPT',
      { does: 'accepts', matches: ['ip saddr 10.0.0.0/8', 'ip daddr != 10.0.0.0/8'] },
    ],
    ['-A POSTROUTING -s 10.1.2.3/32 -j RETURN', { does: 'accepts', matches: ['ip saddr { 10.1.2.3 }'] }],
    [
      '-A POSTROUTING -m comment --comment "-j \\" ACCEPT" -o wan1 -j MASQUERADE',
      { does: 'translates', devices: [out('wan1')] },
    ],
    [
      '-A POSTROUTING -p tcp -m tcp --dport 25 -j MASQUERADE',
      { does: 'translates', matches: ['meta l4proto tcp', 'tcp dport 0x19'] },
    ],
    [
      '-A POSTROUTING -p udp -m multiport --dports 500,4500:4501 -j ACCEPT',
      { does: 'accepts', matches: ['meta l4proto udp', 'udp dport { 0x1194-0x1195, 0x1f4 }'] },
    ],
    [
      '-A POSTROUTING -o wan1 -m mark --mark 0x1 -j MASQUERADE',
      { does: 'translates', devices: [out('wan1')], unknown: true },
    ],
    [
      '-A POSTROUTING -o wan1 -m policy --dir out --pol none -j MASQUERADE',
      { does: 'translates', devices: [out('wan1')], unknown: true },
    ],
  ] as const)('%s', ([line, expected]) => expect(read(line)).toEqual([{ ...found, ...expected }]))

  test('what leads to a rule is part of it; a return from a chain is no exemption, and IPsec needs none', () => {
    expect(
      read(
        '-A POSTROUTING -m policy --dir out --pol ipsec -j ACCEPT',
        '-A POSTROUTING -o wan1 -j X',
        '-A POSTROUTING -j LOG --log-prefix x',
        '-A X -s 10.1.1.1/32 -j RETURN',
        '-A X -s 10.0.0.0/8 -j MASQUERADE',
      ),
    ).toEqual([{ ...found, does: 'translates', devices: [out('wan1')], matches: ['ip saddr 10.0.0.0/8'] }])
  })

  test('chains that call each other without end, and lines that nobody wrote', () => {
    expect(read('-A POSTROUTING -j X', '-A X -j X', '-A X -j POSTROUTING')).toEqual([])
    expect(read('-A', '-A POSTROUTING', '-A POSTROUTING ! ! !', '-A POSTROUTING -s', '-s x -j MASQUERADE')).toEqual([])
    expect(read('-A POSTROUTING -s "10.0.0.0/8 accept; flush" -j ACCEPT')).toEqual([
      { ...found, does: 'accepts', unknown: true },
    ])
  })
})

describe("nft's listing", () => {
  const base = (prio: number, more: object = {}) => ({
    chain: { family: 'inet', table: 'fw', name: 'post', type: 'nat', hook: 'postrouting', prio, ...more },
  })
  const rule = (...expr: readonly unknown[]) => ({ rule: { family: 'inet', table: 'fw', chain: 'post', expr } })
  const read = (...items: readonly unknown[]) =>
    parseNatListing(JSON.stringify({ nftables: [base(100), ...items] })).found
  const match = (left: unknown, right: unknown, op = '==') => ({ match: { op, left, right } })
  const meta = (key: string) => ({ meta: { key } })
  const saddr = { payload: { protocol: 'ip', field: 'saddr' } }
  const found = { where: 'inet fw post', devices: [], matches: [] }
  const masquerade = { masquerade: null }

  test.for([
    [
      'protocols by number',
      [match(meta('l4proto'), { set: [17, 6] }), masquerade],
      { does: 'translates', matches: ['meta l4proto { tcp, udp }'] },
    ],
    ['other protocols', [match(meta('l4proto'), 'gre'), masquerade], { does: 'translates', unknown: true }],
    ['a named set', [match(saddr, '@lans'), masquerade], { does: 'translates', unknown: true }],
    ['a mark', [match(meta('mark'), 5), masquerade], { does: 'translates', unknown: true }],
    ['an address that is looked up', [{ snat: { addr: { map: {} } } }], { does: 'translates', unknown: true }],
    ['an address', [{ snat: { addr: '192.0.2.1' } }], { does: 'translates' }],
    ['what is not for IPsec', [match({ rt: { key: 'ipsec' } }, false), masquerade], { does: 'translates' }],
    [
      'new connections',
      [match({ ct: { key: 'state' } }, 'new', 'in'), { counter: {} }, masquerade],
      { does: 'translates' },
    ],
    [
      'neighbours in a set',
      [
        match(saddr, { set: [{ prefix: { addr: '10.0.0.0', len: 9 } }, { prefix: { addr: '10.128.0.0', len: 9 } }] }),
        { accept: null },
      ],
      { does: 'accepts', family: 'inet', matches: ['ip saddr 10.0.0.0/8'] },
    ],
    ['what 1.0.6 has no JSON for', ['xt something', masquerade], { does: 'translates', unknown: true }],
    [
      'a translation of iptables-nft',
      [{ xt: { type: 'match', name: 'comment' } }, { xt: { type: 'target', name: 'MASQUERADE' } }],
      { does: 'translates' },
    ],
  ] as const)('%s', ([, expr, expected]) => expect(read(rule(...expr))).toEqual([{ ...found, ...expected }]))

  test('nothing of what is for IPsec, has no verdict, is of no family, or in another hook', () => {
    const two = match({ payload: { protocol: 'ip6', field: 'saddr' } }, { prefix: { addr: 'fd00::', len: 8 } })
    expect(
      read(
        rule(match({ rt: { key: 'ipsec' } }, true), { accept: null }),
        rule({ counter: {} }),
        rule(match(saddr, '10.0.0.1'), two, masquerade),
        base(0, { table: 'other', hook: 'prerouting' }),
        { rule: { family: 'inet', table: 'other', chain: 'post', expr: [masquerade] } },
        base(0, { table: 'ifbalance' }),
        { rule: { family: 'inet', table: 'ifbalance', chain: 'post', expr: [masquerade] } },
      ),
    ).toEqual([])
  })
})
