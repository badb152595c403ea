import { expect, test } from 'vitest'
import type { MonitorEvent } from '../../../src/cli/monitor-events.ts'
import { eventJson, eventText } from '../../../src/cli/monitor-text.ts'
import type { Paint } from '../../../src/cli/output.ts'
import { checked } from '../../json.ts'

const plain: Paint = (_, text) => text
const time = new Date(2026, 10, 23, 9, 5, 7, 42)

const said = (event: MonitorEvent) => eventText(event, plain)

test('the daemon', () => {
  expect(said({ time, event: 'daemon', running: false, problem: null })).toBe(
    '09:05:07.042  no daemon is running; waiting for it',
  )
  expect(said({ time, event: 'daemon', running: true, mode: 'flow', heldDown: true })).toBe(
    '09:05:07.042  the daemon is running, mode flow, held down',
  )
})

test('a change is one line, in which nothing steers the terminal', () => {
  const changes = {
    State: { from: 'online', to: 'down' },
    Since: { from: 1, to: 2 },
    Share: { from: 0.5, to: 0 },
    Gateway4: { from: '192.0.2.1', to: '' },
    Addresses: { from: [], to: ['192.0.2.2', '\u001b[31m\n'] },
  }
  expect(said({ time, event: 'changed', name: 'lte', changes })).toBe(
    '09:05:07.042  lte: online -> down, share 50 % -> 0 %, gateway4 192.0.2.1 -> none, addresses none -> 192.0.2.2 \uFFFD[31m\uFFFD',
  )
})

test('a line for programs', () => {
  const line = eventJson({ time, event: 'removed', name: 'lte' })
  expect(checked('monitor', JSON.parse(line))).toEqual({
    format: 1,
    time: time.toISOString(),
    event: 'removed',
    name: 'lte',
  })
})

test('one of two routers', () => {
  const daemon = { time, event: 'daemon', running: true, mode: 'flow', heldDown: false } as const
  expect(said({ ...daemon, role: 'standby', usable: 1 })).toBe(
    '09:05:07.042  the daemon is running, mode flow, standby, 1 uplink is usable',
  )
  const Usable = { from: 0, to: 2 }
  const RoleReason = { from: 'lan0 has no link', to: '172.20.0.1 is on lan0' }
  const changed = (changes: Extract<MonitorEvent, { event: 'changed' }>['changes']) =>
    said({ time, event: 'changed', name: 'ifbalance', changes })
  expect(changed({ Role: { from: 'standby', to: 'active' }, RoleReason, Usable })).toBe(
    '09:05:07.042  ifbalance: role standby -> active, usable 0 -> 2, as 172.20.0.1 is on lan0',
  )
  expect(changed({ RoleReason, Usable })).toBe('09:05:07.042  ifbalance: usable 0 -> 2')
  expect(changed({ RoleReason })).toBe('09:05:07.042  ifbalance: 172.20.0.1 is on lan0')
})
