/** systemd-networkd, as org.freedesktop.network1(5) describes it. */

import { addressFromBytes } from '../net/address-bytes.ts'
import type { Family } from '../net/family.ts'
import { routedPrefixes } from '../net/ipv6-prefix.ts'
import { isGateway, isInterfaceName, nameServers } from '../net/valid.ts'
import { Failure } from '../os/error.ts'
import type { ServiceReport } from '../store/bus-facts.ts'
import { listOf, numberOf, objectOf, stringOf } from '../values/checked.ts'
import { type AskedSource, justLook } from './source.ts'
import { toldAddresses } from './told-addresses.ts'

/**
 * systemd-networkd. A renewal with a new gateway shows as AdministrativeState configuring -> configured, and in the
 * kernel not always.
 */
export const networkd: AskedSource = {
  hooks: { 'networkd-dispatcher': justLook },
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
 * All links from the JSON of Manager.Describe, which is that of DescribeLink for each (252 and 257). Links, addresses
 * and routes that networkd did not make (`ConfigSource` foreign) are left out, as the kernel tells of them. Throws
 * where the text is no such JSON.
 */
export function parseDescription(text: string): ServiceReport {
  const description = objectOf(JSON.parse(text))
  if (!Array.isArray(description['Interfaces'])) throw new Failure('malformed', 'a description without interfaces')
  const links = listOf(description['Interfaces']).map(objectOf)
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
      const prefixes = delegatedTo(link, links, description)
      if (!isInterfaceName(name) || gateways.length + servers.length + prefixes.length === 0) return []
      const told = { addresses: addressesOf(link), gateway: Object.fromEntries(gateways) }
      const more = { ...(servers.length > 0 && { nameServers: servers }), ...(prefixes.length > 0 && { prefixes }) }
      return [[name, { ...told, ...more }]]
    }),
  )
}

type Json = ReturnType<typeof objectOf>

/** Families with the numbers AF_INET and AF_INET6. */
const families = [
  { family: 'inet', number: 2 },
  { family: 'inet6', number: 10 },
] as const

/** Route types RTN_UNICAST and RTN_UNREACHABLE. */
const [unicast, unreachable] = [1, 7]

/**
 * IPv6 prefixes that were delegated to a link. networkd 257 tells them. 252 tells only the unreachable route that it
 * makes for each, and from which DHCPv6 server it is: mostly that is the router, so the link is known where no other
 * link's router has the same address.
 */
function delegatedTo(link: Json, links: readonly Json[], description: Json): readonly string[] {
  const told = listOf(objectOf(link['DHCPv6Client'])['Prefixes']).map(objectOf)
  if (told.length > 0) return routedPrefixes(told.map((entry) => prefixOf(entry['Prefix'], entry['PrefixLength'])))
  const routers = links.map((other) => gatewayOf(other, 'inet6', 10))
  const router = gatewayOf(link, 'inet6', 10)
  if (router === undefined || routers.filter((other) => other === router).length > 1) return []
  const routes = ours(description['Routes']).filter(
    (route) =>
      route['Type'] === unreachable &&
      route['ConfigSource'] === 'DHCPv6' &&
      addressFromBytes(route['ConfigProvider']) === router,
  )
  return routedPrefixes(
    routes.map((route) => prefixOf(route['Destination'], route['DestinationPrefixLength'])),
  ).toSorted()
}

function prefixOf(bytes: unknown, length: unknown): string {
  return `${addressFromBytes(bytes)}/${numberOf(length)}`
}

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
  return toldAddresses(ours(link['Addresses']).flatMap((address) => addressFromBytes(address['Address']) ?? []))
}

function ours(list: unknown): readonly Json[] {
  return (
    listOf(list)
      .map(objectOf)
      // ConfigState is `configuring,configured` while an address gets another lifetime.
      .filter((item) => item['ConfigSource'] !== 'foreign' && /(^|,)configured$/.test(stringOf(item['ConfigState'])))
  )
}
