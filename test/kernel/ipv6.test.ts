/**
 * Two providers with real router advertisements (fe80::1 both) and prefixes delegated by real DHCPv6: wan1 by the kernel
 * and dhclient, wan2 by dhcpcd. The LAN has addresses of both and private ones. Each provider drops sources not its own.
 * Each test goes on from where the one before left off.
 */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Advertising, openAdvertising } from '../lab/advertising.ts'
import { command, ipBatch, type Running } from '../lab/command.ts'
import { type Delegation, openDelegation } from '../lab/delegation.ts'
import { addresses } from '../lab/names.ts'
import { longPatienceMs } from '../lab/patience.ts'
import { program } from '../lab/program.ts'
import { checkShare, enoughForEach } from '../lab/shares.ts'
import { connections, countByPeer, openSessions } from '../lab/traffic.ts'
import { unconfined } from '../lab/unconfined.ts'
import { type HealthLab, healthLab } from './health-lab.ts'
import { until, untilCarriers } from './health-states.ts'

const fromRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const [one, two] = [addresses.public6Of(1), addresses.public6Of(2)] as const

/** What the LAN's client has. */
const client = { a: '2001:db8:a100:1::c', b: '2001:db8:b200::c', private: 'fd00:77:0:5::c' } as const

const usual = { router: 9, valid: 600, preferred: 600 } as const

let lab: HealthLab
let delegations: readonly Delegation[]
let advertisings: readonly Advertising[]
let dhcpcd: Running

beforeAll(async () => {
  lab = await healthLab()
  const { host, isps, lan } = lab.network
  const prepare = `set -e
    mkdir -p /run/sbin/upper /run/sbin/work /run/dhcp
    mount -t overlay -o lowerdir=/usr/sbin,upperdir=/run/sbin/upper,workdir=/run/sbin/work overlay /usr/sbin
    mount -t tmpfs t /var/lib/dhcpcd
    printf '#!/bin/sh\\nexec "%s" "%s" "$@"\\n' '${program[0]}' '${program[1]}' >/usr/sbin/ifbalance
    for client in dhclient dhcpcd; do
      printf '#!/bin/sh\\n. "%s"\\n' ${fromRoot('hooks')}/$client >/run/dhcp/$client
    done
    printf 'duid\\nnoipv4\\nnoarp\\ninterface wan2\\nipv6rs\\nia_pd 2 lan0/0\\n' >/run/dhcp/dhcpcd.conf
    chmod 755 /usr/sbin/ifbalance /run/dhcp/dhclient /run/dhcp/dhcpcd
    sysctl -qw net.ipv6.conf.wan1.accept_ra=2 net.ipv6.conf.wan2.accept_ra=0 net.ipv6.conf.lan0.accept_ra=0
    sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv6.route.gc_interval=1`
  await lab.exec(['/bin/sh', '-c', prepare])
  await ipBatch(host, [
    'addr add fe80::77/64 dev lan0 nodad',
    'addr add 2001:db8:a100:1::1/64 dev lan0 nodad',
    'addr add fd00:77:0:5::1/64 dev lan0 nodad',
  ])
  await ipBatch(lan, [
    ...Object.values(client).map((address) => `addr add ${address}/64 dev eth0 nodad`),
    'route add default via fe80::77 dev eth0',
  ])
  delegations = await Promise.all(isps.map((isp) => openDelegation(lab.undo, isp, host)))
  advertisings = await Promise.all(isps.map((isp) => openAdvertising(lab.undo, isp)))
  await delegations[0]?.delegate('2001:db8:a100::/56')
  await delegations[1]?.delegate('2001:db8:b200::/56')
  await lab.startDaemon()
  for (const advertising of advertisings) await advertising.advertise(usual)
  await lab.start([
    ...[unconfined(lab.undo, '/usr/sbin/dhclient'), '-6', '-P', '-d', '-cf', '/dev/null', '-sf', '/run/dhcp/dhclient'],
    ...['-lf', '/run/dhcp/leases6', '-pf', '/run/dhcp/pid6', 'wan1'],
  ])
  // Its helpers would hold our pipe, and end when it does.
  const silently = ['/bin/sh', '-c', 'exec "$@" >/dev/null 2>&1', 'sh']
  dhcpcd = await lab.start([
    ...[...silently, '/usr/sbin/dhcpcd', '-B', '-6', '-f', '/run/dhcp/dhcpcd.conf', '-c', '/run/dhcp/dhcpcd', 'wan2'],
  ])
})
afterAll(() => lab?.dispose())

const nft = (chain: string) => lab.exec(['/usr/sbin/nft', 'list', 'chain', 'inet', 'ifbalance', chain])

async function untilRule(chain: string, rule: string): Promise<void> {
  await until(lab, `${chain}: ${rule}`, async () => (await nft(chain)).includes(`${rule}\n`), longPatienceMs)
}

/** Connections by the provider that they took, from a client of the LAN or from the host. */
async function took(localAddress?: keyof typeof client, count = 40): Promise<Readonly<Record<string, number>>> {
  const from = localAddress === undefined ? lab.network.host : lab.network.lan
  const options = localAddress === undefined ? {} : { localAddress: client[localAddress] }
  return countByPeer(await connections(from, count, { host: addresses.server6, ...options }))
}

