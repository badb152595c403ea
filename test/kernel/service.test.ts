/** One service on a real bus: when it is asked, and what of its answers holds for how long. */
import { once } from 'node:events'
import dbus from 'dbus-next'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { networkd } from '../../src/sources/networkd.ts'
import { type Follower, followService, type Timing } from '../../src/sources/service.ts'
import type { ServiceReport } from '../../src/store/bus-facts.ts'
import { record } from '../lab/measurements.ts'
import { patienceMs } from '../lab/patience.ts'
import { type PrivateBus, startPrivateBus } from './private-bus.ts'

const timing: Timing = { restMs: 100, settleMs: 300, retryMs: 100, maxRetryMs: 400, graceMs: 700 }
const properties = 'org.freedesktop.DBus.Properties'
const link = '/org/freedesktop/network1/link/_32'

let bus: PrivateBus
let follower: Follower | null = null

beforeEach(async () => {
  bus = await startPrivateBus()
})

afterEach(async () => {
  follower?.stop()
  await bus.end()
})

/** What networkd describes when wan1 has this gateway. */
function description(gateway: readonly unknown[]): string {
  const ours = { ConfigSource: 'DHCPv4', ConfigState: 'configured', Family: 2 }
  const route = { ...ours, Type: 1, DestinationPrefixLength: 0, Gateway: gateway, Priority: 1024 }
  return JSON.stringify({
    Interfaces: [{ Name: 'wan1', Addresses: [{ ...ours, Address: [10, 1, 0, 2] }], Routes: [route] }],
  })
}

interface Networkd {
  asked: number
  /** Null: it never answers. */
  answer: string | null
  readonly change: () => void
  readonly leave: () => Promise<void>
}

async function startNetworkd(answer: string | null): Promise<Networkd> {
  const program = await bus.join()
  const networkd: Networkd = {
    asked: 0,
    answer,
    change: () =>
      program.send(
        dbus.Message.newSignal(link, properties, 'PropertiesChanged', 'sa{sv}as', [
          'org.freedesktop.network1.Link',
          {},
          [],
        ]),
      ),
    leave: async () => {
      program.disconnect()
    },
  }
  const handlers = program as unknown as { addMethodHandler: (handler: (call: dbus.Message) => boolean) => void }
  handlers.addMethodHandler((call) => {
    if (call.member !== 'Describe') return false
    networkd.asked += 1
    if (networkd.answer !== null) program.send(dbus.Message.newMethodReturn(call, 's', [networkd.answer]))
    return true
  })
  await program.requestName('org.freedesktop.network1', 0)
  return networkd
}

/** What was told, one after the other; `next` waits for one more. */
function follow(before: ServiceReport = {}) {
  const told: ServiceReport[] = []
  const news = new EventTarget()
  follower = followService(
    bus.open(),
    networkd,
    before,
    (facts) => {
      told.push(facts)
      news.dispatchEvent(new Event('told'))
    },
    timing,
  )
  return {
    told,
    reach: async (count: number) => {
      while (told.length < count) await once(news, 'told', { signal: AbortSignal.timeout(patienceMs) })
      return told[count - 1]
    },
  }
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}

const via = (gateway: string): ServiceReport => ({ wan1: { addresses: ['10.1.0.2'], gateway: { inet: gateway } } })

test('D2 a service that comes late is asked, and again when it says that something changed', async () => {
  const { reach } = follow()
  // It is late; and finds somebody who waits.
  await pause(300)
  const service = await startNetworkd(description([10, 1, 0, 1]))
  expect(await reach(1)).toEqual(via('10.1.0.1'))
  service.answer = description([10, 1, 0, 254])
  service.change()
  expect(await reach(2)).toEqual(via('10.1.0.254'))
})

test('D2 a service that is restarted is asked at once; what it said holds meanwhile, and not for ever', async () => {
  const { told, reach } = follow(via('10.1.0.1'))
  const first = await startNetworkd(description([10, 1, 0, 1]))
  while (first.asked === 0) await pause(10)
  await first.leave()
  await pause(100)
  const second = await startNetworkd(description([10, 1, 0, 1]))
  while (second.asked === 0) await pause(10)
  // Nothing must happen: that takes time.
  await pause(2 * timing.graceMs)
  expect(told).toEqual([])
  const left = performance.now()
  await second.leave()
  expect(await reach(1)).toEqual({})
  expect(performance.now() - left).toBeGreaterThan(timing.graceMs - 50)
})

