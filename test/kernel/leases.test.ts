/** Leases, addresses and router advertisements that change or run out while the daemon runs, and a line that flaps. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { programArgv } from '../lab/command.ts'
import { record } from '../lab/measurements.ts'
import { ourRoutes } from '../lab/our-routes.ts'
import { checkShare } from '../lab/shares.ts'
import { balancedDevices } from './balanced.ts'
import { type Host, keepHeapSmall, type Running, startHost } from './daemon-host.ts'
import { makeFarEnds, send } from './far-ends.ts'
import { balancing } from './transcript.ts'

let host: Host
let daemon: Running

beforeEach(async () => {
  host = await startHost()
})

afterEach(() => host.end())

const out = async (line: string) => (await host.run(line.split(' '))).stdout

/** At once: the daemon sees only what is there in the end. */
async function ip(...lines: readonly string[]): Promise<void> {
  await host.run(['ip', '-batch', '-'], {}, { input: lines.join('\n') })
}

async function start(): Promise<number> {
  daemon = host.daemon()
  return daemon.balances(['wan1', 'wan2'])
}

async function expectSettled(): Promise<void> {
  await expect.poll(async () => (await host.ifbalance(['plan'])).stdout).toContain('Nothing to change')
}

/** Source addresses that have a rule of ours. */
async function ruled(family = 4): Promise<readonly string[]> {
  const text = await out(`ip -${family} rule`)
  return [...text.matchAll(/^20[23]\d\d:\tfrom (\S+) lookup 3\d+/gm)].map(([, address]) => address ?? '').sort()
}

/** Forwarded connections that left by an uplink: the LAN's ports, and the addresses that answers go to. */
async function forwarded(
  uplink: 1 | 2,
): Promise<{ readonly ports: readonly string[]; readonly addresses: Set<string> }> {
  const mark = `--mark=0x4${uplink}000000/0x7f000000`
  const { stdout } = await host.run(['conntrack', '-L', '-f', 'ipv4', mark])
  const found = [...stdout.matchAll(/ sport=(\d+) dport=2\d+ .* dst=(\S+) sport/g)]
  return {
    ports: found.map(([, port]) => port ?? '').sort(),
    addresses: new Set(found.map(([, , address]) => address ?? '')),
  }
}

/** A datagram socket of this host, open until the host ends. */
async function holdSocket(address: string): Promise<void> {
  await host.start(programArgv('hold', [address, '203.0.113.1'])).says(/^open$/)
  expect(await sockets(address)).toBe(1)
}

async function sockets(address: string): Promise<number> {
  return (await out(`ss -Hun state connected src ${address}`)).split('\n').length - 1
}

const bound = { interface: 'wan2', reason: 'BOUND', new_ip_address: '10.2.0.2', new_routers: '10.2.0.1' }

test('L9: a lease is renewed with a new address: only what the old one had goes', async () => {
  await makeFarEnds(host)
  await ip('address add 10.22.0.2/24 dev wan2')
  await start()
  await host.hook('dhclient', bound)
  const before = await send(host, 'lan')
  checkShare(before.wan2, 60, 0.5)
  await holdSocket('10.22.0.2')
  await holdSocket('10.1.0.2')
  const others = await forwarded(1)
  expect(others.ports.length).toBe(before.wan1)
  expect((await forwarded(2)).addresses).toEqual(new Set(['10.2.0.2']))
  expect(await ruled()).toEqual(['10.1.0.2', '10.2.0.2', '10.22.0.2'])

  await ip('address del 10.2.0.2/24 dev wan2', 'address add 10.2.0.3/24 dev wan2')
  await host.hook('dhclient', { ...bound, reason: 'RENEW', old_ip_address: '10.2.0.2', new_ip_address: '10.2.0.3' })
  expect(await ruled()).toEqual(['10.1.0.2', '10.2.0.3', '10.22.0.2'])
  expect(await balancedDevices(host)).toEqual(['wan1', 'wan2'])
  expect((await forwarded(2)).ports).toEqual([])
  expect(await forwarded(1)).toEqual(others)
  expect([await sockets('10.22.0.2'), await sockets('10.1.0.2')]).toEqual([1, 1])
  await expectSettled()

  const after = await send(host, 'lan')
  checkShare(after.wan2, 60, 0.5)
  expect((await forwarded(2)).addresses).not.toContain('10.2.0.2')
})

