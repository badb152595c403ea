/**
 * Behind a host of daemon-host.ts: each uplink's provider, a VPN and a LAN in namespaces of their own, so that it can be
 * counted where packets really go. A bridge stands for the VPN's device: a tunnel needs a kernel that has one.
 */
import type { Host } from './daemon-host.ts'

const script = `set -e
ip netns add lan
ip link add lan0 type veth peer name eth0 netns lan
ip address add 192.168.77.1/24 dev lan0
ip link set lan0 up
ip -n lan address add 192.168.77.10/24 dev eth0
ip -n lan link set eth0 up
ip -n lan route add default via 192.168.77.1
sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0
for i in 1 2; do
  ip netns add isp$i
  ip link set isp$i netns isp$i
  ip -n isp$i address add 10.$i.0.1/24 dev isp$i
  ip -n isp$i link set isp$i up
  ip netns exec isp$i nft -f - <<'END'
table ip count {
  counter plain { }
  counter translated { }
  chain prerouting {
    type filter hook prerouting priority -300
    ip saddr 10.1.0.77 counter name translated
    ip daddr 203.0.113.1 udp dport 2000-3000 counter name plain
  }
}
END
done
ip link add tun0 type bridge mcast_snooping 0
ip address add 10.99.0.2/24 dev tun0
ip link set tun0 up
ip netns add vpn
ip link add port0 master tun0 type veth peer name far0 netns vpn
ip link set port0 up
ip -n vpn address add 10.99.0.1/24 dev far0
ip -n vpn address add 203.0.113.1/32 dev far0
ip -n vpn link set far0 up
ip netns exec vpn nft -f - <<'END'
table ip count {
  counter tunnel { }
  chain prerouting {
    type filter hook prerouting priority -300
    ip daddr 203.0.113.1 udp dport 2000-3000 counter name tunnel
  }
}
END
ping -q -c 1 -W 5 10.99.0.1 >/dev/null
ping -q -c 1 -W 5 10.1.0.1 >/dev/null
ping -q -c 1 -W 5 10.2.0.1 >/dev/null
`

/** Run it before the daemon starts: the providers' ends move, and carriers are lost and found meanwhile. */
export async function makeFarEnds(host: Host): Promise<void> {
  await host.run(['/bin/sh', '-c', script])
}

/** How many arrived where: in the tunnel, by wan1, by wan2, and from the address 10.1.0.77. */
export interface Arrived {
  readonly tunnel: number
  readonly wan1: number
  readonly wan2: number
  readonly snat: number
}

/** Sends so many new flows of one packet each to 203.0.113.1, and gives where they arrived. */
export async function send(host: Host, from: 'host' | 'lan', count = 60): Promise<Arrived> {
  await counters(host, 'reset')
  const flows = `for i in $(seq ${count}); do echo x >/dev/udp/203.0.113.1/$((2000 + i)); done`
  await host.run([...(from === 'lan' ? ['ip', 'netns', 'exec', 'lan'] : []), '/bin/bash', '-c', flows])
  return counters(host, 'list')
}

async function counters(host: Host, verb: 'reset' | 'list'): Promise<Arrived> {
  const [one = '', two = '', vpn = ''] = await Promise.all(
    ['isp1', 'isp2', 'vpn'].map(
      async (name) => (await host.run(['ip', 'netns', 'exec', name, 'nft', verb, 'counters'])).stdout,
    ),
  )
  const of = (text: string, name: string) => Number(new RegExp(`${name} \\{\\s+packets (\\d+)`).exec(text)?.[1])
  return { tunnel: of(vpn, 'tunnel'), wan1: of(one, 'plain'), wan2: of(two, 'plain'), snat: of(one, 'translated') }
}
