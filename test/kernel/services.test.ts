/** The daemon with NetworkManager and ModemManager on the bus, and links in the kernel that are theirs. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { record } from '../lab/measurements.ts'
import { type Host, startHost } from './daemon-host.ts'
import { type Mock, type SystemBus, startModemManager, startNetworkManager, startSystemBus } from './mock-services.ts'
import { balancing } from './transcript.ts'

let host: Host
let bus: SystemBus

beforeEach(async () => {
  host = await startHost()
  bus = await startSystemBus(host)
})

afterEach(async () => {
  bus.close()
  await host.end()
})

function note(name: string, value: number, limit: number): void {
  record({ name, value, unit: 'ms', limit, release: 'namespace', stack: 'D-Bus' })
}

async function ip(...batch: readonly string[]): Promise<void> {
  await host.run(['ip', '-batch', '-'], {}, { input: batch.join('\n') })
}

async function routes(table: string): Promise<string> {
  const { stdout } = await host.run(['ip', 'route', 'show', 'default', 'table', 'all'])
  const lines = stdout.replaceAll(/\n\t| proto kernel/g, ' ').split('\n')
  return (
    lines
      // None of those that stand behind the balanced default.
      .filter((line) => line.includes(`table ${table}`) && !line.includes(' metric '))
      .join('\n')
      .replaceAll(/\s+/g, ' ')
      .trim()
  )
}

/** A raw-IP link: no neighbours, an address, and no route. The address of the device says that it is the same one. */
const modemLink = (name: string) => [
  `link add ${name} address 0c:5b:8f:27:9a:64 type veth peer name radio`,
  'link set radio up',
  `link set ${name} up`,
  `link set ${name} arp off`,
  `address add 10.64.0.2/30 dev ${name}`,
]

const modemFace = 'org.freedesktop.ModemManager1.Modem'
const bearerFace = 'org.freedesktop.ModemManager1.Bearer'
const bearerPath = '/org/freedesktop/ModemManager1/Bearer/0'

const connectedBy = (name: string, gateway: string | null = '10.64.0.1') =>
  ({
    Connected: ['b', true],
    Interface: ['s', name],
    Ip4Config: [
      'a{sv}',
      [
        ['method', ['u', 2]],
        ['address', ['s', '10.64.0.2']],
        ['prefix', ['u', 30]],
        ...(gateway === null ? [] : [['gateway', ['s', gateway]]]),
      ],
    ],
  }) as const

const disconnected = { Connected: ['b', false], Interface: ['s', ''], Ip4Config: ['a{sv}', []] } as const

async function addModem(mock: Mock, name: string, gateway?: string | null): Promise<void> {
  await mock.add(bearerPath, bearerFace, connectedBy(name, gateway))
  await mock.add('/org/freedesktop/ModemManager1/Modem/0', modemFace, {
    State: ['i', 11],
    SignalQuality: ['(ub)', [61, true]],
    AccessTechnologies: ['u', 1 << 14],
    Bearers: ['ao', [bearerPath]],
    Ports: [
      'a(su)',
      [
        ['cdc-wdm0', 6],
        [name, 2],
      ],
    ],
  })
}

const withModem = (device: string, via = 'via 10.64.0.1 ') =>
  `default table 30098 nexthop via 10.1.0.1 dev wan1 weight 1 nexthop via 10.2.0.1 dev wan2 weight 1 nexthop ${via}dev ${device} weight 1`
const withoutModem = 'default table 30098 nexthop via 10.1.0.1 dev wan1 weight 1 nexthop via 10.2.0.1 dev wan2 weight 1'

