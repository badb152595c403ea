import { expect, test } from 'vitest'
import { relevanceOf, sceneOf } from '../../../src/daemon/relevance.ts'
import { configOf } from '../../config-of.ts'
import { linkOf, observedOf, uplinkOf } from '../builders.ts'

const uplinks = ['wan1', 'wan3']
const scene = {
  isOfUplink: (device: string) => uplinks.includes(device),
  hadCarrier: (device: string) => device !== 'wan3',
  areHidden: false,
}

/** Lines as iproute2 6.1 and 6.15 print them. */
test.each([
  ['at once', '3: wan1: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state DOWN group 0 '],
  ['at once', '3: wan1@eth0: <NO-CARRIER,BROADCAST,MULTICAST,UP,M-DOWN> mtu 1500 qdisc noqueue state LOWERLAYERDOWN '],
  ['now', '4: wan3: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state DOWN group 0 '],
  ['now', '3: wan1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group 0 '],
  ['soon', '9: veth12ab@if4: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state DOWN group 0 '],
  ['soon', '9: veth12ab@if4: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group 0 '],
  ['soon', 'Deleted 9: veth12ab@NONE: <BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN group 0 '],
  ['never', '    link/[1] e6:a7:89:26:af:58 brd ff:ff:ff:ff:ff:ff'],
  ['never', '\tnexthop via fe80::1 dev wan1 weight 1 '],
  ['now', 'inet all forwarding on '],
  ['now', 'inet wan1 rp_filter strict '],
  ['soon', 'inet6 veth12ab forwarding off mc_forwarding off proxy_neigh off ignore_routes_with_linkdown off '],
  ['soon', 'Deleted inet veth12ab '],
  ['now', '9: veth12ab    inet 10.0.0.1/24 scope 0 veth12ab'],
  ['now', '9: veth12ab    inet6 2001:db8::1/64 scope 0 '],
  ['soon', 'Deleted 9: veth12ab    inet6 fe80::e4a7:89ff:fe26:af58/64 scope 253 tentative '],
  ['now', '3: wan1    inet6 fe80::1/64 scope 253 '],
  ['soon', '5 ff00::/8 dev veth12ab table 255 proto 2 metric 256 pref medium'],
  ['soon', 'Deleted fe80::/64 dev veth12ab proto 2 metric 256 pref medium'],
  ['soon', '2 fe80::1 dev veth12ab table 255 proto 2 metric 0 pref medium'],
  ['now', 'fe80::/64 dev wan1 proto 2 metric 256 pref medium'],
  ['now', '10.0.0.0/24 dev br0 proto 2 scope 253 src 10.0.0.1 '],
  ['now', '1.2.4.0/24 via 10.0.0.2 dev br0 '],
  ['now', 'Deleted default via 10.0.0.2 dev br0 proto 186 metric 5 '],
  ['now', '7 default table 30001 proto kernel metric 4294967295 '],
  ['now', 'Deleted 10.1.0.0/24 dev wan1 table 30001 proto kernel scope 253 '],
  ['now', '32765:\tfrom all fwmark 0x1 lookup 5'],
  ['now', 'Deleted 20102:\tfrom all oif wan1 lookup 30001'],
  ['now', 'what no version prints'],
] as const)('%s: %s', (relevance, line) => expect(relevanceOf(line, scene)).toBe(relevance))

test.each([
  '1.2.3.0/24 via 10.0.0.2 dev br0 proto 186 ',
  'Deleted 2001:db8::/32 via fe80::1 dev wan1 proto 12 metric 1024 pref medium',
])('a routing daemon changes %s', (line) => {
  expect(relevanceOf(line, scene)).toBe('soon')
  expect(relevanceOf(line, { ...scene, areHidden: true })).toBe('never')
})

test('an uplink is what it hangs on, too, and what the configuration names', () => {
  const links = [
    linkOf('wan1', { index: 1, below: 2 }),
    linkOf('bond0', { index: 2, kind: 'bond' }),
    linkOf('eth0', { index: 3, master: 2 }),
    linkOf('lan0', { index: 4, carrier: false }),
    linkOf('ppp0', { index: 5 }),
    linkOf('eth7', { index: 6 }),
  ]
  const observed = observedOf({ links, leases: { ppp0: { below: 'eth7' } as never } })
  const { isOfUplink, hadCarrier } = sceneOf(
    observed,
    [uplinkOf(1), uplinkOf(2, { interface: 'ppp0' })],
    configOf('[uplink lte]\ninterface = wwan0\n'),
  )
  const devices = ['wan1', 'bond0', 'eth0', 'lan0', 'ppp0', 'eth7', 'wwan0', 'veth1']
  expect(devices.filter(isOfUplink)).toEqual(['wan1', 'bond0', 'eth0', 'ppp0', 'eth7', 'wwan0'])
  expect(['wan1', 'lan0', 'veth1'].filter(hadCarrier)).toEqual(['wan1'])
})