/** What each provider has seen since the last time; all that it dropped is a failure. */
async function sources(): Promise<readonly (readonly string[])[]> {
  const all = await Promise.all(delegations.map((delegation) => delegation.sources()))
  expect(all.map(({ strange }) => strange)).toEqual([[], []])
  return all.map(({ seen }) => seen)
}

/** What a failure is to be understood from. */
const told = (from: string) =>
  [
    from,
    ...lab
      .said()
      .filter((line) => !line.includes('#'))
      .slice(-12),
  ].join('\n')

/** The kernel's defaults and rules as they are after what failed. */
const ways = () => lab.exec(['/bin/sh', '-c', 'ip -6 route show table all default; ip -6 rule; ip -6 neigh'])

async function expectBoth(from?: keyof typeof client): Promise<void> {
  const { [one]: first = 0, [two]: second = 0, ...failed } = await took(from)
  expect(failed).toEqual({})
  checkShare(first, 40, 0.5, told(from ?? 'the host'))
}

test('prefixes are learned from both DHCPv6 clients, and what fits into them is moved into them', async () => {
  await untilRule('nat_1', 'ip6 saddr 2001:db8:b200::/56 snat ip6 prefix to 2001:db8:a100::/56')
  await untilRule('nat_2', 'ip6 saddr 2001:db8:a100::/56 snat ip6 prefix to 2001:db8:b200::/56')
  await untilCarriers(lab, ['wan1', 'wan2'], '-6')
  for (const family of ['-4', '-6'] as const) {
    const table = await lab.exec(['/usr/sbin/ip', family, 'route', 'show', 'table', '30098'])
    expect(table.match(/via fe80::1 dev wan/g)?.length ?? 0).toBe(family === '-6' ? 2 : 0)
  }
  await sources()
  const moved = {
    a: '2001:db8:b200:1::c',
    b: '2001:db8:a100::c',
    private: ['2001:db8:a100:5::c', '2001:db8:b200:5::c'],
  }
  await expectBoth('a')
  expect(await sources()).toEqual([expect.arrayContaining([client.a]), expect.arrayContaining([moved.a])])
  await expectBoth('b')
  expect(await sources()).toEqual([expect.arrayContaining([moved.b]), expect.arrayContaining([client.b])])
  await expectBoth('private')
  expect(await sources()).toEqual(moved.private.map((address) => expect.arrayContaining([address])))
  expect(await lab.ifbalance(['plan'])).toContain('Nothing to change')
})

test("the host's own sockets have the address of the uplink that they take, also of its LAN's prefix", async () => {
  await sources()
  await expectBoth()
  const [first, second] = await sources()
  for (const [seen, i] of [
    [first, 1],
    [second, 2],
  ] as const) {
    expect(seen?.length).toBeGreaterThan(0)
    expect(seen?.filter((address) => !address.startsWith(`2001:db8:${i}:`))).toEqual([])
  }
  for (const [localAddress, isp] of [
    ['2001:db8:a100:1::1', one],
    ['2001:db8:b200::1', two],
  ] as const) {
    const bound = await connections(lab.network.host, 10, { host: addresses.server6, localAddress })
    expect(countByPeer(bound)).toEqual({ [isp]: 10 })
  }
  await sources()
})

test('temporary addresses are as good as others', async () => {
  await lab.exec(['/usr/sbin/sysctl', '-qw', 'net.ipv6.conf.wan1.use_tempaddr=2'])
  const temporary = async () =>
    /inet6 (\S+)\/64 scope global temporary/.exec(
      await lab.exec(['/usr/sbin/ip', '-6', 'addr', 'show', 'dev', 'wan1']),
    )?.[1]
  await until(lab, 'there is a temporary address', async () => (await temporary()) !== undefined)
  const address = (await temporary()) ?? ''
  const ruled = async () => (await lab.exec(['/usr/sbin/ip', '-6', 'rule'])).includes(`from ${address} lookup 30001`)
  await until(lab, 'it has a rule', ruled)
  await sources()
  await expectBoth()
  expect((await sources())[0]).toContain(address)
  await lab.exec(['/usr/sbin/sysctl', '-qw', 'net.ipv6.conf.wan1.use_tempaddr=0'])
  await ipBatch(lab.network.host, [`addr del ${address}/64 dev wan1`])
})

const entries = async (mark: string) =>
  (await lab.exec(['/usr/sbin/conntrack', '-L', '-f', 'ipv6', '--mark', `${mark}/0x7f000000`])).split('\n')

