/** Packets with a spoofed source, sent for real: with `source-check = own` exactly those arrive that do with the kernel's own check. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Host, startHost } from './daemon-host.ts'

const spoof = fileURLToPath(new URL('programs/spoof.py', import.meta.url))

/** What is sent: from where in the network, source, destination. */
const packets = {
  'LAN: a client': ['lan', '192.168.77.10', '203.0.113.1'],
  'LAN: a client, to this host': ['lan', '192.168.77.10', '192.168.77.1'],
  'LAN: who asks for a lease': ['lan', '0.0.0.0', '255.255.255.255'],
  'LAN: an address of the internet': ['lan', '198.51.100.9', '203.0.113.1'],
  "LAN: another LAN's": ['lan', '192.168.88.10', '203.0.113.1'],
  "LAN: this host's": ['lan', '192.168.77.1', '203.0.113.1'],
  "LAN: this host's, to this host": ['lan', '192.168.77.1', '192.168.77.1'],
  "LAN: this host's, to a broadcast address": ['lan', '192.168.77.1', '192.168.77.255'],
  "LAN: this host's, to a group": ['lan', '192.168.77.1', '224.0.0.1'],
  "LAN: an uplink's": ['lan', '10.1.0.2', '203.0.113.1'],
  "LAN: the LAN's broadcast address": ['lan', '192.168.77.255', '203.0.113.1'],
  'LAN: loopback': ['lan', '127.0.0.1', '203.0.113.1'],
  'LAN: a group': ['lan', '224.0.0.5', '203.0.113.1'],
  'LAN: everyone': ['lan', '255.255.255.255', '203.0.113.1'],
  'LAN: nobody': ['lan', '0.0.0.0', '203.0.113.1'],
  'uplink: the internet': ['isp', '203.0.113.1', '192.168.77.10'],
  'uplink: the internet, to this host': ['isp', '203.0.113.1', '10.1.0.2'],
  'uplink: its neighbour': ['isp', '10.1.0.1', '10.1.0.2'],
  'uplink: by the other one': ['isp', '10.2.0.1', '10.1.0.2'],
  "uplink: this host's": ['isp', '10.1.0.2', '10.1.0.2'],
  "uplink: this host's on the LAN": ['isp', '192.168.77.1', '192.168.77.10'],
  "uplink: the other uplink's": ['isp', '10.2.0.2', '192.168.77.10'],
  'uplink: its broadcast address': ['isp', '10.1.0.255', '10.1.0.2'],
  'uplink: the LAN': ['isp', '192.168.77.10', '10.1.0.2'],
} as const
type Name = keyof typeof packets
const names = Object.keys(packets) as Name[]
const sides = { lan: { netns: 'lan', out: 'eth0', into: 'lan0' }, isp: { netns: 'isp1', out: 'isp1', into: 'wan1' } }
const always: readonly Name[] = ['LAN: a client', 'uplink: its neighbour']

const world = `set -e
sysctl -qw net.ipv4.conf.default.rp_filter=0 net.ipv4.conf.all.rp_filter=0
ip netns add lan
ip link add lan0 type veth peer name eth0 netns lan
ip address add 192.168.77.1/24 dev lan0
ip link add lan1 type veth peer name eth1 netns lan
ip address add 192.168.88.1/24 dev lan1
ip link set lan0 up
ip link set lan1 up
ip -n lan link set eth0 up
ip -n lan link set eth1 up
sysctl -qw net.ipv4.ip_forward=1
for i in 1 2; do
  ip netns add isp$i
  ip link set isp$i netns isp$i
  ip -n isp$i address add 10.$i.0.1/24 dev isp$i
  ip -n isp$i link set isp$i up
  ping -q -c 1 -W 5 10.$i.0.1 >/dev/null
done
nft -f - <<'END'
table ip arrived {
  map ports { type inet_service : verdict; }
  set seen { type inet_service; flags dynamic; size 200; }
  chain input { type filter hook input priority 0; udp sport 4000 add @seen { udp dport }; }
  chain forward { type filter hook forward priority 0; udp sport 4000 add @seen { udp dport }; }
}
END
`

let host: Host
const out = async (line: string) => (await host.run(line.split(' '))).stdout
const filters = () => out('sysctl -a -r net.ipv4.conf.(all|lan.|wan.).(rp_filter|accept_local)')
const value = async (name: string) => (await out(`sysctl -n net.ipv4.conf.${name}`)).trim()

beforeAll(async () => {
  host = await startHost()
  await host.run(['/bin/sh', '-c', world])
})
afterAll(() => host.end())

/** Which of the packets come past the check. What always does is sent last of each side, and awaited. */
async function arriving(): Promise<readonly Name[]> {
  await host.run(['nft', 'flush set ip arrived seen'])
  for (const [side, { netns, out: device, into }] of Object.entries(sides)) {
    const some = names.filter((name) => packets[name][0] === side)
    const lines = [...some, ...some.filter((name) => always.includes(name))]
    const input = lines.map((name) => `${packets[name].slice(1).join(' ')} ${portOf(name)}\n`).join('')
    const mac = (await host.run(['cat', `/sys/class/net/${into}/address`])).stdout.trim()
    await host.run(['ip', 'netns', 'exec', netns, 'python3', spoof, device, mac], {}, { input })
  }
  const seen = async (): Promise<readonly string[]> =>
    (await out('nft list set ip arrived seen')).match(/\b3\d{3}\b/g) ?? []
  await expect.poll(seen).toEqual(expect.arrayContaining<string>(always.map((name) => String(portOf(name)))))
  const ports = await seen()
  return names.filter((name) => ports.includes(String(portOf(name))))
}