test('L10: the DHCP server hangs, the lease expires: the uplink leaves, and the other carries', async () => {
  await makeFarEnds(host)
  await start()
  await host.hook('dhclient', bound)
  checkShare((await send(host, 'lan')).wan2, 60, 0.5)
  const others = await forwarded(1)
  await ip('address flush dev wan2')
  await host.hook('dhclient', { interface: 'wan2', reason: 'EXPIRE', old_ip_address: '10.2.0.2' })
  expect(await balancedDevices(host)).toEqual(['wan1'])
  expect(await ruled()).toEqual(['10.1.0.2'])
  await expect.poll(async () => (await forwarded(2)).ports).toEqual([])
  expect(await forwarded(1)).toEqual(others)
  expect(await send(host, 'lan')).toMatchObject({ wan1: 60, wan2: 0 })
  await expectSettled()

  await ip('address add 10.2.0.2/24 dev wan2')
  await host.hook('dhclient', bound)
  expect(await balancedDevices(host)).toEqual(['wan1', 'wan2'])
  await expectSettled()
})

test('T1: the clock passes the end of a lease that stands in a file of dhclient alone', async () => {
  await ip('route del default dev wan2')
  const expire = Math.floor(Date.now() / 1000) + 3
  const lines = ['interface "wan2";', 'fixed-address 10.2.0.2;', 'option routers 10.2.0.1;', `expire epoch ${expire};`]
  // A folder of ours in the place of the machine's own, which there may not be.
  await host.run(['mkdir', '-p', '/run/leases/dhcp'])
  await host.run(['mount', '--bind', '/run/leases', '/var/lib'])
  await host.write('/var/lib/dhcp/dhclient.wan2.leases', `lease {\n${lines.map((line) => `  ${line}\n`).join('')}}\n`)
  await start()
  await expect.poll(() => Date.now() / 1000).toBeGreaterThan(expire + 1)
  await host.ifbalance(['apply'])
  expect(await balancedDevices(host)).toEqual(['wan1', 'wan2'])
  // What the client says counts more.
  await host.hook('dhclient', { interface: 'wan2', reason: 'EXPIRE', old_ip_address: '10.2.0.2' })
  expect(await balancedDevices(host)).toEqual(['wan1'])
})

test.for(['dhclient', 'dhcpcd'])('L11: refused on renewal (%s), and a lease of another subnet', async (client) => {
  await start()
  await host.hook(client, bound)
  const rulesOfOther = (await out('ip rule')).split('\n').filter((line) => /10\.1\.0\.2|wan1/.test(line))
  await ip('address flush dev wan2')
  await host.hook(client, { interface: 'wan2', reason: client === 'dhcpcd' ? 'NAK' : 'EXPIRE' })
  expect(await balancedDevices(host)).toEqual(['wan1'])
  await ip('address add 172.20.5.9/26 dev wan2')
  if (client === 'dhcpcd') await ip('route add default via 172.20.5.62 dev wan2 metric 1003')
  await host.hook(client, { ...bound, new_ip_address: '172.20.5.9', new_routers: '172.20.5.62' })
  expect(await balancedDevices(host)).toEqual(['wan1', 'wan2'])
  expect(await out('ip route show table 30098')).toContain('via 172.20.5.62 dev wan2')
  expect(await out('ip route show table 30002')).toMatch(
    /^default via 172\.20\.5\.62 dev wan2 .*\n.*172\.20\.5\.0\/26 dev wan2/s,
  )
  expect(ourRoutes(await out('ip route show table all')).join('\n')).not.toContain('10.2.0.')
  expect(await ruled()).toEqual(['10.1.0.2', '172.20.5.9'])
  expect((await out('ip rule')).split('\n').filter((line) => /10\.1\.0\.2|wan1/.test(line))).toEqual(rulesOfOther)
  await expectSettled()
})

