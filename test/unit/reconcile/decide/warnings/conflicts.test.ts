/** What misleads, and what does not. */
import { expect, test } from 'vitest'
import type { Link } from '../../../../../src/model/kernel.ts'
import { findConflicts } from '../../../../../src/reconcile/decide/warnings/conflicts.ts'
import { configOf } from '../../../../config-of.ts'
import { hopOf, linkOf, observedOf, routeOf, uplinkOf } from '../../../builders.ts'

const withPeer = (name: string, address: string, peer: string): Link =>
  linkOf(name, {
    pointToPoint: true,
    addresses: [{ family: 'inet', address, prefixLength: 32, peer, global: true, usable: true }],
  })

test('several lines to one concentrator are nothing to tell of, its address on a LAN is', () => {
  const lines = [withPeer('wan1', '10.64.0.2', '10.64.64.1'), withPeer('wan2', '10.64.1.2', '10.64.64.1')]
  const peer = (device: string) => routeOf('10.64.64.1', [hopOf(device)])
  const told = (links: readonly Link[], devices: readonly string[]) =>
    findConflicts(configOf(''), [uplinkOf(1), uplinkOf(2)], observedOf({ links, routes: devices.map(peer) }))
  expect(told(lines, ['wan1', 'wan2'])).toEqual([])
  expect(told([...lines, linkOf('lan0')], ['wan1', 'lan0'])).toEqual([
    expect.objectContaining({
      kind: 'overlap',
      reason: expect.stringContaining('subnet 10.64.64.1 is on wan1 and lan0'),
    }),
  ])
})
