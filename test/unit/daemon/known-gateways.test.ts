/** Which gateways a standby asks for, and how often. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createKnownGateways } from '../../../src/daemon/known-gateways.ts'
import type { Uplink } from '../../../src/model/uplink.ts'
import { pathOf, uplinkOf } from '../builders.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const gateway6 = '2001:db8:1::1'
const standby: Uplink = {
  ...uplinkOf(1, { inet: pathOf('10.1.0.1', []), inet6: pathOf(gateway6, []) }),
  state: 'standby',
}

test('a standby asks for its IPv6 gateways, each 20 seconds at most; who is active asks for none', () => {
  const asked: string[] = []
  const { update } = createKnownGateways((gateway, device) => void asked.push(`${gateway} ${device}`))
  update([{ ...standby, state: 'online' }])
  expect(asked).toEqual([])
  update([standby])
  vi.advanceTimersByTime(19_000)
  update([standby])
  expect(asked).toEqual([`${gateway6} wan1`])
  vi.advanceTimersByTime(1000)
  update([standby])
  expect(asked).toHaveLength(2)
})