test('a gateway that dhcpcd makes no route of is none (nogateway); one that ifupdown found no room for is one', async () => {
  await start()
  await ip('route del default dev wan2')
  await host.hook('dhcpcd', { ...bound, reason: 'RENEW' })
  expect(await balancedDevices(host)).toEqual(['wan1'])
  await ip('route add default via 10.2.0.1 dev wan2 metric 1003')
  await host.hook('dhcpcd', { ...bound, reason: 'RENEW' })
  expect(await balancedDevices(host)).toEqual(['wan1', 'wan2'])
  // A VPN may take the route away.
  await ip('route del default dev wan2')
  await host.ifbalance(['apply'])
  expect(await balancedDevices(host)).toEqual(['wan1', 'wan2'])

  await host.hook('dhcpcd', { ...bound, reason: 'RENEW' })
  expect(await balancedDevices(host)).toEqual(['wan1'])
  const stanza = { IFACE: 'wan2', MODE: 'start', PHASE: 'post-up', IF_GATEWAY: '10.2.0.1' }
  await host.hook('ifupdown', { ...stanza, IF_BALANCE_WEIGHT: '4' })
  expect(await balancedDevices(host)).toEqual(['wan1', 'wan2'])
  expect(await out('ip route show table 30098')).toContain('dev wan2 weight 4')
})

test('L12: of several routers the first that is one; the default of classless routes before all of them', async () => {
  await start()
  const routers = { ...bound, new_routers: '0.0.0.0 10.2.0.9 10.2.0.8' }
  const { stderr } = await host.hook('dhclient', routers)
  expect(stderr).toMatch(/new_routers .* is no list of addresses: using 10\.2\.0\.9\n$/)
  expect(await out('ip route show default table 30002')).toContain('via 10.2.0.9 dev wan2')
  const classless = (octets: string) => ({ ...routers, new_rfc3442_classless_static_routes: octets })
  await host.hook('dhclient', classless('24 192 168 7 10 2 0 9 0 10 2 0 7'))
  expect(await out('ip route show default table 30002')).toContain('via 10.2.0.7 dev wan2')
  // Without a default in them, the list of routers does not count (RFC 3442): what is in main does.
  await host.hook('dhclient', classless('24 192 168 7 10 2 0 9'))
  expect(await out('ip route show default table 30002')).toContain('via 10.2.0.1 dev wan2')
  await expectSettled()
})

