/** Which routes are ours: by table and protocol, and none of those that the kernel makes in a VRF's table. */
import { expect, test } from 'vitest'
import { defaultLayout } from '../../../../../src/layout.ts'
import { ourRoutes } from '../../../../../src/reconcile/decide/ours/our-routes.ts'
import { hopOf, linkOf, routeOf } from '../../../builders.ts'

const links = [
  linkOf('vrf7', { index: 7, kind: 'vrf' }),
  linkOf('port7', { index: 8, master: 7 }),
  linkOf('port1', { index: 9, master: 10 }),
  linkOf('br0', { index: 10, kind: 'bridge' }),
]
const isOurs = ourRoutes([defaultLayout, { ...defaultLayout, tableBase: 500 }], { links })
const route = (table: number, protocol: number, device = 'wan1') =>
  routeOf('10.7.0.0/24', [hopOf(device, null)], { table, protocol })

test.each([
  ['the present protocol', route(30001, 2), true],
  ['that of earlier versions', route(30098, 98), true],
  ['a former table', route(501, 2), true],
  ["another program's protocol", route(30001, 4), false],
  ["another's table", route(30064, 2), false],
  ["by a VRF's port", route(30001, 2, 'port7'), false],
  ["by a VRF's own address", route(30001, 2, 'vrf7'), false],
  ["by a bridge's port", route(30001, 2, 'port1'), true],
  ["an address of a VRF's table `local`", { ...route(30001, 2), type: 'other', nexthops: [] } as const, false],
])('%s', (_, given, expected) => expect(isOurs(given)).toBe(expected))
