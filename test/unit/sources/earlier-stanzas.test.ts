import { expect, test } from 'vitest'
import { parseConfigured, parseOptions, parseState } from '../../../src/sources/earlier-stanzas.ts'

test('the state names interfaces and their stanzas; what is no name is passed over', () => {
  expect(parseState('lo=lo\nwan1=wan1\nwan2=home\n$(x)=y\nwan3=--all\nwan4\n')).toEqual([
    ['wan1', 'wan1'],
    ['wan2', 'home'],
  ])
})

test('options become what a hook would find in its environment', () => {
  expect(
    parseOptions(
      'address: 10.0.0.1\nbalance: no\nbalance-weight: 4\nbalance-name: a: b\nup: ip link\ndns-nameservers: 192.0.2.53\n',
    ),
  ).toEqual({
    IF_BALANCE: 'no',
    IF_BALANCE_WEIGHT: '4',
    IF_BALANCE_NAME: 'a: b',
    IF_DNS_NAMESERVERS: '192.0.2.53',
  })
})

test('ifupdown2 lists all stanzas at once; an interface may have several, and an option several values', () => {
  const stanza = (name: string, config: object) => ({
    name,
    addr_method: 'static',
    addr_family: 'inet',
    auto: true,
    config,
  })
  const text = JSON.stringify([
    stanza('lo', {}),
    stanza('wan2', { address: ['10.2.0.2/24', '10.2.0.3/24'], gateway: ['10.2.0.1'], 'balance-weight': '4' }),
    stanza('wan2', { address: '2001:db8::2/64', gateway: 'fe80::1' }),
    stanza('$(x)', { balance: 'no' }),
  ])
  expect(parseConfigured(text)).toEqual([
    ['wan2', [{ IF_GATEWAY: '10.2.0.1', IF_BALANCE_WEIGHT: '4' }, { IF_GATEWAY: 'fe80::1' }]],
  ])
})