const portOf = (name: Name) => 3000 + names.indexOf(name)

async function apply(check: 'kernel' | 'own'): Promise<void> {
  await host.write(
    '/etc/ifbalance/ifbalance.conf',
    `[balance]\nsource-check = ${check}\n[uplink wan1]\n[uplink wan2]\n`,
  )
  expect((await host.ifbalance(['apply'])).exitCode).toBe(0)
  expect((await host.ifbalance(['plan'])).stdout).toContain('Nothing to change')
}

const loose: readonly Name[] = [
  ...(['LAN: a client', 'LAN: a client, to this host', 'LAN: who asks for a lease'] as const),
  ...(['LAN: an address of the internet', "LAN: another LAN's", 'uplink: the internet'] as const),
  ...([
    'uplink: the internet, to this host',
    'uplink: its neighbour',
    'uplink: by the other one',
    'uplink: the LAN',
  ] as const),
]
const foreign: readonly Name[] = ['LAN: an address of the internet', "LAN: another LAN's"]
const strict = loose.filter((name) => !foreign.includes(name))

test.each([
  ['off, as on Debian 12', { 'lan0.rp_filter': '0' }, loose],
  ['loose, as on Debian 13', { 'lan0.rp_filter': '2' }, loose],
  ['strict on the LAN', { 'lan0.rp_filter': '1' }, strict],
  ['strict for all', { 'lan0.rp_filter': '0', 'all.rp_filter': '1' }, strict],
  ['loose for all', { 'lan0.rp_filter': '1', 'all.rp_filter': '2' }, loose],
])('rp_filter %s', async (_, sysctls, expected) => {
  for (const [name, to] of Object.entries({ 'all.rp_filter': '0', ...sysctls }))
    await host.run(['sysctl', '-qw', `net.ipv4.conf.${name}=${to}`])
  const before = await filters()
  await apply('kernel')
  expect(await arriving()).toEqual(expected)
  await apply('own')
  for (const device of ['lan0', 'wan1', 'wan2', 'all']) expect(await value(`${device}.rp_filter`)).toBe('0')
  for (const device of ['lan0', 'wan1', 'wan2']) expect(await value(`${device}.accept_local`)).toBe('1')
  expect(await arriving()).toEqual(expected)
  await host.ifbalance(['down'])
  expect(await filters()).toBe(before)
})

test('what changes meanwhile: an address, strictness, a route that refuses', async () => {
  await host.run(['sysctl', '-qw', 'net.ipv4.conf.lan0.rp_filter=2', 'net.ipv4.conf.all.rp_filter=0'])
  await apply('own')
  // A connection of this host's own has what a packet of the LAN claims.
  const own = `import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('10.1.0.2', 4000))
s.sendto(b'mine', ('203.0.113.1', ${portOf("LAN: an uplink's")}))`
  await host.run(['python3', '-c', own])
  expect(await out('conntrack -L -p udp --orig-port-src 4000 -s 10.1.0.2')).toContain('mark=1090519040')
  expect(await arriving()).toEqual(loose)
  // A new address is one of this host's.
  await host.run(['ip', 'address', 'add', '192.168.88.10/32', 'dev', 'lan1'])
  await apply('own')
  expect(await arriving()).not.toContain("LAN: another LAN's")
  await host.run(['ip', 'address', 'delete', '192.168.88.10/32', 'dev', 'lan1'])
  // An administrator makes the LAN strict.
  await host.run(['sysctl', '-qw', 'net.ipv4.conf.lan0.rp_filter=1'])
  await apply('own')
  expect(await value('lan0.rp_filter')).toBe('0')
  expect(await arriving()).toEqual(strict)
  // A route for what is to be dropped: only the kernel knows.
  await host.run(['sysctl', '-qw', 'net.ipv4.conf.lan0.rp_filter=1'])
  await host.run(['ip', 'route', 'add', 'blackhole', '198.51.100.0/24'])
  await apply('own')
  expect([await value('lan0.rp_filter'), await value('lan0.accept_local'), await value('wan1.rp_filter')]).toEqual([
    ...['1', '0', '2'],
  ])
  expect((await host.ifbalance(['status', '--json'])).stdout).toContain(
    'a route refuses what comes from 198.51.100.0/24',
  )
  expect(await arriving()).toEqual(strict)
  await host.run(['ip', 'route', 'delete', 'blackhole', '198.51.100.0/24'])
  await apply('own')
  expect(await value('lan0.rp_filter')).toBe('0')
  // What this host sends to a group comes back to it.
  const heard = `import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('', 5353)); s.settimeout(10)
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton('224.0.0.251') + socket.inet_aton('192.168.77.1'))
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton('192.168.77.1'))
s.sendto(b'to myself', ('224.0.0.251', 5353)); print(s.recv(99))`
  expect((await host.run(['python3', '-c', heard])).stdout).toContain('to myself')
  await host.write('/etc/ifbalance/ifbalance.conf', '')
  await host.ifbalance(['apply'])
  expect([await value('lan0.rp_filter'), await value('lan0.accept_local'), await value('wan1.rp_filter')]).toEqual([
    ...['1', '0', '2'],
  ])
})
