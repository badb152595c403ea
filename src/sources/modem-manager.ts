/** ModemManager's modems and bearers ("ModemManager D-Bus interface reference"); it configures no addresses. */

import type { Modem } from '../model/facts.ts'
import type { Family } from '../net/family.ts'
import { familyOf, isGateway, isInterfaceName } from '../net/valid.ts'
import type { ServiceReport } from '../store/bus-facts.ts'
import { listOf, numberOf, objectOf, stringOf, stringsOf } from '../values/checked.ts'
import { getOwn } from '../values/get-own.ts'
import type { Ask } from './service.ts'
import type { AskedSource } from './source.ts'

const root = '/org/freedesktop/ModemManager1'
const modemFace = 'org.freedesktop.ModemManager1.Modem'
const bearerFace = 'org.freedesktop.ModemManager1.Bearer'

/** More than a host has; what is beyond is not read. */
const limits = { modems: 16, bearers: 8 } as const

export const modemManager: AskedSource = {
  hooks: {},
  source: 'ModemManager',
  busName: 'org.freedesktop.ModemManager1',
  signals: [
    // A modem's state, signal and bearers; whether a bearer is connected, and its addresses.
    { interface: 'org.freedesktop.DBus.Properties', member: 'PropertiesChanged', pathNamespace: root },
    { interface: modemFace, member: 'StateChanged', pathNamespace: root },
    { interface: 'org.freedesktop.DBus.ObjectManager', member: 'InterfacesAdded', pathNamespace: root },
    { interface: 'org.freedesktop.DBus.ObjectManager', member: 'InterfacesRemoved', pathNamespace: root },
  ],
  read: readModems,
}

type Link = ServiceReport[string]
type Json = ReturnType<typeof objectOf>

async function readModems(ask: Ask, before: ServiceReport): Promise<ServiceReport> {
  const [objects] = await ask(root, 'org.freedesktop.DBus.ObjectManager', 'GetManagedObjects')
  const modems = Object.values(objectOf(objects))
    .map((faces) => objectOf(faces)[modemFace])
    .filter((modem) => modem !== undefined)
    .slice(0, limits.modems)
  const links: (readonly [string, Link])[] = []
  for (const modem of modems.map(objectOf)) links.push(...linksOf(modem, await readBearers(ask, modem), before))
  return Object.fromEntries(links)
}

async function readBearers(ask: Ask, modem: Json): Promise<readonly Json[]> {
  const paths = stringsOf(modem['Bearers']).filter((path) =>
    /^\/org\/freedesktop\/ModemManager1\/Bearer\/\d+$/.test(path),
  )
  const bearers: Json[] = []
  for (const path of paths.slice(0, limits.bearers)) {
    const [properties] = await ask(path, 'org.freedesktop.DBus.Properties', 'GetAll', 's', bearerFace)
    bearers.push(objectOf(properties))
  }
  return bearers
}

/**
 * The links of a modem: connected interfaces, and, as disconnected, those that were connected before or whose modem was
 * told to connect. Nothing is said of a modem that ModemManager knows but did not connect, as another program may use
 * it.
 */
function linksOf(modem: Json, bearers: readonly Json[], before: ServiceReport): readonly (readonly [string, Link])[] {
  const connected = bearers.flatMap((bearer) => {
    const name = stringOf(bearer['Interface'])
    return bearer['Connected'] === true && isInterfaceName(name) ? [[name, bearer] as const] : []
  })
  const ports = networkPorts(modem)
  const lost = ports.filter(
    (port) =>
      !connected.some(([name]) => name === port) &&
      (getOwn(before, port) !== undefined || (bearers.length > 0 && connected.length === 0)),
  )
  return [
    ...connected.map(([name, bearer]) => [name, { ...configOf(bearer), modem: stateOf(modem, true) }] as const),
    ...lost.map((name) => [name, { addresses: [], gateway: {}, modem: stateOf(modem, false) }] as const),
  ]
}

/** MM_MODEM_PORT_TYPE_NET of ModemManager. */
const netPort = 2

function networkPorts(modem: Json): readonly string[] {
  return listOf(modem['Ports'])
    .map(listOf)
    .filter(([, type]) => type === netPort)
    .map(([name]) => stringOf(name))
    .filter(isInterfaceName)
}

/** MM_BEARER_IP_METHOD_STATIC of ModemManager. With PPP and DHCP, pppd and the DHCP client know the addresses. */
const staticMethod = 2

function configOf(bearer: Json): Pick<Link, 'addresses' | 'gateway'> {
  const parts = (
    [
      ['inet', 'Ip4Config'],
      ['inet6', 'Ip6Config'],
    ] as const
  ).map(([family, property]) => familyConfig(objectOf(bearer[property]), family))
  return {
    addresses: parts.flatMap(({ addresses }) => addresses).toSorted(),
    gateway: Object.assign({}, ...parts.map(({ gateway }) => gateway)),
  }
}

/**
 * Address and gateway of a bearer in one family. Without a gateway the link leads to one peer, whose address does not
 * matter.
 */
function familyConfig(config: Json, family: Family): Pick<Link, 'addresses' | 'gateway'> {
  const address = stringOf(config['address'])
  if (config['method'] !== staticMethod || familyOf(address) !== family) return { addresses: [], gateway: {} }
  const gateway = stringOf(config['gateway'])
  return { addresses: [address], gateway: { [family]: isGateway(gateway, family) ? gateway : null } }
}

function stateOf(modem: Json, connected: boolean): Modem {
  const quality = numberOf(listOf(modem['SignalQuality'])[0])
  return {
    connected,
    signal: quality >= 0 && quality <= 100 ? quality : null,
    technologies: technologies.flatMap(([bit, name]) => (numberOf(modem['AccessTechnologies']) & bit ? [name] : [])),
  }
}

/** Bits of MMModemAccessTechnology, oldest first. */
const technologies: readonly (readonly [number, string])[] = [
  [1 << 1, 'gsm'],
  [1 << 3, 'gprs'],
  [1 << 4, 'edge'],
  [1 << 5, 'umts'],
  [1 << 6, 'hsdpa'],
  [1 << 7, 'hsupa'],
  [1 << 8, 'hspa'],
  [1 << 9, 'hspa-plus'],
  [1 << 14, 'lte'],
  [1 << 15, '5g'],
]
