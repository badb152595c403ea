/**
 * Connections of all kinds that are there while the host's programs change: none moves to another uplink, none is lost. What
 * leaves by an uplink with an address that is not its own is counted, and dropped, as providers do.
 */
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { changedSoon, type Host, type Running, startHost } from './daemon-host.ts'
import { inside, lanClient, makeProviders, server, setCarrier } from './providers.ts'

const program = fileURLToPath(new URL('programs/held.py', import.meta.url))
const held = (...args: readonly string[]) => ['/usr/bin/python3', program, ...args]

type Place = 'host' | 'lan' | 'isp1' | 'isp2'

interface Plan {
  readonly name: string
  readonly kind: 'tcp' | 'active' | 'passive' | 'tftp'
  readonly to: string
  readonly port: number
  readonly count: number
  readonly bind?: string
}

/** Nothing here is measured. */
const patienceMs = 60_000

let host: Host
let daemon: Running
let servers: readonly Running[]
let clients: Running[]

/** A LAN that has addresses of the first provider's, too. */
const prefix = '2001:db8:1:5::'
/** Nobody has them: a client that connects itself might choose a port that its proxy has chosen. */
const proxied = { inet: '192.168.77.11', inet6: 'fd00:77::11' } as const
const isps = ['isp1', 'isp2'] as const

const world = `set -e
sysctl -qw net.core.txrehash=0
ip netns exec lan sysctl -qw net.core.txrehash=0
ip address add ${prefix}1/64 dev lan0 nodad
ip -n lan address add ${prefix}10/64 dev eth0 nodad preferred_lft 0
ip -n isp1 route add ${prefix}/64 via 2001:db8:1::2
for i in 1 2; do
  ip netns exec isp$i sysctl -qw net.core.txrehash=0
  ip netns exec isp$i nft -f - <<END
table inet strict {
  counter strangers { }
  chain prerouting {
    type filter hook prerouting priority -290
    ip daddr ${server.inet} ip saddr != 10.$i.0.0/24 counter name strangers drop
    ip6 daddr ${server.inet6} ip6 saddr != 2001:db8:$i::/48 counter name strangers drop
  }
}
END
done
`

/** The administrator's: port forwards, a proxy with its clients' addresses, helpers for FTP and TFTP. */
const theirs = `
table inet theirs {
  ct helper ftp { type "ftp" protocol tcp; }
  ct helper tftp { type "tftp" protocol udp; }
  chain forwards {
    type nat hook prerouting priority dstnat
    iifname "wan*" meta nfproto ipv4 th dport { 7001, 21, 69 } dnat ip to ${lanClient.inet}
    iifname "wan*" meta nfproto ipv6 ip6 daddr 2001:db8::/32 th dport { 7001, 21 } dnat ip6 to ${lanClient.inet6}
  }
  chain helpers {
    type filter hook prerouting priority filter
    tcp dport 21 ct helper set "ftp"
    udp dport 69 ct helper set "tftp"
  }
  chain proxy {
    type filter hook prerouting priority mangle
    meta l4proto tcp socket transparent 1 socket wildcard 0 iifname "wan*" meta mark set meta mark & 0xfffffffe | 1
  }
  chain srcnat {
    type nat hook postrouting priority srcnat
    oifname "wan*" ip saddr 192.168.77.0/24 masquerade
  }
}
`

beforeEach(async () => {
  clients = []
  host = await startHost()
  await makeProviders(host)
  await host.run(['/bin/sh', '-c', world])
  await host.run(['nft', '-f', '-'], {}, { input: theirs })
  for (const family of ['-4', '-6']) {
    await host.run(['ip', family, 'rule', 'add', 'fwmark', '1/1', 'lookup', '100'])
    await host.run(['ip', family, 'route', 'add', 'local', 'default', 'dev', 'lo', 'table', '100'])
  }
  await host.write('/etc/ifbalance/conf.d/50-prefix.conf', `[uplink wan1]\ninterface = wan1\nprefix = ${prefix}/64\n`)
  servers = [
    ...isps.map((isp) => host.start(inside(isp, held('server', server.inet, server.inet6)))),
    host.start(inside('lan', held('server', lanClient.inet))),
    host.start(held('server', '192.168.77.1')),
  ]
  await Promise.all(servers.map((one) => one.says(/ready/, 0, patienceMs)))
})
afterEach(() => host.end())