test('L9 another, smaller prefix is delegated: it is followed, and only what used the former one is forgotten', async () => {
  await expectBoth('a')
  await expectBoth('b')
  expect((await entries('0x42000000')).filter((line) => line.includes('dst=2001:db8:b200:'))).not.toEqual([])
  await delegations[1]?.delegate('2001:db8:b300::/60')
  await untilRule('nat_2', 'ip6 saddr 2001:db8:b300::/60 accept')
  await untilRule('nat_1', 'ip6 saddr 2001:db8:b300::/60 snat ip6 prefix to 2001:db8:a100::/60')
  await until(
    lab,
    'what used the former prefix is forgotten',
    async () => !(await entries('0x42000000')).some((line) => line.includes('dst=2001:db8:b200:')),
  )
  expect((await entries('0x41000000')).filter((line) => line.includes(`src=${client.a}`))).not.toEqual([])
  await sources()
  // dhcpcd has taken its addresses off the LAN; an administrator's would still be there.
  await ipBatch(lab.network.host, ['route add 2001:db8:b200::/64 dev lan0'])
  // It is too small for a /56 to be moved into it: masquerade. The former prefix is nobody's any more, and moved, too.
  for (const from of ['a', 'b'] as const) {
    await expectBoth(from)
    const [first, second] = await sources()
    expect(first).toContain(from === 'a' ? client.a : '2001:db8:a100::c')
    expect(second?.filter((address) => !address.startsWith('2001:db8:2:'))).toEqual([])
  }
  await expectBoth('private')
  expect((await sources())[1]).toContain('2001:db8:b300:5::c')
})

test('L14 the prefix of an uplink is deprecated: sockets go on, new ones take the other', async () => {
  const { host } = lab.network
  const sessions = await openSessions(host, enoughForEach(0.5), 0, 50, addresses.server6)
  expect(new Set(sessions.peers)).toEqual(new Set([one, two]))
  await advertisings[0]?.advertise({ ...usual, preferred: 0 })
  await untilCarriers(lab, ['wan2'], '-6')
  expect(await took(undefined, 20)).toEqual({ [two]: 20 })
  expect(await took('a', 20)).toEqual({ [two]: 20 })
  for (const { peer, lost, error } of await sessions.stop()) expect([lost, error], peer).toEqual([0, null])
  await sources()
  await advertisings[0]?.advertise(usual)
  await untilCarriers(lab, ['wan1', 'wan2'], '-6')
  await sources()
})

test('L13 a provider falls silent: its IPv6 runs out, and its IPv4 and its clients go on', async () => {
  await advertisings[0]?.silence()
  await untilCarriers(lab, ['wan2'], '-6', longPatienceMs)
  await untilCarriers(lab, ['wan1', 'wan2'], '-4')
  for (const from of ['a', 'b', 'private'] as const)
    expect(await took(from, 20), `${told(from)}\n${await ways()}`).toEqual({ [two]: 20 })
  expect(lab.told({ event: 'uplink', to: /offline|degraded/ })).toEqual([])
  await sources()
  await advertisings[0]?.advertise(usual)
  await untilCarriers(lab, ['wan1', 'wan2'], '-6')
})

test('a probe has the address of its line to the end, also while nobody has seen that it is gone', async () => {
  const probed = async () => {
    let seen: readonly string[] = []
    await until(lab, 'a probe of wan1', async () => {
      seen = (await sources())[0] ?? []
      return seen.length > 0
    })
    return seen
  }
  await probed()
  lab.signalDaemon('SIGSTOP')
  try {
    await lab.exec(['/usr/sbin/ip', '-6', 'addr', 'flush', 'dev', 'wan1', 'scope', 'global'])
    await sources()
    expect(await probed()).toEqual([expect.stringMatching(/^2001:db8:1:/)])
  } finally {
    lab.signalDaemon('SIGCONT')
  }
  await untilCarriers(lab, ['wan1', 'wan2'], '-6')
})

test('one uplink has only IPv6, and no address, the other only IPv4: each serves its family', async () => {
  await dhcpcd.stop()
  await advertisings[1]?.silence()
  const ip = (line: string) => command(['/usr/sbin/ip', '-n', lab.network.host, ...line.split(' ')])
  await ip('-6 addr flush dev wan2 scope global')
  await ip('-6 route flush dev wan2 proto ra')
  await untilCarriers(lab, ['wan1'], '-6')
  await advertisings[0]?.advertise({ ...usual, valid: null })
  await ip('-4 addr flush dev wan1')
  await ip('-6 addr flush dev wan1 scope global')
  await untilCarriers(lab, ['wan2'], '-4')
  await untilCarriers(lab, ['wan1'], '-6')
  await untilRule('nat_1', 'snat ip6 prefix to 2001:db8:a100::/56')
  // Probes that began before have the former address to their end.
  await until(lab, 'probes of wan1 from its prefix alone', async () => {
    const [seen = []] = await sources()
    return seen.length > 0 && seen.every((address) => address.startsWith('2001:db8:a1'))
  })
  for (const from of ['a', 'b', 'private'] as const) expect(await took(from, 20), from).toEqual({ [one]: 20 })
  expect(await took(undefined, 20)).toEqual({ [one]: 20 })
  const [first, second] = await sources()
  expect(first?.filter((address) => !address.startsWith('2001:db8:a1'))).toEqual([])
  expect(second).toEqual([])
  expect(countByPeer(await connections(lab.network.host, 20))).toEqual({ [addresses.publicOf(2)]: 20 })
  expect(await lab.ifbalance(['plan'])).toContain('Nothing to change')
})