describe('IPv6', () => {
  const route = (i: number) => `route add default via fe80::1 dev wan${i} metric 10${i}`

  /** The other ends are other hosts; interfaces make no addresses of their own. */
  async function startBoth(...last: readonly string[]): Promise<void> {
    await ip('netns add far', ...[1, 2].map((i) => `link set isp${i} netns far`))
    for (const i of [1, 2]) await out(`ip -n far link set isp${i} up`)
    await ip('address add 2001:db8:1::2/64 dev wan1 nodad', route(1), ...last)
    await start()
  }

  const address = 'address add 2001:db8:2::2/64 dev wan2 nodad'

  test("L13: a router advertisement's route expires: IPv6 leaves the uplink, IPv4 stays", async () => {
    // The kernel looks for routes that have expired so often; half a minute is usual.
    await host.run(['sysctl', '-qw', 'net.ipv6.route.gc_interval=1'])
    const advertised = 'default via fe80::1 dev wan2 proto ra metric 1024'
    await startBoth(address, `route add ${advertised}`)
    expect(await balancedDevices(host, '-6')).toEqual(['wan1', 'wan2'])
    // Its lifetime begins here: a busy machine's start may take longer.
    await ip(`route replace ${advertised} expires 1`)
    await expect.poll(() => balancedDevices(host, '-6'), { interval: 100 }).toEqual(['wan1'])
    expect(await balancedDevices(host)).toEqual(['wan1', 'wan2'])
    expect(await out('ip -6 route show default table 30002')).toMatch(/^unreachable default [^\n]*\n$/)
    await expectSettled()
    await ip(route(2))
    await expect.poll(() => balancedDevices(host, '-6')).toEqual(['wan1', 'wan2'])
  })

  test('L14: a prefix is deprecated: sockets that have it go on, and so does everything else', async () => {
    // With an end, as routers give it. Linux 6.18 forgets to count from now where one that had none is given one: its subnet is over at once.
    await startBoth(`${address} valid_lft 3600 preferred_lft 3600`, route(2))
    await expectSettled()
    await holdSocket6('2001:db8:2::2')
    const seen = daemon.said().length
    const rules = await out('ip -6 rule')
    // The new one first: with deprecated ones alone, an uplink is the last choice (ipv6.test.ts).
    await ip('address add 2001:db8:22::2/64 dev wan2 nodad')
    await expect.poll(() => ruled(6)).toContain('2001:db8:22::2')
    await ip('address change 2001:db8:2::2/64 dev wan2 valid_lft 600 preferred_lft 0')
    await expect.poll(() => ruled(6)).toEqual(['2001:db8:1::2', '2001:db8:22::2', '2001:db8:2::2'])
    expect(await out('ip -6 address show dev wan2')).toMatch(/2001:db8:2::2\/64 .*deprecated/)
    expect(await out('ip -6 route get 2001:db8:ffff::1 from 2001:db8:2::2')).toContain('via fe80::1 dev wan2')
    expect(await balancedDevices(host, '-6')).toEqual(['wan1', 'wan2'])
    expect(await out('ss -Hun6 state connected src [2001:db8:2::2]')).not.toBe('')
    expect((await out('ip -6 rule')).split('\n')).toEqual(expect.arrayContaining(rules.split('\n')))
    for (const step of ['delete-route', 'delete-rule']) expect(daemon.told({ event: 'change', step }, seen)).toEqual([])
    expect(daemon.told({ event: 'change', step: 'replace-route', command: / default / }, seen)).toEqual([])
    await expectSettled()
  })

  async function holdSocket6(from: string): Promise<void> {
    await host.start(programArgv('hold', [from, '2001:db8:ffff::1'])).says(/^open$/)
    expect(await out(`ss -Hun6 state connected src [${from}]`)).not.toBe('')
  }

  test('L2: the carrier is lost: sockets with an IPv6 address of that uplink are closed, others go on', async () => {
    await startBoth(address, route(2))
    await expectSettled()
    await holdSocket6('2001:db8:1::2')
    await holdSocket6('2001:db8:2::2')
    await out('ip -n far link set isp2 down')
    await expect.poll(() => balancedDevices(host, '-6')).toEqual(['wan1'])
    await expect.poll(() => out('ss -Hun6 state connected src [2001:db8:2::2]')).toBe('')
    expect(await out('ss -Hun6 state connected src [2001:db8:1::2]')).not.toBe('')
    await expectSettled()
    expect(daemon.told({ event: 'failure', doing: 'forgetting the connections of' })).toEqual([])
  })

  test('L15: an address that another host has already is not used, and the rest is', async () => {
    await startBoth(address, route(2))
    await out('ip -n far address add 2001:db8:2::66/64 dev isp2 nodad')
    await ip('address add 2001:db8:2::66/64 dev wan2')
    await expect.poll(() => out('ip -6 address show dev wan2')).toContain('dadfailed')
    await expectSettled()
    expect(await ruled(6)).toEqual(['2001:db8:1::2', '2001:db8:2::2'])
    expect(await balancedDevices(host, '-6')).toEqual(['wan1', 'wan2'])
    expect(await balancedDevices(host)).toEqual(['wan1', 'wan2'])

    // The only one: that uplink has no IPv6 then.
    await ip('address del 2001:db8:2::2/64 dev wan2')
    await expect.poll(() => balancedDevices(host, '-6')).toEqual(['wan1'])
    expect(await balancedDevices(host)).toEqual(['wan1', 'wan2'])
    await expectSettled()
  })
})