test('D2 a service that has just come does not know all yet', async () => {
  const { told, reach } = follow({ ...via('10.1.0.1'), wan2: { addresses: [], gateway: { inet: '10.2.0.1' } } })
  const service = await startNetworkd(description([10, 1, 0, 254]))
  expect(await reach(1)).toMatchObject({ ...via('10.1.0.254'), wan2: { gateway: { inet: '10.2.0.1' } } })
  const came = performance.now()
  expect(await reach(2)).toEqual(via('10.1.0.254'))
  expect(performance.now() - came).toBeGreaterThan(timing.settleMs - 100)
  expect(told.length).toBe(2)
  expect(service.asked).toBe(2)
})

test('D7 10,000 signals are few questions, and the last one is heard', async () => {
  const service = await startNetworkd(description([10, 1, 0, 1]))
  const { reach } = follow()
  await reach(1)
  await pause(timing.settleMs + timing.restMs)
  service.asked = 0
  const began = performance.now()
  for (let i = 0; i < 10_000; i++) {
    service.change()
    if (i % 100 === 0) await pause(0)
  }
  service.answer = description([10, 1, 0, 254])
  service.change()
  expect(await reach(2)).toEqual(via('10.1.0.254'))
  const tenths = (performance.now() - began) / timing.restMs
  expect(service.asked).toBeLessThanOrEqual(tenths + 2)
})

test.each([
  ['no JSON', 'nonsense', null],
  ['another shape', '{"Interfaces":[null,7,{"Name":"wan1","Routes":"many"}]}', {}],
  ['a name that is a path', description([10, 1, 0, 1]).replace('wan1', '../../etc/passwd'), {}],
  ['a name that every object has', description([10, 1, 0, 1]).replace('wan1', '__proto__'), {}],
  ['bytes that are none', description([10, 1, 0, 256]), {}],
  ['too few bytes', description([10, 1]), {}],
  ['a gateway that is none', description([224, 0, 0, 1]), {}],
] as const)('D7, D8 an answer with %s is no gateway', async (_what, answer, expected) => {
  const service = await startNetworkd(answer)
  const { told, reach } = follow({ old: { addresses: [], gateway: { inet: '192.0.2.1' } } })
  if (expected === null) {
    // Asked again and again until it makes sense, what it said before holds for a while.
    while (service.asked < 3) await pause(10)
    expect(told).toEqual([])
  } else {
    expect(await reach(1)).toEqual(expected)
  }
})

test('D10 what a service said holds while it does not answer, however long that takes; only its modems are not believed for ever', async () => {
  const modem = { connected: false, signal: null, technologies: [] }
  const { told, reach } = follow({ ...via('10.1.0.1'), wwan0: { addresses: [], gateway: {}, modem } })
  const mute = await startNetworkd('')
  expect(await reach(1)).toEqual({ ...via('10.1.0.1'), wwan0: { addresses: [], gateway: {} } })
  // Nothing must happen: that takes time.
  await pause(2 * timing.graceMs)
  expect(told).toHaveLength(1)
  mute.answer = '{}'
  mute.change()
  await pause(timing.graceMs)
  expect(told).toHaveLength(1)
})

test('D10 a service that never answers is asked ever more rarely; its successor at once', async () => {
  const { reach } = follow()
  const mute = await startNetworkd(null)
  while (mute.asked === 0) await pause(10)
  for (let i = 0; i < 1000; i++) mute.change()
  // Nothing must happen: that takes time.
  await pause(1000)
  expect(mute.asked).toBe(1)
  await mute.leave()
  await startNetworkd(description([10, 1, 0, 1]))
  const came = performance.now()
  expect(await reach(1)).toEqual(via('10.1.0.1'))
  const value = performance.now() - came
  const name = 'a service that takes the place of one that hangs is asked'
  record({ name, value, unit: 'ms', limit: 1000, release: 'namespace', stack: 'D-Bus' })
})
