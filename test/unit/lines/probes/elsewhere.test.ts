import { expect, test } from 'vitest'
import { leadsElsewhere } from '../../../../src/lines/probes/elsewhere.ts'
import { hopOf, routeOf } from '../../builders.ts'

const route = (destination: string, device: string) => routeOf(destination, [hopOf(device)])

test.each([
  ['a route of networkd for a name server', [route('1.1.1.1', 'wan1')], true],
  ['the same by this uplink', [route('1.1.1.1', 'wan2')], false],
  ['a default', [route('default', 'wan1')], false],
  ['another prefix', [route('1.1.2.0/24', 'wan1')], false],
  [
    'a prefix, and a more specific one by this uplink',
    [route('1.0.0.0/8', 'wan1'), route('1.1.1.0/24', 'wan2')],
    false,
  ],
  ['the other way round', [route('1.0.0.0/8', 'wan2'), route('1.1.1.0/24', 'tun0')], true],
  ['nothing', [], false],
] as const)('B8 %s', (_, routes, expected) => {
  expect(leadsElsewhere('1.1.1.1', { family: 'inet', device: 'wan2' }, routes)).toBe(expected)
})
