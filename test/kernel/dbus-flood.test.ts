/** What programs on the bus without any rights can do to the daemon. */
import { readFileSync } from 'node:fs'
import dbus from 'dbus-next'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { theBus } from '../../src/os/bus-connection.ts'
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
  console.log(`D6: RSS ${before.toFixed(1)} MiB before, ${memory('VmHWM').toFixed(1)} at most`)
  expect(memory('VmHWM') - before).toBeLessThan(30)
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
  console.log(
    `D7: ${rate} signals/s: ${(share * 100).toFixed(0)} % of a core, RSS ${before.toFixed(1)} -> ${memory().toFixed(1)} MiB, ` +
      `answer after ${(ended - asked).toFixed(0)} ms`,
  )
  expect(rate).toBeGreaterThan(5000)
  expect(share).toBeLessThan(0.6)
  expect(memory() - before).toBeLessThan(40)
  expect(daemon.said().join('\n')).not.toContain('network1')
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
  await daemon.says(/balancing over wan1 /, seen)
  const healed = performance.now() - cut
  const results = await flood
  const refused = results.filter((result) => result.status === 'rejected')
  const first = memory()
  for (let again = 0; again < 3; again++)
    await Promise.allSettled(Array.from({ length: 20_000 }, () => stranger.call(list())))
  stranger.disconnect()
  other.disconnect()
  console.log(
    `D7: 20,000 calls: ${refused.length} refused, RSS ${before.toFixed(1)} -> ${first.toFixed(1)} MiB, ` +
      `after 80,000 ${memory().toFixed(1)} MiB; another was answered after ${answered.toFixed(0)} ms, a lost carrier after ${healed.toFixed(0)} ms`,
  )
  expect(refused.length).toBeGreaterThan(0)
  expect(new Set(refused.map(({ reason }) => reason.type))).toEqual(
    new Set(['org.freedesktop.DBus.Error.LimitsExceeded']),
  )
  expect(memory() - first).toBeLessThan(30)
})
