/**
 * A router between two providers, in namespaces of this script's own:
 *
 *     lan  192.168.77.0/24, fd00:77::/64            -- lan0 \            / wan1 -- isp1  10.1.0.0/24, 2001:db8:1::/48
 *     dmz  198.51.100.0/28, 2001:db8:1:d::/64       -- dmz0 -- the host --
 *     vpn  172.30.0.0/16 behind 10.99.0.1           -- tun0 /            \ wan2 -- isp2  10.2.0.0/24, 2001:db8:2::/48
 *
 * The dmz's networks are provider 1's, routed to the host. Each provider has the server, and drops what comes from an address
 * that is not one of its own. tun0 is a bridge, which stands for a tunnel's device.
 */
import { run } from '../../lab/run.ts'

export const server = { inet: '203.0.113.1', inet6: '2001:db8:ffff::1' } as const
export const namespaces = ['isp1', 'isp2', 'lan', 'dmz', 'vpn', 'host'] as const
export const servicePort = 7

const provider = (i: number, extra4: string, extra6: string) => `
ip netns add isp${i}
ip link add wan${i} type veth peer name up${i} netns isp${i}
ip address add 10.${i}.0.2/24 dev wan${i}
ip address add 2001:db8:${i}::2/64 dev wan${i} nodad
ip link set wan${i} up
ip -n isp${i} address add 10.${i}.0.1/24 dev up${i}
ip -n isp${i} address add 2001:db8:${i}::1/64 dev up${i} nodad
ip -n isp${i} address add fe80::1/64 dev up${i} nodad
ip -n isp${i} link set up${i} up
ip -n isp${i} address add ${server.inet}/32 dev lo
ip -n isp${i} address add ${server.inet6}/128 dev lo
ip netns exec isp${i} nft -f - <<'END'
table inet strict {
  chain prerouting {
    type filter hook prerouting priority -300
    iifname "up${i}" ip saddr != { 10.${i}.0.0/24${extra4} } drop
    iifname "up${i}" ip6 saddr != { fe80::/10, 2001:db8:${i}::/48${extra6} } drop
  }
}
END
ip route add default via 10.${i}.0.1 dev wan${i} metric 10${i}
ip route add default via fe80::1 dev wan${i} metric 10${i}`

const inside = (name: string, device: string, four: string, six: string, kind = 'veth') => `
ip netns add ${name}
ip link add ${kind === 'veth' ? device : 'port0'} type veth peer name eth0 netns ${name}
${kind === 'veth' ? '' : `ip link add ${device} type bridge mcast_snooping 0; ip link set port0 master ${device}; ip link set port0 up`}
ip address add ${four} dev ${device}
ip address add ${six} dev ${device} nodad
ip link set ${device} up
ip -n ${name} link set eth0 up`

const script = `set -e
sysctl -qw net.core.txrehash=0 net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
sysctl -qw net.ipv6.conf.default.addr_gen_mode=1
${provider(1, ', 198.51.100.0/28', '')}
${provider(2, '', '')}
${inside('lan', 'lan0', '192.168.77.1/24', 'fd00:77::1/64')}
${inside('dmz', 'dmz0', '198.51.100.1/28', '2001:db8:1:d::1/64')}
${inside('vpn', 'tun0', '10.99.0.2/24', 'fd00:99::2/64', 'bridge')}
for address in 192.168.77.10/24 192.168.77.11/24 fd00:77::10/64; do ip -n lan address add $address dev eth0 nodad; done
for address in 198.51.100.2/28 2001:db8:1:d::10/64; do ip -n dmz address add $address dev eth0 nodad; done
for address in 10.99.0.1/24 fd00:99::1/64; do ip -n vpn address add $address dev eth0 nodad; done
ip -n vpn address add 172.30.0.1/16 dev lo
ip -n vpn address add ${server.inet}/32 dev lo
ip -n lan route add default via 192.168.77.1
ip -n lan route add default via fd00:77::1
ip -n dmz route add default via 198.51.100.1
ip -n dmz route add default via 2001:db8:1:d::1
ip -n vpn route add default via 10.99.0.2
ip route add 172.30.0.0/16 via 10.99.0.1 dev tun0
ip -n isp1 route add 198.51.100.0/28 via 10.1.0.2
ip -n isp1 route add 2001:db8:1:d::/64 via 2001:db8:1::2
for name in isp1 isp2 lan dmz vpn; do ip -n $name link set lo up; done
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0
for i in 1 2; do
  ping -q -c 1 -W 5 10.$i.0.1 >/dev/null
  ping -q -c 1 -W 5 2001:db8:$i::1 >/dev/null
done
`

export async function makeWorld(): Promise<void> {
  await run('/bin/bash', ['-c', script], { timeoutMs: 60_000 })
}

export async function setCarrier(isp: 1 | 2, state: 'up' | 'down'): Promise<void> {
  const far = `up${isp}`
  await run('/usr/sbin/ip', ['-n', `isp${isp}`, 'link', 'set', far, state])
  if (state === 'down') return
  // What an interface that goes down loses.
  const again = [`2001:db8:${isp}::1/64`, 'fe80::1/64']
  for (const address of again)
    await run('/usr/sbin/ip', ['-n', `isp${isp}`, 'address', 'replace', address, 'dev', far, 'nodad'])
  if (isp === 1)
    await run('/usr/sbin/ip', ['-n', 'isp1', 'route', 'replace', '2001:db8:1:d::/64', 'via', '2001:db8:1::2'])
  if (isp === 1) await run('/usr/sbin/ip', ['-n', 'isp1', 'route', 'replace', '198.51.100.0/28', 'via', '10.1.0.2'])
}

/** Behind the provider's router nothing answers, and nobody sends, while its link is as ever. */
export async function setDark(isp: 1 | 2, isDark: boolean): Promise<void> {
  const to = `ip daddr ${server.inet} drop; ip6 daddr ${server.inet6} drop;`
  const from = to.replaceAll('daddr', 'saddr')
  const dark = `table inet dark {
    chain arriving { type filter hook prerouting priority -400; iifname "up${isp}" jump beyond; }
    chain beyond { ${to} }
    chain leaving { type filter hook output priority -400; ${from} }
  }`
  const words = isDark ? [dark] : ['delete', 'table', 'inet', 'dark']
  await run('/usr/sbin/ip', ['netns', 'exec', `isp${isp}`, 'nft', ...words])
}
