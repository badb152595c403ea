import { expect, test } from 'vitest'
import { parseOptions, parseState } from '../../../src/hook/earlier-stanzas.ts'

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
