/** ConnMan's services (doc/manager-api.txt and doc/service-api.txt of its source), each of which has one interface. */

import type { Family } from '../net/family.ts'
import { familyOf, isGateway, isInterfaceName, nameServers } from '../net/valid.ts'
import type { ServiceReport } from '../store/bus-facts.ts'
import { listOf, objectOf, stringOf, stringsOf } from '../values/checked.ts'
import type { AskedSource } from './source.ts'

const manager = 'net.connman.Manager'

/**
 * ConnMan. It runs no scripts, gives main the default route of its first service alone, and names the gateway of that one
 * alone (1.44): what another has is an address and name servers.
 */
export const connman: AskedSource = {
  hooks: {},
  source: 'ConnMan',
  busName: 'net.connman',
  signals: [
    { interface: manager, member: 'ServicesChanged', pathNamespace: '/' },
    { interface: 'net.connman.Service', member: 'PropertyChanged', pathNamespace: '/net/connman/service' },
  ],
  read: async (ask) => {
    const [services] = await ask('/', manager, 'GetServices')
    return parseServices(services)
  },
}

/** The connected services that have a gateway or name servers, from the answer of GetServices. */
export function parseServices(value: unknown): ServiceReport {
  return Object.fromEntries(
    listOf(value).flatMap((service) => {
      const properties = objectOf(listOf(service)[1])
      const name = stringOf(objectOf(properties['Ethernet'])['Interface'])
      // A VPN is a service, too, which leads out by one of the others.
      const isLine = properties['Type'] !== 'vpn' && ['ready', 'online'].includes(stringOf(properties['State']))
      if (!isInterfaceName(name) || !isLine) return []
      const told = families.map((family) => configOf(objectOf(properties[faces[family]]), family))
      const gateway = Object.assign({}, ...told.map((config) => config.gateway))
      const servers = nameServers(stringsOf(properties['Nameservers']))
      if (Object.keys(gateway).length + servers.length === 0) return []
      const addresses = told.flatMap((config) => config.addresses)
      return [[name, { addresses, gateway, ...(servers.length > 0 && { nameServers: servers }) }]]
    }),
  )
}

const families = ['inet', 'inet6'] as const

const faces = { inet: 'IPv4', inet6: 'IPv6' } as const

function configOf(config: ReturnType<typeof objectOf>, family: Family) {
  const [address, gateway] = [stringOf(config['Address']), stringOf(config['Gateway'])]
  return {
    addresses: familyOf(address) === family ? [address] : [],
    gateway: isGateway(gateway, family) ? { [family]: gateway } : {},
  }
}