test('D9 a bearer that is lost without link down takes the uplink out, and brings it back', async () => {
  await ip(...modemLink('wwan0'))
  const modemManager = await startModemManager(host, bus)
  await addModem(modemManager, 'wwan0')
  let daemon = host.daemon()
  let seen = await daemon.balances(['wan1', 'wan2', 'wwan0'])
  expect(await routes('30098')).toBe(withModem('wwan0'))

  const cut = performance.now()
  await modemManager.update(bearerPath, bearerFace, disconnected)
  seen = await daemon.balances(['wan1', 'wan2'], seen)
  note('a modem that is disconnected -> balanced over the rest', performance.now() - cut, 1000)
  expect(await routes('30098')).toBe(withoutModem)
  expect(daemon.told({ event: 'trouble', kind: 'no-bearer', uplink: 'wwan0' })).not.toEqual([])
  expect((await host.run(['ip', '-brief', 'link', 'show', 'wwan0'])).stdout).toMatch(/LOWER_UP/)
  // Commands know what the daemon was told.
  const status = JSON.parse((await host.ifbalance(['status', '--json'])).stdout)
  expect(status.pending).toBe(0)
  expect(status.uplinks).toContainEqual(
    expect.objectContaining({
      name: 'wwan0',
      state: 'down',
      modem: { connected: false, signal: 61, technologies: ['lte'] },
    }),
  )

  // So does the next daemon, before it has asked anyone.
  daemon.signal('SIGKILL')
  await daemon.ended
  daemon = host.daemon()
  await daemon.tells({ event: 'trouble', kind: 'no-bearer' })
  expect(await routes('30098')).toBe(withoutModem)

  await modemManager.update(bearerPath, bearerFace, connectedBy('wwan0'))
  seen = await daemon.balances(['wan1', 'wan2', 'wwan0'])
  expect(await routes('30098')).toBe(withModem('wwan0'))

  // A route in main does not make it better; but when nobody is left who would say that it is back, the link counts.
  await modemManager.update(bearerPath, bearerFace, disconnected)
  seen = await daemon.balances(['wan1', 'wan2'], seen)
  await ip('route add default dev wwan0 metric 900')
  expect((await host.ifbalance(['apply'])).exitCode).toBe(0)
  expect(await routes('30098')).toBe(withoutModem)
  modemManager.program.signal('SIGKILL')
  await daemon.balances(['wan1', 'wan2', 'wwan0'], seen)
  expect(await routes('30098')).toBe(withModem('wwan0', ''))
})

test('D9 wwan0 that comes back as wwan1 is the same uplink', async () => {
  await ip(...modemLink('wwan0'))
  await host.write('/etc/ifbalance/ifbalance.conf', '[uplink wwan0]\nweight = 3\n')
  const modemManager = await startModemManager(host, bus)
  await addModem(modemManager, 'wwan0', null)
  const daemon = host.daemon()
  let seen = await daemon.balances(['wan1', 'wan2', 'wwan0'])
  const table = /lookup (300\d\d|wwan0)/.exec((await host.run(['ip', 'rule', 'list', 'oif', 'wwan0'])).stdout)?.[1]
  expect(table).toBeDefined()

  await modemManager.update(bearerPath, bearerFace, disconnected)
  await ip('link del wwan0')
  seen = await daemon.balances(['wan1', 'wan2'], seen)
  await ip(...modemLink('wwan1'))
  await modemManager.update('/org/freedesktop/ModemManager1/Modem/0', modemFace, { Ports: ['a(su)', [['wwan1', 2]]] })
  await modemManager.update(bearerPath, bearerFace, connectedBy('wwan1', null))
  await daemon.balances(['wan1', 'wan2', 'wwan0'], seen)
  expect((await host.run(['ip', 'rule', 'list', 'oif', 'wwan1'])).stdout).toContain(`lookup ${table}`)
  expect(await routes('30098')).toBe(withModem('wwan1', '').replace(/weight 1$/, 'weight 3'))
})

test('D8 names and paths that lead elsewhere are passed over', async () => {
  await ip(...modemLink('wwan0'))
  const modemManager = await startModemManager(host, bus)
  await modemManager.add(bearerPath, bearerFace, connectedBy('../../../etc/passwd'))
  await modemManager.add('/org/freedesktop/ModemManager1/Modem/0', modemFace, {
    Bearers: ['as', ['../../Bearer/0', bearerPath, '/org/freedesktop/ModemManager1/Modem/0']],
    Ports: ['a(su)', [['../../wwan0', 2]]],
    State: ['s', 'connected'],
    SignalQuality: ['u', 7],
  })
  const daemon = host.daemon()
  const seen = await daemon.balances(['wan1', 'wan2'])
  await modemManager.update(bearerPath, bearerFace, connectedBy('wwan0'))
  await daemon.balances(['wan1', 'wan2', 'wwan0'], seen)
  expect(await routes('30098')).toBe(withModem('wwan0'))
})

