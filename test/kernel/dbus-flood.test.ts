/** What programs on the bus without any rights can do to the daemon. */
import { readFileSync } from 'node:fs'
import dbus from 'dbus-next'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { theBus } from '../../src/os/dbus/connection.ts'
import { record } from '../lab/measurements.ts'
import { answers, connectTo, names, prepareBus, type SystemBus, startSystemBus } from './daemon-bus.ts'
import { type Host, keepHeapSmall, type Running, startHost } from './daemon-host.ts'

let host: Host
let daemon: Running
let system: SystemBus

beforeEach(async () => {
  host = await startHost()
  await prepareBus(host)
  system = await startSystemBus(host)
  await keepHeapSmall(host)
  daemon = host.daemon()
  await answers(host, names.service, names.root)
})

afterEach(() => host.end())

function note(name: string, value: number, unit: string, bounds: { limit?: number; least?: number }): void {
  record({ name, value, unit, limit: null, ...bounds, release: 'namespace', stack: 'D-Bus' })
}

/** MiB. */
function memory(field: 'VmRSS' | 'VmHWM' = 'VmRSS'): number {
  return (
    Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${daemon.pid}/status`, 'utf8'))?.[1]) / 1024
  )
}

/** Seconds of one core, user and system, without children: proc_pid_stat(5), in hundredths. */
function cpu(): number {
  const fields = readFileSync(`/proc/${daemon.pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

async function ownerOf(bus: dbus.MessageBus): Promise<string> {
  const reply = await bus.call(
    new dbus.Message({ ...theBus, member: 'GetNameOwner', signature: 's', body: [names.service] }),
  )
  return String(reply?.body[0])
}

function ping(): dbus.Message {
  const { service: destination, root: path } = names
  return new dbus.Message({ destination, path, interface: 'org.freedesktop.DBus.Peer', member: 'Ping' })
}

test('D6: a giant call is refused, a giant signal dropped, and neither fills the memory', async () => {
  const stranger = await connectTo(system)
  const before = memory()
  // The system bus takes 32 MiB.
  const giant = 'x'.repeat(30 * 1024 * 1024)
  const call = new dbus.Message({
    ...{ destination: names.service, path: names.root, interface: names.manager, member: 'SetEnabled' },
    ...{ signature: 'sb', body: [giant, true] },
  })
  await expect(stranger.call(call)).rejects.toMatchObject({ type: 'org.freedesktop.DBus.Error.LimitsExceeded' })
  const signal = dbus.Message.newSignal('/x', 'org.example.X', 'NameOwnerChanged', 's', [giant])
  signal.destination = await ownerOf(stranger)
  stranger.send(signal)
  await stranger.call(ping())
  stranger.disconnect()
  note('memory that a giant message costs at most', memory('VmHWM') - before, 'MiB', { limit: 30 })
})

test('D5, D7: 10,000 signals a second, of right and wrong types, cost bounded time and memory', async () => {
  const stranger = await connectTo(system)
  const destination = await ownerOf(stranger)
  const kinds = [
    () => ['/org/freedesktop/network1/link/_32', names.properties, 'PropertiesChanged', 'sa{sv}as', ['x', {}, []]],
    () => [theBus.path, theBus.interface, 'NameOwnerChanged', 'sss', ['org.freedesktop.network1', '', ':1.99']],
    () => ['/x', 'org.example.X', 'Y', 'a(ai)t', [[[[1]], [[2]]], 2n ** 60n]],
  ] as const
  const send = (number: number) => {
    const [kind = kinds[0]] = [kinds[number % kinds.length]]
    const signal = dbus.Message.newSignal(...(kind() as Parameters<typeof dbus.Message.newSignal>))
    signal.destination = destination
    stranger.send(signal)
  }
  await stranger.call(ping())
  const [before, spent, began] = [memory(), cpu(), performance.now()]
  const seconds = 5
  for (let slice = 1; slice <= seconds * 50; slice++) {
    for (let i = 0; i < 200; i++) send(i)
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, began + slice * 20 - performance.now())))
  }
  const asked = performance.now()
  await stranger.call(ping())
  const [ended, used] = [performance.now(), cpu() - spent]
  stranger.disconnect()
  const rate = Math.round((seconds * 10_000) / ((ended - began) / 1000))
  const share = used / ((ended - began) / 1000)
  // What the sender can do here, which is no figure of ours.
  note('a flood of signals', rate, '/s', {})
  note('a flood of signals: the daemon spends', share * 100, '% of a core', { limit: 60 })
  note('a flood of signals: memory that the daemon gains', memory() - before, 'MiB', { limit: 40 })
  note('a flood of signals: the next call is answered', ended - asked, 'ms', {})
  expect(daemon.told({ event: 'service' })).toEqual([])
})

test('D7: who floods with calls is told so; others are served, and rounds go on', async () => {
  const stranger = await connectTo(system)
  const { service: destination, root: path, objects } = names
  const list = () => new dbus.Message({ destination, path, interface: objects, member: 'GetManagedObjects' })
  const before = memory()
  const flood = Promise.allSettled(Array.from({ length: 20_000 }, () => stranger.call(list())))
  const other = await connectTo(system)
  const asked = performance.now()
  await other.call(ping())
  const answered = performance.now() - asked
  const seen = daemon.said().length
  await host.run(['ip', 'link', 'set', 'isp2', 'down'])
  const cut = performance.now()
  await daemon.balances(['wan1'], seen)
  const healed = performance.now() - cut
  const results = await flood
  const refused = results.filter((result) => result.status === 'rejected')
  const first = memory()
  for (let again = 0; again < 3; again++)
    await Promise.allSettled(Array.from({ length: 20_000 }, () => stranger.call(list())))
  stranger.disconnect()
  other.disconnect()
  note('20,000 calls at once: memory that the daemon gains', first - before, 'MiB', {})
  note('20,000 calls at once: another caller is answered', answered, 'ms', {})
  note('20,000 calls at once: a lost carrier is followed', healed, 'ms', {})
  note('20,000 calls, three times more: memory that the daemon gains', memory() - first, 'MiB', { limit: 30 })
  expect(refused.length).toBeGreaterThan(0)
  expect(new Set(refused.map(({ reason }) => reason.type))).toEqual(
    new Set(['org.freedesktop.DBus.Error.LimitsExceeded']),
  )
})
