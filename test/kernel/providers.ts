/**
 * Behind a host of daemon-host.ts, for both families: two providers who both have the servers, and a LAN. What arrives at
 * a provider for a server is remembered, by protocol and source address.
 */
import type { Host } from './daemon-host.ts'

export const server = { inet: '203.0.113.1', inet6: '2001:db8:ffff::1' } as const
export const lanClient = { inet: '192.168.77.10', inet6: 'fd00:77::10' } as const

const script = `set -e
sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0
ip netns add lan
ip link add lan0 type veth peer name eth0 netns lan
ip address add 192.168.77.1/24 dev lan0
ip address add fd00:77::1/64 dev lan0 nodad
ip link set lan0 up
ip -n lan address add ${lanClient.inet}/24 dev eth0
ip -n lan address add ${lanClient.inet6}/64 dev eth0 nodad
ip -n lan link set eth0 up
ip -n lan link set lo up
ip -n lan route add default via 192.168.77.1
ip -n lan route add default via fd00:77::1
for i in 1 2; do
  ip address add 2001:db8:$i::2/64 dev wan$i nodad
  ip route add default via fe80::1 dev wan$i metric 10$i
  ip netns add isp$i
  ip link set isp$i netns isp$i
  ip netns exec isp$i sysctl -qw net.ipv6.conf.all.keep_addr_on_down=1
  ip -n isp$i address add 10.$i.0.1/24 dev isp$i
  ip -n isp$i address add fe80::1/64 dev isp$i nodad
  ip -n isp$i address add 2001:db8:$i::1/64 dev isp$i nodad
  ip -n isp$i link set isp$i up
  ip -n isp$i link set lo up
  ip -n isp$i address add ${server.inet}/32 dev lo
  ip -n isp$i address add ${server.inet6}/128 dev lo
  ip netns exec isp$i nft -f - <<'END'
table inet seen {
  set seen4 { type inet_proto . ipv4_addr; flags dynamic; }
  set seen6 { type inet_proto . ipv6_addr; flags dynamic; }
  chain prerouting {
    type filter hook prerouting priority -300
    ip daddr ${server.inet} add @seen4 { meta l4proto . ip saddr }
    ip6 daddr ${server.inet6} add @seen6 { meta l4proto . ip6 saddr }
  }
}
END
done
for i in 1 2; do
  ping -q -c 1 -W 5 10.$i.0.1 >/dev/null
  ping -q -c 1 -W 5 2001:db8:$i::1 >/dev/null
done
`

/** Run it before the daemon starts: the providers' ends move, and carriers are lost and found meanwhile. */
export async function makeProviders(host: Host): Promise<void> {
  await host.run(['/bin/sh', '-c', script])
}

/** The argv that runs `argv` in a namespace of the host's. */
export function inside(namespace: 'lan' | 'isp1' | 'isp2', argv: readonly string[]): readonly string[] {
  return ['ip', 'netns', 'exec', namespace, ...argv]
}

/** Which protocols from which addresses arrived at a provider since it was forgotten. */
export async function arrived(host: Host, isp: 'isp1' | 'isp2'): Promise<readonly string[]> {
  const { stdout } = await host.run(inside(isp, ['nft', '-j', 'list', 'sets']))
  const listing: { nftables: { set?: { elem?: { concat: [string, string] }[] } }[] } = JSON.parse(stdout)
  return listing.nftables.flatMap(({ set }) => (set?.elem ?? []).map(({ concat }) => concat.join(' '))).sort()
}

export async function forgetArrived(host: Host): Promise<void> {
  for (const isp of ['isp1', 'isp2'] as const)
    for (const set of ['seen4', 'seen6']) await host.run(inside(isp, ['nft', 'flush', 'set', 'inet', 'seen', set]))
}

/** A provider's end that is down keeps its addresses but link-local ones. */
export async function setCarrier(host: Host, isp: 'isp1' | 'isp2', state: 'up' | 'down'): Promise<void> {
  await host.run(['ip', '-n', isp, 'link', 'set', isp, state])
  if (state === 'up') await host.run(['ip', '-n', isp, 'address', 'replace', 'fe80::1/64', 'dev', isp, 'nodad'])
}
