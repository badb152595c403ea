import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import dbus from 'dbus-next'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Bus, openBus, type Signal } from '../../src/os/dbus/bus.ts'
import { patienceMs } from '../lab/patience.ts'

const name = 'org.freedesktop.network1'
const link = '/org/freedesktop/network1/link/_32'
const properties = 'org.freedesktop.DBus.Properties'
const theBus = { destination: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus' }

let folder = ''
let socketPath = ''
let daemon: ChildProcess | null = null
const cleanups: (() => void)[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ifbalance-bus-'))
  socketPath = join(folder, 'socket')
  await startBus()
})

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) cleanup()
  await stopBus()
  rmSync(folder, { recursive: true })
})

/** A real dbus-daemon of our own. */
async function startBus(): Promise<void> {
  const args = ['--session', '--nofork', '--nopidfile', '--print-address', `--address=unix:path=${socketPath}`]
  daemon = spawn('/usr/bin/dbus-daemon', args, { stdio: ['ignore', 'pipe', 'ignore'] })
  if (daemon.stdout) await once(daemon.stdout, 'data')
}

async function stopBus(): Promise<void> {
  if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return
  daemon.kill('SIGKILL')
  await once(daemon, 'exit')
}

function open(onTrouble: (message: string) => void = () => undefined): Bus {
  const bus = openBus({ socketPath, onTrouble })
  cleanups.push(bus.close)
  return bus
}

/** Another program on the bus, by dbus-next's own front door. */
async function otherProgram(wanted?: string): Promise<dbus.MessageBus> {
  const other = dbus.sessionBus({ busAddress: `unix:socket=${socketPath}` })
  other.on('error', () => undefined)
  await once(other, 'connect')
  cleanups.push(() => other.disconnect())
  if (wanted) await other.requestName(wanted, 0)
  return other
}

function changed(path = link, signature = 'sa{sv}as', body: unknown[] = [`${name}.Link`, {}, []]): dbus.Message {
  return dbus.Message.newSignal(path, properties, 'PropertiesChanged', signature, body)
}

/** Collects what comes; `next` waits for as many. */
function collector<T>() {
  const all: T[] = []
  const waiting = new Set<() => void>()
  return {
    all,
    add: (value: T) => {
      all.push(value)
      for (const look of waiting) look()
    },
    reach: (count: number) =>
      new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`only ${all.length} of ${count}`)), patienceMs)
        const look = () => {
          if (all.length < count) return
          clearTimeout(timer)
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
  }
}

/** The bus handles messages of one sender in order: what was sent before the answer has been passed on by then. */
async function roundTrip(bus: Bus): Promise<void> {
  await bus.call({ ...theBus, member: 'GetId' })
}