/** Counts how often the world is read: `ip` writes down its calls. */
async function countReads(): Promise<() => Promise<number>> {
  await host.run(['/bin/sh', '-c', 'rm /usr/sbin/ip; touch /run/calls'])
  await host.write('/usr/sbin/ip', '#!/bin/sh\necho "$*" >>/run/calls\nexec /bin/ip "$@"\n')
  await host.run(['chmod', '755', '/usr/sbin/ip'])
  return async () => (await out('cat /run/calls')).split('\n').filter((line) => line.startsWith('-4 -details')).length
}

test('L21: another MTU: what is forwarded is kept to it, and nothing else is done', async () => {
  const reads = await countReads()
  await ip('address add 2001:db8:2::2/64 dev wan2 nodad', 'route add default via fe80::1 dev wan2')
  await start()
  // IPv6's own addresses come a second late.
  await expect.poll(() => out('ip -6 address show tentative')).toBe('')
  await expectSettled()
  const state = async () => [await out('ip rule'), await out('ip route show table all')].join('')
  const [seen, before, readsBefore] = [daemon.said().length, await state(), await reads()]
  await ip('link set wan2 mtu 1400', 'link set isp2 mtu 1400')
  await host.hook('dhclient', { ...bound, reason: 'RENEW', new_interface_mtu: '1400' })
  expect(await reads()).toBeGreaterThan(readsBefore)
  await expectSettled()
  expect(await state()).toBe(before)
  const map = /oif vmap @(\w+)/.exec(await out('nft list chain inet ifbalance syns'))?.[1]
  expect(await out(`nft list map inet ifbalance ${map}`)).toContain('"wan2" : jump')
  expect(daemon.told({ event: 'change', step: /route|rule$|forget/ }, seen)).toEqual([])
})

const seconds = Number(process.env['FLAP_SECONDS'] ?? 15)

test('L1, R5: a flap storm of 20 Hz: damped, memory and descriptors do not grow, and all is as before', {
  timeout: (seconds + 60) * 3000,
}, async () => {
  const reads = await countReads()
  await keepHeapSmall(host)
  await start()
  await expectSettled()
  const ours = async () => [await out('ip rule'), ...ourRoutes(await out('ip route show table all'))].join('\n')
  const [before, opened] = [await ours(), await descriptors()]
  const storm = (turns: number) =>
    host.run(
      [
        '/bin/sh',
        '-c',
        `for i in $(seq ${turns}); do for s in down up; do /bin/ip link set isp2 $s; sleep 0.023; done; done`,
      ],
      {},
      { timeoutMs: turns * 1000 },
    )
  await storm(60)
  const count = async () => ({ reads: await reads(), changes: daemon.told(balancing).length, rss: await rss() })
  const [earlier, began] = [await count(), performance.now()]
  await storm((seconds - 3) * 20)
  const [later, took] = [await count(), (performance.now() - began) / 1000]
  const [readsPerSecond, changesPerSecond] = [
    (later.reads - earlier.reads) / took,
    (later.changes - earlier.changes) / took,
  ]
  const grown = later.rss - earlier.rss
  const where = { release: 'namespace', stack: 'kernel' }
  const flapping = 'a line that flaps 20 times a second'
  // The line went, and came, twenty times a second.
  record({ ...where, name: `${flapping}: looks at the world`, value: readsPerSecond, unit: '/s', limit: 25 })
  record({ ...where, name: `${flapping}: changes`, value: changesPerSecond, unit: '/s', limit: 5, least: 0.2 })
  record({ ...where, name: `${flapping}: memory that is gained`, value: grown / 1024, unit: 'MiB', limit: 15 })
  await expect.poll(() => balancedDevices(host)).toEqual(['wan1', 'wan2'])
  await expectSettled()
  expect(await ours()).toBe(before)
  // Programs that it runs have some of it for a moment, also in the one when they were counted first; a leak would be one a turn.
  await expect.poll(descriptors).toBeLessThanOrEqual(opened + 5)
  expect(daemon.noise()).toEqual([])
})

/** How many the daemon has open. */
async function descriptors(): Promise<number> {
  return (await out(`ls /proc/${daemon.pid}/fd`)).trim().split('\n').length
}

async function rss(): Promise<number> {
  return Number(/VmRSS:\s+(\d+)/.exec(await out(`cat /proc/${daemon.pid}/status`))?.[1])
}
