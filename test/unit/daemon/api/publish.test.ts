import { expect, test } from 'vitest'
import { publish } from '../../../../src/daemon/api/publish.ts'
import type { Bus } from '../../../../src/os/dbus/bus.ts'
import type { Status } from '../../../../src/status/status.ts'

test('FollowSlice makes no round while all is held down', async () => {
  const bus = { serve: () => undefined, emit: () => undefined } as unknown as Bus
  let rounds = 0
  const now = async () => {
    rounds += 1
    return { ok: true, message: '' }
  }
  const published = publish(bus, now, () => ({}), {
    rows: async () => [],
    graph: async () => [],
    events: async () => [],
  })
  const status = { format: 1, mode: 'connection', daemon: true, heldDown: true, pending: 0, warnings: [] }
  published.show({ ...status, uplinks: [{ name: 'wan1', number: 1, state: 'online' }] } as unknown as Status)
  expect(await published.followSlice('wan1')).toEqual({
    ok: false,
    message: 'taken down; ifbalance apply starts again',
  })
  expect(await published.followSlice('wna1')).toMatchObject({ ok: false, misuse: true })
  expect(rounds).toBe(0)
})

test('one of two routers signals its role with its reason, and others have no such property', () => {
  const told: unknown[] = []
  const bus = { serve: () => undefined, emit: ({ body }: { body: unknown }) => told.push(body) } as unknown as Bus
  const now = async () => ({ ok: true, message: '' })
  const published = publish(bus, now, () => ({}), {
    rows: async () => [],
    graph: async () => [],
    events: async () => [],
  })
  const status = { format: 1, mode: 'connection', daemon: true, heldDown: false, pending: 0, warnings: [] } as const
  published.show({ ...status, uplinks: [] })
  published.show({ ...status, uplinks: [], pair: { role: 'standby', why: 'lan0 has no link', usable: 2 } })
  published.show({ ...status, uplinks: [], pair: { role: 'active', why: '172.20.0.1 is on lan0', usable: 2 } })
  const changed = (...changes: unknown[]) => ['org.ifbalance1.Manager', changes, []]
  expect(told).toEqual([
    changed(['Role', ['s', 'standby']], ['RoleReason', ['s', 'lan0 has no link']], ['Usable', ['u', 2]]),
    changed(['Role', ['s', 'active']], ['RoleReason', ['s', '172.20.0.1 is on lan0']]),
  ])
})