test("D2 NetworkManager's gateways: late, changed, gone and back", async () => {
  await ip(
    'link add wan3 type veth peer name isp3',
    'link set isp3 up',
    'link set wan3 up',
    'address add 10.9.0.2/24 dev wan3',
  )
  const daemon = host.daemon()
  let seen = await daemon.balances(['wan1', 'wan2'])
  const config = '/org/freedesktop/NetworkManager/IP4Config/3'
  const configFace = 'org.freedesktop.NetworkManager.IP4Config'
  const device = '/org/freedesktop/NetworkManager/Devices/eth3'

  async function start(): Promise<Mock> {
    const mock = await startNetworkManager(host, bus)
    await mock.call(
      '/org/freedesktop/NetworkManager',
      'org.freedesktop.DBus.Mock',
      'AddEthernetDevice',
      'ssi',
      'eth3',
      'wan3',
      100,
    )
    await mock.add(config, configFace, {
      Gateway: ['s', '10.9.0.1'],
      AddressData: ['aa{sv}', [[['address', ['s', '10.9.0.2']]]]],
    })
    await mock.extend(device, 'org.freedesktop.NetworkManager.Device', { Ip4Config: ['o', config] })
    return mock
  }

  const networkManager = await start()
  seen = await daemon.balances(['wan1', 'wan2', 'wan3'], seen)
  expect(await routes('30003')).toContain('default via 10.9.0.1 dev wan3')
  await networkManager.update(config, configFace, { Gateway: ['s', '10.9.0.254'] })
  await expect.poll(() => routes('30003')).toContain('default via 10.9.0.254 dev wan3')
  seen = daemon.said().length

  // While it is away, and when it comes back, wan3 stays in; the new one's word is heard.
  networkManager.program.signal('SIGKILL')
  await networkManager.program.ended
  await start()
  await expect.poll(() => routes('30003')).toContain('default via 10.9.0.1 dev wan3')
  expect(daemon.told({ event: 'round', carrying: ['wan1', 'wan2'] }, seen)).toEqual([])
})

test('D1, D10 a NetworkManager that hangs delays nothing, nor does a bus that is restarted', async () => {
  await ip(...modemLink('wwan0'))
  const networkManager = await startNetworkManager(host, bus)
  const modemManager = await startModemManager(host, bus)
  await addModem(modemManager, 'wwan0')
  const daemon = host.daemon()
  let seen = await daemon.balances(['wan1', 'wan2', 'wwan0'])
  networkManager.program.signal('SIGSTOP')
  await modemManager.update(bearerPath, bearerFace, disconnected)
  seen = await daemon.balances(['wan1', 'wan2'], seen)
  const cut = performance.now()
  await ip('link set isp2 down')
  seen = await daemon.balances(['wan1'], seen)
  note('carrier loss -> balanced over the rest, NetworkManager hangs', performance.now() - cut, 500)

  await bus.restart()
  await startModemManager(host, bus).then((mock) => addModem(mock, 'wwan0'))
  await daemon.balances(['wan1', 'wwan0'], seen)
})

test('D4, D5 what strangers say of a modem is not believed', async () => {
  await ip(...modemLink('wwan0'))
  const modemManager = await startModemManager(host, bus)
  await addModem(modemManager, 'wwan0')
  const daemon = host.daemon()
  const seen = await daemon.balances(['wan1', 'wan2', 'wwan0'])
  const lie = { path: bearerPath, interface: 'org.freedesktop.DBus.Properties', member: 'PropertiesChanged' }
  const body = [bearerFace, [['Connected', ['b', false]]], []]
  for (let i = 0; i < 100; i++) bus.emit({ ...lie, signature: 'sa{sv}as', body })
  // The truth, later: had the lies been heard, this would not be the first change.
  await modemManager.update(bearerPath, bearerFace, {
    Ip4Config: connectedBy('wwan0', '10.64.0.3').Ip4Config,
  })
  await daemon.tells(balancing, seen)
  expect(daemon.told({ event: 'trouble', kind: 'no-bearer' }, seen)).toEqual([])
  expect(await routes('30003')).toContain('default via 10.64.0.3 dev wwan0')
})
