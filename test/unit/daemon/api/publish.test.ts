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
  const published = publish(bus, now, () => ({}), { rows: async () => [], events: async () => [] })
  const status = { format: 1, mode: 'connection', daemon: true, heldDown: true, pending: 0, warnings: [] }
  published.show({ ...status, uplinks: [{ name: 'wan1', number: 1, state: 'online' }] } as unknown as Status)
  expect(await published.followSlice('wan1')).toEqual({
    ok: false,
    message: 'taken down; ifbalance apply starts again',
  })
  expect(await published.followSlice('wna1')).toMatchObject({ ok: false, misuse: true })
  expect(rounds).toBe(0)
})
