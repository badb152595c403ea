/** What `ip -j` prints and the kernel no longer means. */
import { expect, test } from 'vitest'
import { parseRoutes, parseRule } from '../../../../src/kernel/iproute/listing.ts'

test('L13: a route whose lifetime is over is no route, although the kernel shows it until it tidies up', () => {
  const route = {
    type: '1',
    dst: 'default',
    gateway: 'fe80::1',
    dev: 'wan1',
    table: '254',
    protocol: '9',
    metric: 1024,
  }
  const shown = [
    { ...route, dev: 'wan1', expires: 1790 },
    { ...route, dev: 'wan2', expires: 0 },
    { ...route, dev: 'wan3', expires: -12 },
    { ...route, dev: 'wan4' },
  ]
  const devices = parseRoutes('inet6', shown).map(({ nexthops }) => nexthops.map(({ device }) => device))
  expect(devices).toEqual([['wan1'], ['wan4']])
})

test('a jump whose target is not there at the moment is the jump that it is with it, and can be deleted', () => {
  const jump = { priority: 20000, src: 'all', fwmark: '0', fwmask: '0x40000000', goto: 20100, protocol: '2' }
  expect(parseRule('inet', { ...jump, unresolved: null })).toEqual(parseRule('inet', jump))
})
