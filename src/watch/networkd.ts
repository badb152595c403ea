/** systemd-networkd: org.freedesktop.network1(5). */
import { listOf, numberOf, objectOf, stringOf } from '../checked.ts'
import type { Family } from '../model.ts'
import type { Told } from '../observe/bus-facts.ts'
import { isGateway, isInterfaceName, nameServers } from '../valid.ts'
import { addressFromBytes } from './address-bytes.ts'
import type { Service } from './service.ts'

/** A renewal with a new gateway shows as AdministrativeState configuring -> configured, and in the kernel not always. */
export const networkd: Service = {
  source: 'networkd',
  busName: 'org.freedesktop.network1',
  signals: [
    {
      interface: 'org.freedesktop.DBus.Properties',
      member: 'PropertiesChanged',
      pathNamespace: '/org/freedesktop/network1',
    },
  ],
  read: async (ask) => {
    const [text] = await ask('/org/freedesktop/network1', 'org.freedesktop.network1.Manager', 'Describe')
    return parseDescription(stringOf(text))
  },
}

/**
 * The JSON of Manager.Describe, which is that of DescribeLink for all links (252 and 257). It lists links and routes that
 * networkd did not make, too (`ConfigSource` foreign): the kernel tells us about those. Throws where it is no JSON.
 */
export function parseDescription(text: string): Told {
  const links = listOf(objectOf(JSON.parse(text))['Interfaces']).map(objectOf)
  return Object.fromEntries(
    links.flatMap((link) => {
      const name = stringOf(link['Name'])
      const gateways = families.flatMap(({ family, number }) => {
        const gateway = gatewayOf(link, family, number)
        return gateway === undefined ? [] : [[family, gateway] as const]
      })
      const servers = nameServers(
        listOf(link['DNS']).flatMap((server) => addressFromBytes(objectOf(server)['Address']) ?? []),
      )
      if (!isInterfaceName(name) || gateways.length + servers.length === 0) return []
      const told = { addresses: addressesOf(link), gateway: Object.fromEntries(gateways) }
      return [[name, { ...told, ...(servers.length > 0 && { nameServers: servers }) }]]
    }),
  )
}

type Json = ReturnType<typeof objectOf>

/** AF_INET and AF_INET6. */
const families = [
  { family: 'inet', number: 2 },
  { family: 'inet6', number: 10 },
] as const

/** RTN_UNICAST. */
const unicast = 1

function gatewayOf(link: Json, family: Family, number: number): string | undefined {
  const defaults = ours(link['Routes'])
    .filter(
      (route) => route['Family'] === number && route['Type'] === unicast && route['DestinationPrefixLength'] === 0,
    )
    .toSorted((a, b) => numberOf(a['Priority']) - numberOf(b['Priority']))
  return defaults
    .map((route) => addressFromBytes(route['Gateway']))
    .find((gateway) => gateway !== null && isGateway(gateway, family))
    ?.toString()
}

function addressesOf(link: Json): readonly string[] {
  // In no certain order: sorted, so that two answers can be compared.
  return ours(link['Addresses'])
    .flatMap((address) => addressFromBytes(address['Address']) ?? [])
    .toSorted()
}

function ours(list: unknown): readonly Json[] {
  return listOf(list)
    .map(objectOf)
    .filter((item) => item['ConfigSource'] !== 'foreign' && item['ConfigState'] === 'configured')
}
