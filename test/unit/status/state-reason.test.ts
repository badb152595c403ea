import { expect, test } from 'vitest'
import { stateReason } from '../../../src/status/state-reason.ts'

const path = { gateway: null, addresses: [], mtu: 1500, share: 0.5 }
const line = {
  state: 'online',
  degraded: false,
  since: 0,
  lastProbe: null,
  latencyMs: 1,
  jitterMs: 0,
  loss: 0,
} as const
const dsl = { name: 'dsl', inet: path, inet6: null }

test('what keeps an uplink from having a line comes first', () => {
  expect(stateReason({ ...dsl, why: 'no carrier' }, { dsl: { inet: { ...line, why: 'answered' } } })).toBe('no carrier')
})

test('of two families, that of the worse line is named; of equal ones, and of one alone, none', () => {
  const both = { ...dsl, inet6: path }
  const good = { ...line, why: '3 of 3 targets answered' }
  const dead = { ...line, state: 'offline', why: '0 of 3 targets answered' } as const
  expect(stateReason(both, { dsl: { inet: good, inet6: dead } })).toBe('IPv6: 0 of 3 targets answered')
  expect(stateReason(both, { dsl: { inet: { ...good, degraded: true, why: 'slow' }, inet6: good } })).toBe('IPv4: slow')
  expect(stateReason(both, { dsl: { inet: good, inet6: good } })).toBe('3 of 3 targets answered')
  expect(stateReason(dsl, { dsl: { inet: good, inet6: dead } })).toBe('3 of 3 targets answered')
})

test('nobody looks: there is nothing to say', () => {
  expect(stateReason(dsl, {})).toBe(null)
})
