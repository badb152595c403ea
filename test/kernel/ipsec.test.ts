/**
 * Conversations that begin before IPsec has a policy for them: what we have translated begins anew when it has, as it would be in
 * clear text for ever. There are no keys here, so the kernel keeps back what it would seal, and the connection table tells;
 * emulated/programs/translation.ts has the same with keys and packets.
 */
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { patienceMs } from '../lab/patience.ts'
import { type Host, startHost } from './daemon-host.ts'
import { inside, makeProviders } from './providers.ts'

const program = fileURLToPath(new URL('programs/going-on.py', import.meta.url))

/** Who asks whom: what a policy is for; what others translate, or no policy is for. */
const asking = {
  lan: ['192.168.77.10 203.0.113.77', 'fd00:77::10 2001:db8:fffe::77'],
  host: ['192.168.77.1 203.0.113.78', 'fd00:77::1 2001:db8:fffe::78'],
  stays: ['192.168.77.20 203.0.113.79', '192.168.77.10 203.0.113.99'],
} as const
const policies = [
  ['192.168.77.0/24', '203.0.113.76/30', '10.1.0.2', '10.1.0.1'],
  ['fd00:77::/64', '2001:db8:fffe::/64', '2001:db8:1::2', '2001:db8:1::1'],
]

let host: Host

beforeEach(async () => {
  host = await startHost()
  await makeProviders(host)
  await host.run(['ip', '-n', 'lan', 'address', 'add', '192.168.77.20/24', 'dev', 'eth0'])
  for (const isp of ['isp1', 'isp2'] as const)
    await host.run(
      inside(isp, [
        'nft',
        'table inet far { chain pre { type filter hook prerouting priority raw; udp dport 5000 drop; tcp dport 5000 drop; icmp type echo-request ip daddr 203.0.113.64/26 drop; icmpv6 type echo-request ip6 daddr 2001:db8:fffe::/64 drop; }; }',
      ]),
    )
})
afterEach(() => host.end())

/** Who asks whom, by protocol, with the number that the kernel has for the connection. */
async function entries(): Promise<ReadonlyMap<string, string>> {
  const listings = await Promise.all(
    ['ipv4', 'ipv6'].map((family) => host.run(['conntrack', '-L', '-f', family, '-o', 'id'])),
  )
  const lines = listings.flatMap(({ stdout }) => stdout.split('\n'))
  return new Map(
    lines.flatMap((line) => {
      const [, protocol, from, to, id = ''] = /^(\S+) .*?src=(\S+) dst=(\S+) .* id=(\d+)/.exec(line) ?? []
      return Object.values(asking)
        .flat()
        .some((pair) => pair === `${from} ${to}`)
        ? [[`${from} ${to} ${protocol}`, id]]
        : []
    }),
  )
}

const ofAll = (pairs: readonly string[]) =>
  pairs
    .flatMap((pair) => [pair.includes(':') ? 'icmpv6' : 'icmp', 'tcp', 'udp'].map((protocol) => `${pair} ${protocol}`))
    .sort()

test('what we have translated, of the LAN and the host, begins anew when a policy comes for it; what others have, or none is for, does not', async () => {
  await host.run([
    'nft',
    'table ip theirs { chain post { type nat hook postrouting priority srcnat; ip saddr 192.168.77.20 masquerade; }; }',
  ])
  const daemon = host.daemon()
  await daemon.balances(['wan1', 'wan2'])
  // What is kept back lasts for as long as the kernel remembers it.
  await host.run([
    'sysctl',
    '-qw',
    'net.netfilter.nf_conntrack_udp_timeout=600',
    'net.netfilter.nf_conntrack_icmp_timeout=600',
    'net.netfilter.nf_conntrack_icmpv6_timeout=600',
  ])
  const going = (pairs: readonly string[]) => ['/usr/bin/python3', program, ...pairs.flatMap((pair) => pair.split(' '))]
  host.start(inside('lan', going([...asking.lan, ...asking.stays])))
  host.start(going(asking.host))
  const all = async () => [...(await entries()).keys()].toSorted()
  await expect.poll(all, { timeout: patienceMs }).toEqual(ofAll(Object.values(asking).flat()))
  const before = await entries()

  for (const [source = '', destination = '', from = '', to = ''] of policies) {
    const what = ['src', source, 'dst', destination, 'dir', 'out']
    const seal = ['tmpl', 'src', from, 'dst', to, 'proto', 'esp', 'mode', 'tunnel']
    await host.run(['ip', 'xfrm', 'policy', 'add', ...what, ...seal])
  }
  await expect.poll(all, { timeout: patienceMs }).toEqual(ofAll(asking.stays))
  const after = await entries()
  for (const one of after.keys()) expect(after.get(one), one).toBe(before.get(one))
})
