/** Three uplinks, the third of them a bridge with a guest, and LANs of every kind; what is sent there, and what providers see of it. */
import { fileURLToPath } from 'node:url'
import type { Packet } from '../lab/programs/send.ts'
import { run } from '../lab/run.ts'
import { type Sent, sources } from './translation-table.ts'
import { linksSettled } from './world.ts'

const sender = fileURLToPath(new URL('../lab/programs/send.ts', import.meta.url))

const lanAddresses = Object.values(sources).flatMap(({ from, address }) => (from === 'lan' ? [address] : []))

/** vmbr0 is an uplink that a guest is bridged to, and br_netfilter has its frames go through the IP hooks. */
const world = `set -e
mkdir -p /run/netns
echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
echo 1 >/proc/sys/net/ipv6/conf/default/addr_gen_mode
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
ip netns add lan
ip link add lan0 type veth peer name eth0 netns lan
for address in 192.168.77.1/24 172.17.0.1/16 100.64.7.1/24 198.51.100.1/28 fd00:77::1/64 2001:db8:77::1/64 fe80::2/64; do
  ip address add $address dev lan0
done
ip link set lan0 up
ip -n lan link set eth0 up
for address in ${lanAddresses.join(' ')}; do
  case $address in *:*) nodad=nodad ;; *) nodad= ;; esac
  ip -n lan address add $address dev eth0 $nodad
done
ip -n lan route add default via 192.168.77.1 dev eth0 onlink
ip -n lan -6 route add default via fd00:77::1 dev eth0 onlink
ip link add vmbr0 type bridge mcast_snooping 0
ip netns add guest
ip link add tap0 master vmbr0 type veth peer name eth0 netns guest
for i in 1 2 3; do
  ip netns add isp$i
  ip link add wan$i type veth peer name far netns isp$i
  ip link set wan$i up
  ip -n isp$i link set far up
  ip -n isp$i address add 10.$i.0.1/24 dev far
  ip -n isp$i address add 2001:db8:$i::1/64 dev far nodad
  ip netns exec isp$i nft -f - <<'END'
table inet seen {
  set four { type inet_service . ipv4_addr; flags dynamic; size 65536; }
  set six { type inet_service . ipv6_addr; flags dynamic; size 65536; }
  chain prerouting {
    type filter hook prerouting priority -400
    meta nfproto ipv4 udp sport 20000-60000 add @four { udp dport . ip saddr }
    meta nfproto ipv6 udp sport 20000-60000 add @six { udp dport . ip6 saddr }
  }
}
END
done
ip link set wan3 master vmbr0
ip link set tap0 up
ip link set vmbr0 up
ip -n guest link set eth0 up
ip -n guest address add 10.3.0.9/24 dev eth0
ip -n guest route add default via 10.3.0.1
ip -n guest address add 2001:db8:3::9/64 dev eth0 nodad
ip -n guest route add default via 2001:db8:3::1
for i in 1 2 3; do
  device=wan$i
  [ $i = 3 ] && device=vmbr0
  ip address add 10.$i.0.2/24 dev $device
  ip address add 2001:db8:$i::2/64 dev $device nodad
  # Without one, the kernel asks for a neighbour only while the last packet that waits has an address of the device.
  ip address add fe80::2/64 dev $device nodad
  ip route add default via 10.$i.0.1 dev $device metric 10$i
  ip route add default via 2001:db8:$i::1 dev $device metric 10$i
  ip route add 203.0.113.$i via 10.$i.0.1 dev $device
  ip route add 2001:db8:ffff::$i via 2001:db8:$i::1 dev $device
done
ip -n isp1 address add 10.1.0.9/24 dev far
ip -n isp1 route add 203.0.113.0/24 via 10.1.0.2
ip -n isp1 address add 2001:db8:1::9/64 dev far nodad
ip -n isp1 route add 2001:db8:ffff::/48 via 2001:db8:1::2
sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1
# Its own link's hosts are behind us, too.
ip route add 10.1.0.50 dev lan0
ip route add 2001:db8:1::50 dev lan0
`

const mostLooks = 200

let port = 1000

export async function makeTranslationWorld(): Promise<void> {
  await run('/bin/sh', ['-c', world])
  await linksSettled()
}

/** From each kind of source to each uplink's server. */
export async function sendAll(): Promise<readonly Sent[]> {
  const wanted = Object.entries(sources).flatMap(([source, { from, address, only }]) =>
    [1, 2, 3].flatMap((uplink) => {
      if (only && !only.includes(uplink)) return []
      const to = address.includes(':') ? `2001:db8:ffff::${uplink}` : `203.0.113.${uplink}`
      return [
        {
          source,
          uplink,
          from,
          packet: { protocol: 'udp', from: address, to, sourcePort: 20_000 + port, port: port++ },
        },
      ]
    }),
  )
  const sendFrom = async (place: string) => {
    const packets = wanted.flatMap(({ from, packet }) => (from === place ? [packet as Packet] : []))
    const node = [process.execPath, sender, '{}']
    const argv = place === 'host' ? node : ['/usr/sbin/ip', 'netns', 'exec', place, ...node]
    await run(argv[0] ?? '', argv.slice(1), { input: JSON.stringify(packets), timeoutMs: 30_000 })
  }
  await Promise.all([...new Set(wanted.map(({ from }) => from))].map(sendFrom))
  const look = () => Promise.all([1, 2, 3].map(seenBy))
  let seen = await look()
  // A neighbour may have to be asked for first.
  for (
    let looks = 0;
    looks < mostLooks && wanted.some(({ packet }) => !seen.some((by) => by.has(packet.port)));
    looks++
  )
    seen = await look()
  return wanted.map(({ source, uplink, packet }): Sent => {
    const by = seen.flatMap((sourcesOf, at) => (sourcesOf.has(packet.port) ? [at + 1] : []))
    return { source, uplink, by, saw: seen[(by[0] ?? 0) - 1]?.get(packet.port) ?? null }
  })
}

async function seenBy(number: number): Promise<ReadonlyMap<number, string>> {
  const nft = ['netns', 'exec', `isp${number}`, '/usr/sbin/nft', '-j', 'list', 'table', 'inet', 'seen']
  const { stdout } = await run('/usr/sbin/ip', nft)
  const { nftables }: { nftables: readonly { set?: { elem?: readonly { concat: readonly [number, string] }[] } }[] } =
    JSON.parse(stdout)
  return new Map(nftables.flatMap(({ set }) => (set?.elem ?? []).map(({ concat }) => concat)))
}

/** Which providers see what an uplink's neighbour sends through this host to where no route of main's own leads. */
export async function waysOfNeighbours(): Promise<readonly number[]> {
  const packets = [
    ['10.1.0.9', '203.0.113.200'],
    ['2001:db8:1::9', '2001:db8:ffff::200'],
  ].flatMap(([from = '', to = '']) =>
    Array.from({ length: 40 }, (): Packet => ({ protocol: 'udp', from, to, sourcePort: 20_000 + port, port: port++ })),
  )
  const node = ['netns', 'exec', 'isp1', process.execPath, sender, '{}']
  await run('/usr/sbin/ip', node, { input: JSON.stringify(packets), timeoutMs: 30_000 })
  const seen = await Promise.all([1, 2, 3].map(seenBy))
  return packets.map((packet) => seen.findIndex((by) => by.has(packet.port)) + 1)
}