async function hold(place: Place, plans: readonly Plan[]): Promise<void> {
  const argv = held('client', JSON.stringify(plans))
  const client = host.start(place === 'host' ? argv : inside(place, argv))
  clients.push(client)
  await client.says(/^open /, 0, patienceMs)
  expect(lost(client, 'open'), place).toEqual({})
}

/** By name, how many of how many are not as they should be, by the last line that begins so. */
function lost(client: Running, word: string): Readonly<Record<string, string>> {
  const lines = client.said().filter((line) => line.startsWith(`${word} `))
  const counts: Record<string, [number, number]> = JSON.parse(lines.at(-1)?.slice(word.length) ?? '{}')
  const failed = client.said().filter((line) => line.startsWith('failed'))
  const bad = Object.entries(counts).filter(([, [good, all]]) => good !== all)
  return {
    ...Object.fromEntries(bad.map(([name, [good, all]]) => [name, `${all - good} of ${all}`])),
    ...(failed.length > 0 && { failed: failed.join('; ') }),
  }
}

/** All connections are asked, or hear of their servers first: none may be lost, and nothing may leave by a wrong uplink. */
async function expectAllWell(what: string, first: 'client' | 'server' = 'client'): Promise<void> {
  const word = first === 'client' ? 'answered' : 'heard'
  const since = clients.map((client) => client.said().length)
  for (const client of clients) client.signal(first === 'client' ? 'SIGUSR1' : 'SIGUSR2')
  if (first === 'server') for (const one of servers) one.signal('SIGUSR1')
  await Promise.all(clients.map((client, index) => client.says(new RegExp(`^${word} `), since[index], patienceMs)))
  const all = Object.assign({}, ...clients.map((client) => lost(client, word)))
  expect({ what, lost: all, strangers: await strangers() }).toEqual({ what, lost: {}, strangers: [0, 0] })
}

