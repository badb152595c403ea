/** Whoever names more than a host needs: what counts of it. */
import { expect, test } from 'vitest'
import type { Observed } from '../../../src/model/observed.ts'
import { decide } from '../../../src/reconcile/decide/decide.ts'
import { parseServices } from '../../../src/sources/connman.ts'
import { readEvent } from '../../../src/sources/event.ts'
import { nameServersOf } from '../../../src/sources/name-servers.ts'
import { parseObjects } from '../../../src/sources/network-manager.ts'
import { parseDescription } from '../../../src/sources/networkd.ts'
import { delegations } from '../../../src/store/delegations.ts'
import { leases } from '../../../src/store/leases.ts'
import { nameServers6 } from '../../../src/store/name-servers.ts'
import { configOf } from '../../config-of.ts'
import { observedOf, worldOf } from '../builders.ts'

const upTo = <T>(count: number, one: (index: number) => T) => Array.from({ length: count }, (_, index) => one(index))
const servers = (count: number, net = 1) => upTo(count, (i) => `198.51.${net}.${i + 1}`)
const servers6 = (count: number, net = 1) => upTo(count, (i) => `2001:db8:${net}::${i + 1}`)
const prefixes = (count: number, net = 1) => upTo(count, (i) => `2001:db8:${net}${i}00::/56`)
const bytesOf = (address: string) => address.split('.').map(Number)
const bytes6Of = (last: number) => [32, 1, 13, 184, ...upTo(11, () => 0), last]

const ipv4Lease = (client: 'dhclient' | 'dhcpcd') => {
  const lease = { reason: 'BOUND', new_ip_address: '10.1.0.2', new_domain_name_servers: servers(9).join(' ') }
  const { fact } = readEvent(client, { interface: 'wan1', ...lease })
  return fact.kind === 'lease' ? fact.lease?.nameServers : undefined
}
const ipv6Servers = (client: 'dhclient' | 'dhcpcd', env: Readonly<Record<string, string>>) => {
  const { fact } = readEvent(client, { interface: 'wan1', ...env })
  return fact.kind === 'name-servers' ? fact.servers : undefined
}
const bound6 = { reason: 'BOUND6', new_dhcp6_name_servers: servers6(9).join(' ') }
const described = (link: object) =>
  parseDescription(JSON.stringify({ Interfaces: [{ Name: 'wan1', ...link }] }))['wan1']
const managed = (config: object, six = {}) =>
  parseObjects({
    '/1': {
      'org.freedesktop.NetworkManager.Device': { State: 100, Interface: 'wan1', Ip4Config: '/4', Ip6Config: '/6' },
    },
    '/4': { 'org.freedesktop.NetworkManager.IP4Config': { Gateway: '10.1.0.1', ...config } },
    '/6': { 'org.freedesktop.NetworkManager.IP6Config': six },
  })['wan1']

test.for([
  ['dhclient', ipv4Lease('dhclient')],
  ['dhcpcd', ipv4Lease('dhcpcd')],
  ['dhclient, DHCPv6', ipv6Servers('dhclient', bound6)],
  ['dhcpcd, DHCPv6', ipv6Servers('dhcpcd', bound6)],
  [
    'dhcpcd, nine advertisements',
    ipv6Servers('dhcpcd', {
      reason: 'ROUTERADVERT',
      ...Object.fromEntries(servers6(9).map((server, i) => [`nd${i}_rdnss1_servers`, server])),
    }),
  ],
  ['a file of leases', leases.parse(JSON.stringify({ source: 'dhclient', nameServers: servers(9) })).nameServers],
  ['a file of IPv6 servers', nameServers6.parse(JSON.stringify({ advertised: servers6(9) })).advertised],
  ['systemd-networkd', described({ DNS: servers(9).map((server) => ({ Address: bytesOf(server) })) })?.nameServers],
  ['NetworkManager', managed({ NameserverData: servers(9).map((address) => ({ address })) })?.nameServers],
  [
    'ConnMan',
    parseServices([['/s', { State: 'ready', Ethernet: { Interface: 'wan1' }, Nameservers: servers(9) }]])['wan1']
      ?.nameServers,
  ],
] as const)('of nine name servers, eight count: %s', ([, named]) => {
  expect(named).toHaveLength(8)
})

test('eight of a family count of all that several name together, what the administrator wrote first', () => {
  const observed: Observed = observedOf({
    stanzas: { wan1: { nameServers: servers(2, 1) } },
    leases: { wan1: { source: 'dhclient', gateway: {}, nameServers: servers(8, 2) } },
    nameServers6: { wan1: { dhcp6: servers6(8, 1), advertised: servers6(8, 2) } },
    bus: { wan1: { source: 'networkd', addresses: [], gateway: {}, nameServers: servers(8, 3) } },
  })
  const of = (family: 'inet' | 'inet6') => nameServersOf({ interface: 'wan1' }, family, observed)
  expect(of('inet')).toEqual([...servers(2, 1), ...servers(6, 2)])
  expect(of('inet6')).toEqual(servers6(8, 1))
})

test('eight delegated prefixes count, whoever names how many', () => {
  const pd = Object.fromEntries(
    upTo(9, (i) => [
      [`new_dhcp6_ia_pd1_prefix${i + 1}`, `2001:db8:${i}00::`],
      [`new_dhcp6_ia_pd1_prefix${i + 1}_length`, '56'],
    ]).flat(),
  )
  expect(readEvent('dhcpcd', { interface: 'wan1', reason: 'BOUND6', ...pd }).delegation?.there).toHaveLength(8)
  expect(delegations.parse(JSON.stringify(prefixes(9)))).toHaveLength(8)
  const told = upTo(9, (i) => ({ Prefix: [32, 1, 13, 184, i, ...upTo(11, () => 0)], PrefixLength: 56 }))
  expect(described({ DHCPv6Client: { Prefixes: told } })?.prefixes).toHaveLength(8)

  const world = worldOf('ipv6-delegated-prefixes')
  const [device = ''] = Object.keys({ ...world.delegations, ...world.bus })
  const link = { source: 'networkd', addresses: [], gateway: {}, ...world.bus[device], prefixes: prefixes(8, 2) }
  const observed = { ...world, delegations: { [device]: prefixes(8) }, bus: { ...world.bus, [device]: link } }
  const uplink = decide(configOf(''), observed).uplinks.find((one) => one.interface === device)
  expect(uplink?.prefixes).toHaveLength(8)
})

test("32 addresses of a family count of what a service tells of an interface's", () => {
  const all = [...upTo(33, (i) => bytes6Of(i + 1)), bytesOf('10.1.0.2')]
  const configured = all.map((bytes) => ({ Address: bytes, ConfigState: 'configured', ConfigSource: 'NDisc' }))
  const more = { DNS: [{ Address: bytesOf('10.1.0.1') }] }
  expect(described({ ...more, Addresses: configured })?.addresses).toHaveLength(33)
  const data = { AddressData: servers6(33).map((address) => ({ address })) }
  expect(managed({ AddressData: [{ address: '10.1.0.2' }] }, data)?.addresses).toHaveLength(33)
})
