import { expect, test } from 'vitest'
import { asksForDefaultRoute, withFiles } from '../../../src/sources/ppp-options.ts'

test.for([
  ['noauth defaultroute usepeerdns', true],
  ['defaultroute replacedefaultroute', true],
  ['defaultroute defaultroute-metric 200', true],
  ['defaultroute-metric 200', false],
  ['replacedefaultroute', false],
  ['noauth', false],
  ['defaultroute nodefaultroute', false],
  ['nodefaultroute defaultroute', true],
  ['-defaultroute', false],
  ['defaultroute6', false],
] as const)('%s: %s', ([words, expected]) => {
  expect(asksForDefaultRoute(words.split(' '))).toBe(expected)
})

const files: Readonly<Record<string, string>> = {
  '/etc/ppp/options': 'nodefaultroute # not: file /etc/ppp/options.dsl',
  '/etc/ppp/options.dsl': 'usepeerdns\ndefaultroute\n',
  '/etc/ppp/peers/nested': 'plugin rp-pppoe.so\nfile "/etc/ppp/options.dsl"\n',
  '/etc/ppp/peers/common': 'noauth\n',
  '/etc/ppp/peers/beside': 'defaultroute\ncall common\n',
  '/etc/ppp/peers/loop': 'call loop\ncall loop\n',
  '/tmp/options': 'defaultroute',
}

test.for([
  ['pppd call nested', true],
  ['pppd call beside', true],
  ['pppd call common', false],
  ['pppd call loop', false],
  ['pppd file /tmp/options', false],
  ['pppd call ../../tmp/options', false],
  ['pppd file /etc/ppp/options.dsl nodefaultroute', false],
  ['pppd nodefaultroute file /etc/ppp/options.dsl', true],
] as const)('with what its files say, %s: %s', ([words, expected]) => {
  const read = (path: string) => files[path] ?? ''
  expect(asksForDefaultRoute(withFiles(['file', '/etc/ppp/options', ...words.split(' ')], read))).toBe(expected)
})
