/** Links and addresses as `ip -d -N -j` lists them (iproute2 6.1 and 6.15); we write none. */
import type { Address, Link } from '../../model/kernel.ts'
import { type Json, listOf, numberOf, objectOf, stringOf, stringOrNull } from '../../values/checked.ts'

/** Kinds of links that are made on top of one other. */
const stacked: ReadonlySet<string | null> = new Set([
  'vlan',
  'macvlan',
  'macvtap',
  'ipvlan',
  'ipvtap',
  'macsec',
  'rmnet',
])

export function parseLinks(links: readonly Json[], addresses: readonly Json[]): readonly Link[] {
  const addressesOf = new Map<unknown, Address[]>()
  for (const link of addresses) {
    const known = addressesOf.get(link['ifindex']) ?? []
    addressesOf.set(link['ifindex'], [
      ...known,
      ...listOf(link['addr_info']).flatMap((info) => parseAddress(objectOf(info))),
    ])
  }
  const indexOf = new Map(links.map((link) => [stringOf(link['ifname']), numberOf(link['ifindex'])]))
  return links.map((link) => {
    const flags = listOf(link['flags'])
    const state = stringOf(link['operstate'])
    const kind = stringOrNull(objectOf(link['linkinfo'])['info_kind'])
    // A veth has its peer there. What is in another namespace has a number instead of a name.
    const below = stacked.has(kind) ? indexOf.get(stringOf(link['link'])) : undefined
    return {
      index: numberOf(link['ifindex']),
      name: stringOf(link['ifname']),
      kind,
      mtu: numberOf(link['mtu']),
      type: Number(/\d+/.exec(stringOf(link['link_type']))?.[0] ?? 0),
      up: flags.includes('UP'),
      // Wi-Fi that is not associated has LOWER_UP but is DORMANT (Documentation/networking/operstates.rst).
      carrier: flags.includes('LOWER_UP') && !['DOWN', 'DORMANT', 'LOWERLAYERDOWN', 'NOTPRESENT'].includes(state),
      ...(below !== undefined && { below }),
      pointToPoint: flags.includes('POINTOPOINT') || flags.includes('NOARP'),
      master: indexOf.get(stringOf(link['master'])) ?? null,
      // Hardware does not come by netlink: see hardware.ts.
      hardware: [],
      addresses: addressesOf.get(link['ifindex']) ?? [],
    }
  })
}

function parseAddress(info: Json): readonly Address[] {
  const family = info['family']
  if (family !== 'inet' && family !== 'inet6') return []
  return [
    {
      family,
      // iproute2 lists our end as `local`, and the other end as `address`.
      address: stringOf(info['local']),
      prefixLength: numberOf(info['prefixlen']),
      peer: stringOrNull(info['address']),
      global: Number(info['scope']) === 0,
      usable: !info['tentative'] && !info['dadfailed'],
      ...(family === 'inet6' && info['deprecated'] ? { deprecated: true } : {}),
      ...(info['dynamic'] === true ? { dynamic: true } : {}),
      ...(info['temporary'] === true ? { temporary: true } : {}),
    },
  ]
}
