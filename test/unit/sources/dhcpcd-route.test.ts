import { expect, test } from 'vitest'
import { hasDefaultRoute } from '../../../src/sources/dhcpcd-route.ts'

const table = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
wan2\t00000000\t0100020A\t0003\t0\t0\t1003\t00000000\t0\t0\t0
wan1\t0000010A\t00000000\t0001\t0\t0\t1002\t00FFFFFF\t0\t0\t0
wan3\t00000000\t0100020A\t0003\t0\t0\t1003\t00000080\t0\t0\t0
`

test.for([
  ['wan2', true],
  ['wan1', false],
  ['wan3', false],
  ['wan', false],
  ['', false],
] as const)('%s has a default route: %s', ([device, expected]) => expect(hasDefaultRoute(table, device)).toBe(expected))
