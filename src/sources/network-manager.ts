/** NetworkManager's devices and their IP configuration (nm-dbus-interface(5), "D-Bus API Reference"). */

import { addressFromBytes } from '../net/address-bytes.ts'
import type { Family } from '../net/family.ts'
import { familyOf, isGateway, isInterfaceName, nameServers } from '../net/valid.ts'
import type { ServiceReport } from '../store/bus-facts.ts'
import { listOf, numberOf, objectOf, stringOf } from '../values/checked.ts'
import { type AskedSource, justLook } from './source.ts'
import { toldAddresses } from './told-addresses.ts'

const root = '/org/freedesktop'
const device = 'org.freedesktop.NetworkManager.Device'

/**
 * NetworkManager. Whatever changes there (devices, active connections, addresses, connectivity) is a property of an
 * object below its path.
 */
export const networkManager: AskedSource = {
  hooks: { networkmanager: justLook },
  source: 'NetworkManager',
  busName: 'org.freedesktop.NetworkManager',
  signals: [
    {
      interface: 'org.freedesktop.DBus.Properties',
      member: 'PropertiesChanged',
      pathNamespace: '/org/freedesktop/NetworkManager',
    },
    // Devices that come or go change no properties.
    ...['InterfacesAdded', 'InterfacesRemoved'].map((member) => ({
      interface: 'org.freedesktop.DBus.ObjectManager',
      member,
      pathNamespace: root,
    })),
  ],
  // One call fetches everything: with a call for each object, a host with many would keep both sides busy.
  read: async (ask) => {
    const [objects] = await ask(root, 'org.freedesktop.DBus.ObjectManager', 'GetManagedObjects')
    return parseObjects(objects)
  },
}

/** The activated devices that have a gateway or name servers, from the answer of GetManagedObjects. */
export function parseObjects(value: unknown): ServiceReport {
  const objects = objectOf(value)
  return Object.fromEntries(
    Object.values(objects).flatMap((faces) => {
      const properties = objectOf(objectOf(faces)[device])
      const name = stringOf(properties['IpInterface']) || stringOf(properties['Interface'])
      if (!isInterfaceName(name) || !isActive(properties['State'])) return []
      const inet = configOf(objects, properties['Ip4Config'], 'inet')
      const inet6 = configOf(objects, properties['Ip6Config'], 'inet6')
      const gateway = {
        ...(inet.gateway === undefined ? {} : { inet: inet.gateway }),
        ...(inet6.gateway === undefined ? {} : { inet6: inet6.gateway }),
      }
      const servers = nameServers([...inet.servers, ...inet6.servers])
      if (Object.keys(gateway).length + servers.length === 0) return []
      const addresses = toldAddresses([...inet.addresses, ...inet6.addresses])
      return [[name, { addresses, gateway, ...(servers.length > 0 && { nameServers: servers }) }]]
    }),
  )
}

/** Whether addresses and routes are there: NM_DEVICE_STATE_IP_CHECK to NM_DEVICE_STATE_ACTIVATED. */
function isActive(state: unknown): boolean {
  return numberOf(state) >= 80 && numberOf(state) <= 100
}

function configOf(objects: Readonly<Record<string, unknown>>, path: unknown, family: Family) {
  const face = `org.freedesktop.NetworkManager.${family === 'inet' ? 'IP4Config' : 'IP6Config'}`
  const config = objectOf(Object.hasOwn(objects, stringOf(path)) ? objectOf(objects[stringOf(path)])[face] : undefined)
  const gateway = stringOf(config['Gateway'])
  return {
    gateway: isGateway(gateway, family) ? gateway : undefined,
    addresses: listOf(config['AddressData'])
      .map((entry) => stringOf(objectOf(entry)['address']))
      .filter((address) => familyOf(address) === family),
    // IP4Config has texts in NameserverData, IP6Config bytes in Nameservers.
    servers: [
      ...listOf(config['NameserverData']).map((entry) => stringOf(objectOf(entry)['address'])),
      ...listOf(config['Nameservers']).flatMap((bytes) => addressFromBytes(bytes) ?? []),
    ],
  }
}
