import { describe, expect, test } from 'vitest'
import { sealedIn } from '../../../../src/kernel/conntrack/sealed.ts'
import type { SealPolicy } from '../../../../src/model/ipsec.ts'

const policy: SealPolicy = {
  ...{ family: 'inet', source: '192.168.77.0/24', destination: '203.0.113.0/24', priority: 10, seals: true },
}
const entry = {
  ...{ protocol: 17, source: '192.168.77.10', sourcePort: 500, peer: '203.0.113.77', peerPort: 53, mark: 0x41000000 },
}
const uplinks = [{ number: 0x01000000, device: 'wan1', others: [] }]
const step = { kind: 'forget-sealed', left: 0x40000000, mask: 0xc0000000, numberMask: 0x3f000000, uplinks } as const
const isSealed = (
  policies: readonly SealPolicy[],
  more: Partial<typeof entry> = {},
  others: (typeof step)['uplinks'] | readonly unknown[] = uplinks,
) => sealedIn('inet', { ...step, policies, uplinks: others as typeof uplinks })({ ...entry, ...more })

test('what left by an uplink of ours, from and to what a policy is for, is to be sealed', () => {
  expect(isSealed([policy])).toBe(true)
})

describe('it is not', () => {
  test.each([
    ['from elsewhere', { source: '192.168.78.10' }],
    ['to elsewhere', { peer: '198.51.100.7' }],
    ['that came in by an uplink', { mark: 0xc1000000 }],
    ['on no uplink', { mark: 0x5 }],
    ['of an uplink where we do not translate', { mark: 0x42000000 }],
  ])('%s', (_, more) => expect(isSealed([policy], more)).toBe(false))

  test.each([
    ['for another protocol', { protocol: 6 }],
    ['for another port', { destinationPort: 80 }],
    ['for a port that comes from elsewhere', { sourcePort: 1 }],
    ['for another device', { device: 'wan2' }],
    ['of the other family', { family: 'inet6' as const }],
    ['that lets pass', { seals: false }],
  ])('by a policy %s', (_, more) => expect(isSealed([{ ...policy, ...more }])).toBe(false))
})

test('the first policy counts that it is met by, and of equal ones any', () => {
  const passes = { ...policy, destination: '203.0.113.77/32', seals: false }
  expect(isSealed([policy, { ...passes, priority: 5 }])).toBe(false)
  expect(isSealed([policy, { ...passes, priority: 15 }])).toBe(true)
  expect(isSealed([policy, { ...passes, priority: 10 }])).toBe(true)
})

test('what others may have translated is left alone', () => {
  const others = (some: readonly unknown[]) => uplinks.map((uplink) => ({ ...uplink, others: some }))
  expect(isSealed([policy], {}, others([{}]))).toBe(false)
  expect(isSealed([policy], {}, others([{ family: 'inet6' }]))).toBe(true)
  expect(isSealed([policy], {}, others([{ sources: ['172.17.0.0/16'] }]))).toBe(true)
  expect(isSealed([policy], {}, others([{ sources: ['192.168.0.0/16'] }]))).toBe(false)
})
