/** NetworkManager and ModemManager as python-dbusmock plays them, on the bus of a host of daemon-host.ts. */
import { setTimeout as pause } from 'node:timers/promises'
import { type Bus, openBus } from '../../src/os/dbus/bus.ts'
import { patienceMs } from '../lab/patience.ts'
import type { Host, Running } from './daemon-host.ts'

/** As D-Bus wants a variant: signature and value. */
export type Variant = readonly [string, unknown]
export type Properties = Readonly<Record<string, Variant>>

export interface Mock {
  /** An object, announced by InterfacesAdded. */
  readonly add: (path: string, face: string, properties: Properties) => Promise<void>
  /** One after the other, each announced by PropertiesChanged. */
  readonly update: (path: string, face: string, properties: Properties) => Promise<void>
  /** Properties that the object has not yet; announced by nothing. */
  readonly extend: (path: string, face: string, properties: Properties) => Promise<void>
  readonly call: (
    path: string,
    face: string,
    member: string,
    signature: string,
    ...body: readonly unknown[]
  ) => Promise<readonly unknown[]>
  readonly program: Running
}

const objectManager = 'org.freedesktop.DBus.ObjectManager'
const mockFace = 'org.freedesktop.DBus.Mock'
const socket = '/run/dbus/system_bus_socket'

export interface SystemBus extends Bus {
  /** All who were on it are thrown off, the mocks' programs end. */
  readonly restart: () => Promise<void>
}

/** A message bus on the host, where programs look for the system's. */
export async function startSystemBus(host: Host): Promise<SystemBus> {
  const start = () => host.start(['dbus-daemon', '--session', '--nofork', `--address=unix:path=${socket}`])
  let daemon = start()
  // By the host's own root folder, which outlives the bus.
  const bus = openBus({ socketPath: `/proc/${host.pid}/root${socket}` })
  await owned(bus, 'org.freedesktop.DBus')
  return {
    ...bus,
    restart: async () => {
      daemon.signal('SIGKILL')
      await daemon.ended
      daemon = start()
      await owned(bus, 'org.freedesktop.DBus')
    },
  }
}

/** `arguments_` of dbusmock(1): a template, or a name, path and interface. */
async function startMock(host: Host, bus: Bus, name: string, arguments_: readonly string[]): Promise<Mock> {
  const program = host.start(['/usr/bin/python3', '-m', 'dbusmock', '--system', ...arguments_])
  await owned(bus, name)
  const call: Mock['call'] = (path, face, member, signature, ...body) =>
    bus.call({ destination: name, path, interface: face, member, signature, body })
  const list = (properties: Properties) => Object.entries(properties)
  return {
    program,
    call,
    add: async (path, face, properties) => {
      const main = arguments_.includes('networkmanager') ? '/org/freedesktop' : (arguments_[1] ?? '')
      await call(main, mockFace, 'AddObject', 'ssa{sv}a(ssss)', path, face, list(properties), [])
      await call(main, mockFace, 'EmitSignal', 'sssav', objectManager, 'InterfacesAdded', 'oa{sa{sv}}', [
        ['o', path],
        ['a{sa{sv}}', [[face, list(properties)]]],
      ])
    },
    update: async (path, face, properties) => {
      for (const [name, value] of list(properties))
        await call(path, 'org.freedesktop.DBus.Properties', 'Set', 'ssv', face, name, value)
    },
    extend: async (path, face, properties) => {
      await call(path, mockFace, 'AddProperties', 'sa{sv}', face, list(properties))
    },
  }
}

export const startModemManager = (host: Host, bus: Bus) =>
  startMock(host, bus, 'org.freedesktop.ModemManager1', [
    'org.freedesktop.ModemManager1',
    '/org/freedesktop/ModemManager1',
    'org.freedesktop.ModemManager1',
    '--is-object-manager',
  ])

export const startNetworkManager = (host: Host, bus: Bus) =>
  startMock(host, bus, 'org.freedesktop.NetworkManager', ['--template', 'networkmanager'])

async function owned(bus: Bus, name: string): Promise<void> {
  const theBus = {
    destination: 'org.freedesktop.DBus',
    path: '/org/freedesktop/DBus',
    interface: 'org.freedesktop.DBus',
  } as const
  for (const end = performance.now() + patienceMs; performance.now() < end; ) {
    try {
      const [isOwned] = await bus.call({ ...theBus, member: 'NameHasOwner', signature: 's', body: [name] })
      if (isOwned === true) return
    } catch {
      // The bus itself is not there yet.
    }
    await pause(20)
  }
  throw new Error(`${name} never came to the bus`)
}