async function strangers(): Promise<readonly number[]> {
  return Promise.all(
    isps.map(async (isp) => {
      const { stdout } = await host.run(inside(isp, ['nft', 'reset', 'counters']))
      return Number(/strangers \{\s+packets (\d+)/.exec(stdout)?.[1])
    }),
  )
}

async function start(): Promise<void> {
  daemon = host.daemon()
  await daemon.says(/balancing over wan1, wan2 /, 0, patienceMs)
}

const count = 12

/** What works without us: all by wan1 but what comes in by wan2. */
async function holdEarly(): Promise<void> {
  await hold('lan', [
    { name: 'lan', kind: 'tcp', to: server.inet, port: 7000, count },
    { name: 'lan6', kind: 'tcp', to: server.inet6, port: 7000, count, bind: `${prefix}10` },
    { name: 'active', kind: 'active', to: server.inet, port: 21, count },
    { name: 'passive', kind: 'passive', to: server.inet, port: 21, count },
    { name: 'tftp', kind: 'tftp', to: server.inet, port: 69, count },
  ])
  await hold('host', [
    { name: 'host', kind: 'tcp', to: server.inet, port: 7000, count },
    { name: 'host6', kind: 'tcp', to: server.inet6, port: 7000, count },
    { name: 'bound', kind: 'tcp', to: server.inet, port: 7000, count, bind: '192.168.77.1' },
    { name: 'proxy', kind: 'tcp', to: server.inet, port: 7000, count, bind: proxied.inet },
  ])
  await hold('isp1', [
    { name: 'forward', kind: 'tcp', to: '10.1.0.2', port: 7001, count, bind: server.inet },
    { name: 'forward6', kind: 'tcp', to: `${prefix}10`, port: 7000, count, bind: server.inet6 },
    { name: 'passive in', kind: 'passive', to: '10.1.0.2', port: 21, count, bind: server.inet },
    { name: 'active in', kind: 'active', to: '10.1.0.2', port: 21, count, bind: server.inet },
  ])
}

test.each(['client', 'server'] as const)(
  'installing on a router that works, and others who flush all rules: the %s speaks first',
  async (first) => {
    await holdEarly()
    await start()
    await expectAllWell('installed', first)
    await expectAllWell('spoken to', first === 'client' ? 'server' : 'client')
    await host.run(['sh', '-c', 'nft flush ruleset && nft -f -'], {}, { input: theirs })
    const seen = daemon.said().length
    await daemon.says(changedSoon, seen, patienceMs)
    await expectAllWell('flushed', first)
  },
  300_000,
)

/** Over both uplinks, as new connections are. */
async function holdAll(proxies = true): Promise<void> {
  await hold('lan', [
    { name: 'lan', kind: 'tcp', to: server.inet, port: 7000, count },
    { name: 'lan6', kind: 'tcp', to: server.inet6, port: 7000, count, bind: `${prefix}10` },
    { name: 'lan6 private', kind: 'tcp', to: server.inet6, port: 7000, count, bind: lanClient.inet6 },
    { name: 'active', kind: 'active', to: server.inet, port: 21, count },
    { name: 'active6', kind: 'active', to: server.inet6, port: 21, count, bind: `${prefix}10` },
    { name: 'passive', kind: 'passive', to: server.inet, port: 21, count },
    { name: 'tftp', kind: 'tftp', to: server.inet, port: 69, count },
  ])
  await hold('host', [
    { name: 'host', kind: 'tcp', to: server.inet, port: 7000, count },
    { name: 'host6', kind: 'tcp', to: server.inet6, port: 7000, count },
    { name: 'bound', kind: 'tcp', to: server.inet, port: 7000, count, bind: '192.168.77.1' },
    { name: 'bound6', kind: 'tcp', to: server.inet6, port: 7000, count, bind: 'fd00:77::1' },
    ...(proxies
      ? ([
          { name: 'proxy', kind: 'tcp', to: server.inet, port: 7000, count, bind: proxied.inet },
          { name: 'proxy6', kind: 'tcp', to: server.inet6, port: 7000, count, bind: proxied.inet6 },
        ] as const)
      : []),
  ])
}

async function holdFrom(isp: (typeof isps)[number]): Promise<void> {
  const i = isp.slice(-1)
  await hold(isp, [
    { name: `forward ${isp}`, kind: 'tcp', to: `10.${i}.0.2`, port: 7001, count, bind: server.inet },
    { name: `forward6 ${isp}`, kind: 'tcp', to: `2001:db8:${i}::2`, port: 7001, count, bind: server.inet6 },
    { name: `service ${isp}`, kind: 'tcp', to: `10.${i}.0.2`, port: 7000, count, bind: server.inet },
    { name: `active in ${isp}`, kind: 'active', to: `10.${i}.0.2`, port: 21, count, bind: server.inet },
    { name: `passive in ${isp}`, kind: 'passive', to: `10.${i}.0.2`, port: 21, count, bind: server.inet },
  ])
}

test('failback, a reload of weights, apply, a restart and a crash: all stay where they are', async () => {
  await setCarrier(host, 'isp2', 'down')
  daemon = host.daemon()
  let seen = await daemon.says(/balancing over wan1 /, 0, patienceMs)
  await holdAll()
  await holdFrom('isp1')
  for (const one of servers) one.signal('SIGUSR2')
  await setCarrier(host, 'isp2', 'up')
  seen = await daemon.says(/balancing over wan1, wan2 /, seen, patienceMs)
  await expectAllWell('failback')
  await holdAll()
  await holdFrom('isp2')
  await expectAllWell('new ones')
  await host.write('/etc/ifbalance/conf.d/60-weight.conf', '[uplink wan2]\ninterface = wan2\nweight = 5\n')
  daemon.signal('SIGHUP')
  seen = await daemon.says(/balancing over wan1, wan2 /, seen, patienceMs)
  await expectAllWell('weights')
  await host.ifbalance(['apply'])
  await expectAllWell('apply')
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    daemon.signal(signal)
    await daemon.ended
    daemon = host.daemon()
    await daemon.says(/message bus/, 0, patienceMs)
    await host.ifbalance(['apply'])
    await expectAllWell(signal)
  }
}, 300_000)

