/** When lines by a bridge are taken for cut: what the bridge has learned is played. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { watchBridges } from '../../../../src/daemon/lines/bridge-watch.ts'
import { createTicker, type Ticker } from '../../../../src/daemon/ticker.ts'
import type { Egress } from '../../../../src/lines/probes/egress.ts'
import { sendLogTo, toStandardError } from '../../../../src/os/log.ts'
import { linkOf } from '../../builders.ts'

let pulse: Ticker
beforeEach(() => {
  vi.useFakeTimers()
  sendLogTo(() => undefined)
  pulse = createTicker()
})
afterEach(() => {
  pulse.stop()
  sendLogTo(toStandardError)
  vi.useRealTimers()
})

const bridge = linkOf('br0', { index: 3, kind: 'bridge' })
const vlan = linkOf('br0.5', { index: 4, kind: 'vlan', below: 3 })
const port = (name: string, carrier = true) =>
  linkOf(name, { index: 10, master: 3, carrier, kind: name.startsWith('tap') ? 'tun' : null })
const egress: Egress = { uplink: 'dsl', family: 'inet', device: 'br0', gateway: '10.2.0.1', source: null }

/** A watch of lines by `device`, with what it has asked for and whom it took for cut. */
function watch(device = 'br0') {
  const line = { ...egress, device }
  const played = { ports: null as readonly string[] | null, asked: [] as string[], cut: [] as string[] }
  const { update } = watchBridges(
    pulse,
    ({ uplink }, lost) => played.cut.push(`${uplink} ${lost}`),
    async (...asked) => {
      played.asked.push(asked.join(' '))
      return played.ports
    },
  )
  return {
    played,
    round: async (...ports: readonly ReturnType<typeof port>[]) => {
      update([line], [bridge, vlan, ...ports])
      await vi.advanceTimersByTimeAsync(0)
    },
  }
}

test.each(['br0', 'br0.5'])('%s is cut with the port behind which its gateway was, once', async (device) => {
  const { played, round } = watch(device)
  played.ports = ['eth0']
  await round(port('eth0'), port('tap0'))
  expect(played.asked).toEqual([`10.2.0.1 ${device} br0`])
  await round(port('eth0'), port('tap0', false))
  expect(played.asked).toHaveLength(1)
  played.ports = []
  await round(port('eth0', false), port('tap0'))
  await round(port('eth0', false), port('tap0'))
  expect(played.cut).toEqual(['dsl eth0'])
})

test('it is not where the gateway is behind another port by then, where it is not known, or was never seen', async () => {
  const { played, round } = watch()
  await round(port('eth0', false), port('tap0'))
  played.ports = ['eth0']
  await round(port('eth0'), port('tap0'))
  played.ports = ['tap0']
  await round(port('eth0', false), port('tap0'))
  played.ports = null
  await round(port('eth0'), port('tap0', false))
  expect(played.cut).toEqual([])
})

test('where another card has a carrier, probes find out; it is cut when that has none either', async () => {
  const { played, round } = watch()
  played.ports = ['eth0']
  await round(port('eth0'), port('eth1'), port('tap0'))
  played.ports = []
  await round(port('eth0', false), port('eth1'), port('tap0'))
  expect(played.cut).toEqual([])
  await round(port('eth0', false), port('eth1', false), port('tap0'))
  expect(played.cut).toEqual(['dsl eth0'])
})

test('a gateway that was not seen yet is looked for, less and less often', async () => {
  const { played, round } = watch()
  await round(port('eth0'), port('tap0'))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(played.asked.length).toBeGreaterThan(4)
  expect(played.asked.length).toBeLessThan(9)
  played.ports = ['eth0']
  await vi.advanceTimersByTimeAsync(60_000)
  const { length } = played.asked
  await vi.advanceTimersByTimeAsync(600_000)
  expect(played.asked).toHaveLength(length)
})

test('no other line is asked for', async () => {
  const { played, round } = watch('eth0')
  await round(linkOf('eth0', { index: 20 }), port('tap0'))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(played.asked).toEqual([])
})
