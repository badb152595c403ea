/**
 * Behind the providers of providers.ts, one far end with the servers and with what probes ask. The way by `isp2` has a cable
 * that takes smaller packets, and no router there says so: what does not fit vanishes, in both directions.
 */
import { defaultTargets } from '../../src/lines/settings.ts'
import type { Host } from './daemon-host.ts'
import { makeProviders, server } from './providers.ts'

const here = { inet: [server.inet, ...defaultTargets.inet], inet6: [server.inet6, ...defaultTargets.inet6] }

const script = `set -e
sysctl -qw net.core.txrehash=0 || true
for n in mid far; do
  ip netns add $n
  ip netns exec $n sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
  ip -n $n link set lo up
done
${here.inet.map((address) => `ip -n far address add ${address}/32 dev lo`).join('\n')}
${here.inet6.map((address) => `ip -n far address add ${address}/128 dev lo nodad`).join('\n')}
# NEAR FAR NUMBER: a cable between two namespaces.
cable() {
  ip -n $1 link add to$2 type veth peer name to$1 netns $2
  ip -n $1 address add 10.9.$3.1/24 dev to$2
  ip -n $1 address add 2001:db8:9$3::1/64 dev to$2 nodad
  ip -n $2 address add 10.9.$3.2/24 dev to$1
  ip -n $2 address add 2001:db8:9$3::2/64 dev to$1 nodad
  ip -n $1 link set to$2 up
  ip -n $2 link set to$1 up
}
cable isp1 far 1
cable isp2 mid 2
cable mid far 3
for n in isp1 isp2 mid; do
  ip netns exec $n sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
done
for i in 1 2; do
  ip -n isp$i address del ${server.inet}/32 dev lo
  ip -n isp$i address del ${server.inet6}/128 dev lo
  ip -n isp$i route add default via 10.9.$i.2
  ip -n isp$i route add default via 2001:db8:9$i::2
done
ip -n mid route add default via 10.9.3.2
ip -n mid route add default via 2001:db8:93::2
ip -n mid route add 10.2.0.0/24 via 10.9.2.1
ip -n mid route add 2001:db8:2::/64 via 2001:db8:92::1
ip -n far route add 10.1.0.0/24 via 10.9.1.1
ip -n far route add 2001:db8:1::/64 via 2001:db8:91::1
ip -n far route add 10.2.0.0/24 via 10.9.3.1
ip -n far route add 2001:db8:2::/64 via 2001:db8:93::1
for n in isp2 mid; do
  ip netns exec $n nft -f - <<'END'
table inet silent {
  chain output {
    type filter hook output priority 0
    icmp type destination-unreachable icmp code frag-needed drop
    icmpv6 type packet-too-big drop
  }
}
END
done
`

export async function makeNarrowLine(host: Host): Promise<void> {
  await makeProviders(host)
  await host.run(['/bin/sh', '-c', script])
}

/** The largest packet of the cable behind `isp2`. */
export async function narrowTo(host: Host, mtu: number): Promise<void> {
  await host.run(['ip', '-n', 'isp2', 'link', 'set', 'tomid', 'mtu', String(mtu)])
  await host.run(['ip', '-n', 'mid', 'link', 'set', 'toisp2', 'mtu', String(mtu)])
}

export function within(namespace: 'mid' | 'far' | 'lan' | 'isp1' | 'isp2', argv: readonly string[]): readonly string[] {
  return ['ip', 'netns', 'exec', namespace, ...argv]
}