test('what began while nobody translated lives once we do; what may live is not touched', async () => {
  // Somebody has to want connections tracked.
  await host.run([
    'nft',
    'flush ruleset; table inet fw { chain in { type filter hook input priority 0; ct state new accept; }; }',
  ])
  const others = ['10.99.0.7', '203.0.113.9'] as const
  for (const [index, to] of others.entries()) {
    const from = index === 0 ? lanClient.inet : '10.1.0.2'
    const ports = ['--sport', '9', '--dport', '9']
    await host.run(['conntrack', '-I', '-p', 'udp', '-t', '100', '-s', from, '-d', to, ...ports])
  }
  await host.run(['ip', 'route', 'add', '10.99.0.0/24', 'dev', 'lan0'])
  const beginAll = async () => {
    const all = [server.inet, server.inet6].map((to) => host.start(inside('lan', held('begin', to, '20'))))
    await Promise.all(all.map((one) => one.says(/begun/, 0, patienceMs)))
    return all
  }
  const expectAnswers = async (all: readonly Running[]) => {
    await Promise.all(all.map((one) => one.says(/^answered /, 0, patienceMs)))
    expect(
      all.map((one) => lost(one, 'answered')),
      daemon.said().slice(-8).join('\n'),
    ).toEqual([{}, {}])
  }
  const early = await beginAll()
  await start()
  await expectAnswers(early)
  for (const to of others) expect((await host.run(['conntrack', '-L'])).stdout).toContain(`dst=${to}`)

  // With rules for translation in the kernel, it is decided for good that there is none.
  const nat = 'table ip nothing { chain post { type nat hook postrouting priority 100; }; }'
  await host.run(['nft', nat])
  daemon.signal('SIGSTOP')
  await host.run(['nft', 'delete', 'table', 'inet', 'ifbalance'])
  const late = await beginAll()
  daemon.signal('SIGCONT')
  await expectAnswers(late)
}, 300_000)

/** As scripts for shaping do: without masks, behind our hooks. */
const saved = {
  'before routing': `
    chain before {
      type filter hook prerouting priority mangle
      meta mark set ct mark
      meta mark != 0 accept
      tcp sport != 7001 meta mark set 4
      ct mark set meta mark
    }`,
  'as they leave': `
    chain before { type filter hook prerouting priority mangle; meta mark set ct mark; }
    chain after { type filter hook postrouting priority mangle; ct mark set meta mark; }`,
  'and never restored': `
    chain after { type filter hook postrouting priority mangle; ct mark set meta mark; }`,
} as const

test.each(Object.entries(saved))(
  'marks that others save without a mask, %s: all stay where they are',
  async (_, chains) => {
    await host.run(['nft', '-f', '-'], {}, { input: `table inet shaping {${chains}\n}` })
    await setCarrier(host, 'isp2', 'down')
    daemon = host.daemon()
    let seen = await daemon.says(/balancing over wan1 /, 0, patienceMs)
    await holdAll(false)
    await holdFrom('isp1')
    for (const one of servers) one.signal('SIGUSR2')
    await setCarrier(host, 'isp2', 'up')
    seen = await daemon.says(/balancing over wan1, wan2 /, seen, patienceMs)
    await expectAllWell('failback')
    await holdAll(false)
    await holdFrom('isp2')
    await expectAllWell('new ones')
  },
  300_000,
)

/** As firewalld has it, with IPv6_rpfilter=strict. */
const strictPath = `table inet strict_path {
  chain prerouting {
    type filter hook prerouting priority 10
    icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept
    meta nfproto ipv6 fib saddr . mark . iif oif missing drop
  }
}`

test("others who look the way back of IPv6 up by the packet's mark find the uplink that it came in by", async () => {
  await host.run(['nft', '-f', '-'], {}, { input: strictPath })
  await start()
  await holdAll()
  await holdFrom('isp1')
  await holdFrom('isp2')
  await expectAllWell('strict')
  await expectAllWell('strict', 'server')
  expect((await host.ifbalance(['plan'])).stdout).toBe('Nothing to change.\n')
}, 300_000)
