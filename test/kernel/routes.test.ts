/** What others say of an uplink's way out, in whatever table, is said by ours, and what one device takes along is that device's. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Host, startHost } from './daemon-host.ts'

let host: Host
beforeAll(async () => {
  host = await startHost()
})
afterAll(() => host?.end())

const out = async (...argv: readonly string[]) => (await host.run(argv)).stdout
const ip = (line: string) => out('ip', ...line.split(' '))

/** All in effect, and read back as it was wanted. */
async function apply(): Promise<void> {
  expect(await host.ifbalance(['apply'])).toMatchObject({ exitCode: 0, stderr: '' })
  expect((await host.ifbalance(['plan'])).stdout).toBe('Nothing to change.\n')
}

test('a default route that carries more than its gateway', async () => {
  const words =
    'mtu 1400 window 60000 rtt 20ms rttvar 10ms advmss 1300 reordering 4 hoplimit 33 initcwnd 20 features ecn ' +
    'rto_min 200ms initrwnd 30 quickack 1 congctl cubic'
  await ip('address add 10.2.0.9/24 dev wan2')
  await ip('address add 2001:db8:1::2/64 dev wan1 nodad')
  await ip('address add 2001:db8:2::2/64 dev wan2 nodad')
  await ip(`route replace default via 10.2.0.1 dev wan2 metric 102 src 10.2.0.9 ${words}`)
  await ip('route replace default via 10.1.0.1 dev wan1 metric 101 initcwnd 20 quickack 1 hoplimit 64')
  await ip('-6 route replace default via fe80::1 dev wan1 metric 101 mtu 1480 hoplimit 64')
  await ip('-6 route replace default via fe80::1 dev wan2 metric 102 mtu 1492 hoplimit 64')
  await ip('route change 10.2.0.0/24 dev wan2 proto kernel scope link src 10.2.0.2 mtu 1300')
  await apply()
  const said =
    /src 10.2.0.9 mtu 1400 window 60000 rtt 20ms rttvar 10ms advmss 1300 reordering 4 hoplimit 33 initcwnd 20 features ecn rto_min (lock )?200ms initrwnd 30 quickack 1 congctl cubic/
  expect(await ip('route show table 30002 default')).toMatch(said)
  expect(await ip('route show table 30002 10.2.0.0/24')).toContain('src 10.2.0.2 mtu 1300')
  // What two ways have in common, and the smallest packet.
  expect(await ip('route show table 30098 default metric 0')).toMatch(
    /^default proto kernel mtu 1400 advmss 1300 initcwnd 20 quickack 1 *\n/,
  )
  expect(await ip('-6 route show table 30001 default')).toMatch(/via fe80::1 dev wan1 .*mtu 1480 hoplimit 64/)
  expect(await ip('-6 route show table 30098')).toMatch(/mtu 1480 hoplimit 64/)
  expect(await ip('route get 203.0.113.1 mark 0x42000000')).toContain('src 10.2.0.9')
  await ip('address flush dev wan2')
  await ip('address add 10.2.0.2/24 dev wan2')
  await ip('route replace default via 10.1.0.1 dev wan1 metric 101')
  await ip('-6 route flush default')
})

test('a default route and its subnet in a table of their own', async () => {
  await ip('route del 10.2.0.0/24 dev wan2')
  await ip('route add 10.2.0.0/24 dev wan2 table 102 src 10.2.0.2')
  await ip('route replace default via 10.2.0.1 dev wan2 table 102 proto dhcp metric 1024')
  await ip('address replace 2001:db8:2::2/64 dev wan2 nodad noprefixroute')
  await ip('-6 route flush 2001:db8:2::/64')
  await ip('-6 route add 2001:db8:2::/64 dev wan2 table 102')
  await ip('-6 route add default via 2001:db8:2::1 dev wan2 table 102 proto static metric 1024')
  await apply()
  expect(await ip('-6 route show table 30002')).toMatch(/^default via 2001:db8:2::1 dev wan2 /m)
  expect(await ip('-6 route show table 30002')).toMatch(/^2001:db8:2::\/64 dev wan2 /m)
  expect(await ip('-6 route get 2001:db8:ffff::1 from 2001:db8:2::2')).toContain('via 2001:db8:2::1 dev wan2')
  expect(await ip('route show table 30002')).toMatch(/^default via 10.2.0.1 dev wan2 /)
  expect(await ip('route show table 30002')).toMatch(/^10.2.0.0.24 dev wan2 .*src 10.2.0.2/m)
  expect(await ip('route show table 30098')).toMatch(
    /nexthop via 10.1.0.1 dev wan1 .*\n.*nexthop via 10.2.0.1 dev wan2 /,
  )
  expect(await ip('route get 203.0.113.1 from 10.2.0.2')).toContain('via 10.2.0.1 dev wan2')
  expect(await ip('route get 10.2.0.77 from 10.2.0.2 oif wan2')).not.toContain('via')
})

test('a device that is gone takes no other one along', async () => {
  await ip('link del wan2')
  // Nobody has looked yet.
  expect(await ip('route get 203.0.113.1')).toContain('via 10.1.0.1 dev wan1 table 30098')
  expect(await ip('route show table 30098')).toMatch(/^default via 10.1.0.1 dev wan1 /)
  await apply()
  expect(await ip('route show table 30098')).toMatch(/^default via 10.1.0.1 dev wan1 proto kernel *\n/)
})