async function connected(bus: Bus): Promise<void> {
  for (;;) {
    try {
      return await roundTrip(bus)
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

const match = {
  sender: name,
  interface: properties,
  member: 'PropertiesChanged',
  pathNamespace: '/org/freedesktop/network1',
}

test('signals of the owner arrive, and of nobody else', async () => {
  const bus = open()
  const owners = collector<string | null>()
  const signals = collector<Signal>()
  bus.watchOwner(name, owners.add)
  bus.subscribe(match, signals.add)
  const networkd = await otherProgram(name)
  await owners.reach(1)
  await connected(bus)

  const stranger = await otherProgram()
  stranger.send(changed())
  networkd.send(changed('/org/freedesktop/network10'))
  networkd.send(dbus.Message.newSignal(link, properties, 'Other'))
  networkd.send(
    changed(link, 'sa{sv}as', [
      name,
      { Big: new dbus.Variant('t', 2n ** 40n), Bytes: new dbus.Variant('ay', Buffer.from([10, 1, 0, 1])) },
      [],
    ]),
  )
  await signals.reach(1)
  expect(signals.all).toEqual([
    {
      sender: owners.all[0],
      path: link,
      interface: properties,
      member: 'PropertiesChanged',
      body: [name, { Big: 2 ** 40, Bytes: [10, 1, 0, 1] }, []],
    },
  ])
})

test('a signal that cannot be parsed harms nothing', async () => {
  const bus = open()
  const owners = collector<string | null>()
  const signals = collector<Signal>()
  bus.watchOwner(name, owners.add)
  bus.subscribe(match, signals.add)
  const networkd = await otherProgram(name)
  await owners.reach(1)
  await connected(bus)
  const { stream } = (networkd as unknown as { _connection: { stream: Socket } })._connection
  const write = stream.write.bind(stream)
  stream.write = (bytes: Buffer) => {
    // The signature in the header: `u`, a number, becomes `h`, the index of a file descriptor that is not there.
    const signature = bytes.indexOf(Buffer.from([8, 1, 0x67, 0, 1, 0x75, 0]))
    expect(signature).toBeGreaterThan(0)
    bytes[signature + 5] = 0x68
    return write(bytes)
  }
  networkd.send(changed(link, 'u', [0]))
  stream.write = write
  networkd.send(changed())
  await signals.reach(1)
  expect(signals.all.map((signal) => signal.body)).toEqual([[`${name}.Link`, {}, []]])
})

test('whoever hears of an owner misses none of its signals', async () => {
  const monitor = spawn('/usr/bin/dbus-monitor', ['--address', `unix:path=${socketPath}`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  cleanups.push(() => monitor.kill('SIGKILL'))
  const said = collector<string>()
  monitor.stdout.setEncoding('utf8').on('data', (text: string) => {
    for (const [line] of text.matchAll(/member=GetNameOwner|member='PropertiesChanged'/g)) said.add(line)
  })
  await once(monitor.stdout, 'data')
  const bus = open()
  bus.watchOwner(name, () => undefined)
  bus.subscribe(match, () => undefined)
  await said.reach(2)
  expect(said.all).toEqual(["member='PropertiesChanged'", 'member=GetNameOwner'])
})

test('owners come, change and go', async () => {
  const bus = open()
  const owners = collector<string | null>()
  await connected(bus)
  bus.watchOwner(name, owners.add)
  const first = await otherProgram(name)
  await owners.reach(1)
  await first.releaseName(name)
  await owners.reach(2)
  await otherProgram(name)
  await owners.reach(3)
  expect(owners.all).toEqual([expect.stringMatching(/^:/), null, expect.stringMatching(/^:/)])
})

test('a restarted bus is found again, with names and subscriptions', async () => {
  const troubles: string[] = []
  const bus = open((message) => troubles.push(message))
  const owners = collector<string | null>()
  const signals = collector<Signal>()
  bus.watchOwner('org.ifbalance1', owners.add)
  bus.subscribe(match, signals.add)
  bus.own('org.ifbalance1')
  await owners.reach(1)

  await stopBus()
  await owners.reach(2)
  await expect(bus.call({ ...theBus, member: 'GetId' })).rejects.toThrow(
    'calling org.freedesktop.DBus.GetId: no message bus',
  )
  await startBus()
  await owners.reach(3)
  expect(owners.all).toEqual([expect.stringMatching(/^:/), null, expect.stringMatching(/^:/)])

  const networkd = await otherProgram(name)
  await roundTrip(bus)
  networkd.send(changed())
  await signals.reach(1)
  expect(troubles[0]).toMatch(/^message bus: (the bus hung up|read ECONNRESET)$/)
})

test('a call that waits when the bus dies fails at once', async () => {
  const bus = open()
  await connected(bus)
  await otherProgram(name)
  // dbus-next answers every call: this one goes to a bus that is stopped.
  daemon?.kill('SIGSTOP')
  const call = bus.call({ ...theBus, member: 'GetId' })
  const refused = expect(call).rejects.toThrow(
    /^calling org\.freedesktop\.DBus\.GetId: (the bus hung up|read ECONNRESET)$/,
  )
  // Nobody waits for the answer that will not come, which would end in other words.
  await stopBus()
  await refused
})

test('a call that nobody answers ends', async () => {
  const bus = open()
  await connected(bus)
  daemon?.kill('SIGSTOP')
  await expect(bus.call({ ...theBus, member: 'GetId' })).rejects.toThrow('no answer within 5000 ms')
  daemon?.kill('SIGCONT')
  await roundTrip(bus)
})

test('an error is told with its name', async () => {
  const bus = open()
  await connected(bus)
  const call = bus.call({ ...theBus, member: 'GetNameOwner', signature: 's', body: ['org.example.Nobody'] })
  await expect(call).rejects.toThrow(
    /calling org\.freedesktop\.DBus\.GetNameOwner: org\.freedesktop\.DBus\.Error\.NameHasNoOwner/,
  )
  const nonsense = bus.call({ ...theBus, member: 'GetNameOwner', signature: 's', body: [] })
  await expect(nonsense).rejects.toThrow('calling org.freedesktop.DBus.GetNameOwner: ')
})

test('calls to us are refused, not left waiting', async () => {
  const bus = open()
  bus.own('org.ifbalance1')
  await connected(bus)
  const other = await otherProgram()
  const call = new dbus.Message({
    destination: 'org.ifbalance1',
    path: '/org/ifbalance1',
    interface: 'org.ifbalance1',
    member: 'Format',
  })
  await expect(other.call(call)).rejects.toThrow('no such method')
})

test('a name that another has is told, and not taken', async () => {
  const troubles = collector<string>()
  await otherProgram('org.ifbalance1')
  open(troubles.add).own('org.ifbalance1')
  await troubles.reach(1)
  expect(troubles.all).toEqual(['message bus: org.ifbalance1 is taken by another process'])
})

test('no bus at all: told once, tried again', async () => {
  await stopBus()
  rmSync(socketPath, { force: true })
  const troubles: string[] = []
  const bus = open((message) => troubles.push(message))
  // Nothing more must be told, however often it is tried: that takes time.
  await new Promise((resolve) => setTimeout(resolve, 1000))
  expect(troubles).toEqual([expect.stringContaining('ENOENT')])
  await startBus()
  await connected(bus)
})

test('something else behind the socket: told, and left', async () => {
  await stopBus()
  rmSync(socketPath, { force: true })
  const attempts = collector<string>()
  const imposter = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
  })
  imposter.listen(socketPath)
  await once(imposter, 'listening')
  open(attempts.add)
  await attempts.reach(1)
  imposter.close()
  const probe = connect(socketPath)
  await once(probe, 'error')
})

test('closing ends the connection', async () => {
  const bus = open()
  bus.own('org.ifbalance1')
  const other = await otherProgram()
  const owner = () =>
    other.call(new dbus.Message({ ...theBus, member: 'NameHasOwner', signature: 's', body: ['org.ifbalance1'] }))
  while (!(await owner())?.body[0]);
  bus.close()
  while ((await owner())?.body[0]);
})
