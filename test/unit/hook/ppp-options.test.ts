import { expect, test } from 'vitest'
import { asksForDefaultRoute } from '../../../src/hook/ppp-options.ts'

test.for([
  ['noauth defaultroute usepeerdns', true],
  ['defaultroute replacedefaultroute', true],
  ['replacedefaultroute', false],
  ['noauth', false],
  ['defaultroute nodefaultroute', false],
  ['nodefaultroute defaultroute', true],
  ['-defaultroute', false],
  ['defaultroute6', false],
] as const)('%s: %s', ([words, expected]) => {
  expect(asksForDefaultRoute(words.split(' '))).toBe(expected)
})
