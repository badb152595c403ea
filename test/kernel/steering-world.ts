/**
 * Three uplinks and a LAN for scripts that run in a namespace of their own. Each provider writes down what comes by; so it is
 * seen where packets really go, whatever the ruleset says.
 */
import { fileURLToPath } from 'node:url'
import type { Config } from '../../src/model/config.ts'
import { reconcile } from '../../src/reconcile/reconcile.ts'
import { configOf } from '../config-of.ts'
import type { Packet, SendOptions } from '../lab/programs/send.ts'
import { run } from '../lab/run.ts'
import { ip, linksSettled } from './world.ts'

const sender = fileURLToPath(new URL('../lab/programs/send.ts', import.meta.url))

/** 192.168.77.2 to .41, and fd00:77::2 to ::29, hexadecimal. */
export const lanHosts = 40

const world = `set -e
mkdir -p /run/netns
echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
echo 1 >/proc/sys/net/ipv6/conf/default/addr_gen_mode
ip netns add lan
ip link add lan0 type veth peer name eth0 netns lan
ip address add 192.168.77.1/24 dev lan0
ip address add fd00:77::1/64 dev lan0
ip link set lan0 up
ip netns exec lan sh -c '
  for i in $(seq 2 41); do
    ip address add 192.168.77.$i/24 dev eth0
    ip address add fd00:77::$(printf %x $i)/64 dev eth0 nodad
  done
  ip link set eth0 up
  ip link set lo up
  ip route add default via 192.168.77.1
  ip route add default via fd00:77::1'
echo 1 >/proc/sys/net/ipv4/ip_forward
# Or refusals of a few packets in a row would not all be told.
echo 0 >/proc/sys/net/ipv4/icmp_ratelimit
echo 0 >/proc/sys/net/ipv6/icmp/ratelimit
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
for i in 1 2 3; do
  ip netns add isp$i
  ip link add wan$i type veth peer name far netns isp$i
  ip address add 10.$i.0.2/24 dev wan$i
  ip address add 2001:db8:$i::2/64 dev wan$i nodad
  ip -n isp$i address add 10.$i.0.1/24 dev far
  ip -n isp$i address add fe80::1/64 dev far nodad
  ip -n isp$i link set far up
  ip -n isp$i route add 2001:db8:$i::/64 dev far
  ip link set wan$i up
  ip route add default via 10.$i.0.1 dev wan$i metric 10$i
  ip route add default via fe80::1 dev wan$i metric 10$i
  ip netns exec isp$i nft -f - <<'END'
table inet seen {
  set four { type ipv4_addr . inet_proto . inet_service . inet_service; flags dynamic; size 65536; }
  set six { type ipv6_addr . inet_proto . inet_service . inet_service; flags dynamic; size 65536; }
  chain prerouting {
    type filter hook prerouting priority -400
    meta l4proto { tcp, udp } meta nfproto ipv4 add @four { ip daddr . meta l4proto . th sport . th dport }
    meta l4proto { tcp, udp } meta nfproto ipv6 add @six { ip6 daddr . meta l4proto . th sport . th dport }
  }
}
END
done
# A provider whose link has just come up answers nobody who asks for it, and what waits for that answer is lost.
for i in 1 2 3; do
  until ping -q -c 1 -W 1 fe80::1%wan$i >/dev/null; do :; done
done
`

export async function makeSteeringWorld(): Promise<void> {
  await run('/bin/sh', ['-c', world], { timeoutMs: 60_000 })
  await linksSettled()
}

/** What a steering test has of configuration: lines of [balance], rules, and the weights of the uplinks `a`, `b` and `c`. */
export type Wished = readonly [balance: string, rules: string, weights?: readonly number[]]

export function wishes(...[balance, rules, weights = [1, 1, 1]]: Wished): Config {
  const uplinks = ['a', 'b', 'c'].map(
    (name, at) => `[uplink ${name}]\ninterface = wan${at + 1}\nweight = ${weights[at]}\n`,
  )
  return configOf(`[balance]\nprobe = none\n${balance}\n${uplinks.join('')}${rules}`)
}

/** Throws where not all of it is in the kernel afterwards. */
export async function load(...wished: Wished): Promise<void> {
  const { remaining, errors } = await reconcile(wishes(...wished))
  if (remaining.length > 0) throw new Error(`not loaded: ${errors.join('; ')}`)
}

/** The provider's end of its link. */
export async function setCarrier(uplink: number, state: 'up' | 'down'): Promise<void> {
  await ip('-n', `isp${uplink}`, 'link', 'set', 'far', state)
  if (state === 'up') await ip('-n', `isp${uplink}`, 'address', 'replace', 'fe80::1/64', 'dev', 'far', 'nodad')
}

/** Sends them from the LAN or from the host itself, and gives for each the number of the provider that saw it, or null. With `looking`, others have sent them. */
export async function whereTo(
  packets: readonly Packet[],
  from: 'lan' | 'host',
  { looking = false, ...options }: SendOptions & { readonly looking?: boolean } = {},
): Promise<readonly (number | null)[]> {
  const node = [process.execPath, sender, JSON.stringify(options)]
  const [program = '', ...args] = from === 'lan' ? ['/usr/sbin/ip', 'netns', 'exec', 'lan', ...node] : node
  if (!looking) await run(program, args, { input: JSON.stringify(packets), timeoutMs: 60_000 })
  const seen = await Promise.all([1, 2, 3].map(seenBy))
  return packets.map((packet) => {
    const providers = seen.flatMap((keys, index) => (keys.has(keyOf(packet)) ? [index + 1] : []))
    if (providers.length > 1) throw new Error(`${keyOf(packet)} was seen by ${providers.join(' and ')}`)
    return providers[0] ?? null
  })
}

/** Also forgets what they saw. */
async function seenBy(number: number): Promise<ReadonlySet<string>> {
  const nft = (...args: readonly string[]) =>
    run('/usr/sbin/ip', ['netns', 'exec', `isp${number}`, '/usr/sbin/nft', ...args])
  const { stdout } = await nft('-j', 'list', 'table', 'inet', 'seen')
  await nft('flush', 'set', 'inet', 'seen', 'four')
  await nft('flush', 'set', 'inet', 'seen', 'six')
  const { nftables }: { nftables: readonly { set?: { elem?: readonly { concat: readonly unknown[] }[] } }[] } =
    JSON.parse(stdout)
  return new Set(nftables.flatMap(({ set }) => (set?.elem ?? []).map(({ concat }) => concat.join(' '))))
}

/** As nft lists it. */
function keyOf({ to, protocol, sourcePort, port }: Packet): string {
  return [to, protocol, sourcePort, port].join(' ')
}
