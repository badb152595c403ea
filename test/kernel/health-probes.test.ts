/** Each kind of probe against what it is there to find; tiers, quotas and hooks by what the daemon then does. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { nftIn, programArgv, startIn, waitForLine } from '../lab/command.ts'
import { record } from '../lab/measurements.ts'
import { serveNames } from '../lab/name-server.ts'
import { addresses } from '../lab/names.ts'
import { longPatienceMs } from '../lab/patience.ts'
import { program } from '../lab/program.ts'
import { openSessions } from '../lab/traffic.ts'
import { blackhole, type HealthLab, healthLab, mend, namespaceOf } from './health-lab.ts'
import { carriers, health, restart, until, untilCarriers, untilJudged } from './health-states.ts'

let lab: HealthLab

/** The same for both uplinks. */
const both = (keys: string) => [1, 2].map((i) => `[uplink wan${i}]\n${keys}\n`).join('')

async function fault(rules: string): Promise<void> {
  await nftIn(namespaceOf(lab.network, 2), `table inet fault {\n${rules}\n}\n`)
}

/** As a DHCP client does: each provider has a name server of its own. */
async function tellNameServers(): Promise<void> {
  for (const { number } of lab.network.isps) {
    const lease = { source: 'dhclient', address: `10.${number}.0.50`, gateway: { inet: `10.${number}.0.1` } }
    await lab.exec(['/usr/bin/mkdir', '-p', '/run/ifbalance/leases'])
    await lab.exec(
      ['/usr/bin/tee', `/run/ifbalance/leases/wan${number}.json`],
      JSON.stringify({ ...lease, nameServers: [`10.${number}.0.254`] }),
    )
  }
}

const dropping = (what: string) => `chain forward { type filter hook forward priority -300; ${what} drop; }\n`

beforeAll(async () => {
  lab = await healthLab()
  const { internet, isps } = lab.network
  const web = (namespace: string, port: number, status: number, body: string) =>
    startIn(namespace, programArgv('web', [JSON.stringify({ port, status, body })]))
  await serveNames(lab.undo, internet, [])
  for (const { namespace, number } of isps) await serveNames(lab.undo, namespace, [`10.${number}.0.254`])
  for (const server of [
    await web(internet, 80, 200, 'success\n'),
    await web(isps[1].namespace, 8080, 200, 'Please log in\n'),
  ]) {
    lab.undo.defer('a web server', () => server.stop())
    await waitForLine(server, (line) => line === 'ready')
  }
})
afterAll(() => lab?.dispose())
afterEach(async () => {
  await mend(lab.network, 2).catch(() => undefined)
})

describe('kinds of probes', () => {
  test('B1 http: a captive portal is not the internet', async () => {
    const page =
      'probe = http\nprobe-targets = http://portal.test/success.txt\nprobe-body = success\nprobe-interval = 0.5'
    await restart(lab, both(page))
    await untilJudged(lab)
    expect(await lab.ifbalance(['probe', 'wan2'])).toMatch(/success.txt: [0-9.]+ ms[\s\S]*alive/)
    await fault(
      `chain portal { type nat hook prerouting priority dstnat; iifname "sub" tcp dport 80 redirect to :8080; }\n`,
    )
    await untilCarriers(lab, ['wan1'])
    expect(await lab.ifbalance(['probe', 'wan2'])).toMatch(/success.txt: no answer[\s\S]*dead/)
    await mend(lab.network, 2)
    await untilCarriers(lab, ['wan1', 'wan2'])
  })

  test("http: a provider that lets nobody ask others' name servers", async () => {
    await tellNameServers()
    await restart(lab, both('probe = http\nprobe-targets = http://portal.test/success.txt\nprobe-interval = 0.5'))
    await untilJudged(lab)
    await fault(dropping('udp dport 53'))
    expect(await lab.ifbalance(['probe', 'wan2'])).toMatch(/success.txt: [0-9.]+ ms[\s\S]*alive/)
    await fault('chain input { type filter hook input priority -300; udp dport 53 drop; }')
    await untilCarriers(lab, ['wan1'])
    expect(await health(lab)).toContain('0 of 1 targets answered: no name server answers (10.2.0.254, public ones)')
    await mend(lab.network, 2)
    await untilCarriers(lab, ['wan1', 'wan2'])
  })

  test('B2 dns: names are dead, the rest is fine', async () => {
    await restart(lab, both('probe = dns\nprobe-name = portal.test\nprobe-interval = 0.5'))
    await untilJudged(lab)
    await fault(dropping('udp dport 53'))
    await untilCarriers(lab, ['wan1'])
    await mend(lab.network, 2)
    await untilCarriers(lab, ['wan1', 'wan2'])
  })

  test('tcp', async () => {
    const targets = [`${addresses.server}:7000`, `${addresses.server}:7001`, '1.1.1.1:9'].join(' ')
    await restart(lab, both(`probe = tcp\nprobe-targets = ${targets}\nprobe-interval = 0.5`))
    await untilJudged(lab)
    await fault(dropping('meta l4proto tcp'))
    await untilCarriers(lab, ['wan1'])
  })

  test('arp: the router itself', async () => {
    await restart(lab, both('probe = arp\nprobe-interval = 0.5'))
    await untilJudged(lab)
    await nftIn(
      namespaceOf(lab.network, 2),
      'table arp fault { chain input { type filter hook input priority 0; drop; }\n }\n',
    )
    try {
      await untilCarriers(lab, ['wan1'])
    } finally {
      await nftIn(namespaceOf(lab.network, 2), 'delete table arp fault\n')
    }
    await untilCarriers(lab, ['wan1', 'wan2'])
  })

  test('script: the word of root only', async () => {
    const write = async (text: string) => {
      await lab.exec(['/usr/bin/tee', '/etc/ifbalance/line'], text)
      await lab.exec(['/usr/bin/chmod', '755', '/etc/ifbalance/line'])
    }
    await write('#!/bin/sh\ntest "$2" = wan1\n')
    await restart(lab, both('probe = script\nprobe-targets = /etc/ifbalance/line\nprobe-interval = 0.5'))
    await untilCarriers(lab, ['wan1'])
    await write('#!/bin/sh\nexit 0\n')
    await untilCarriers(lab, ['wan1', 'wan2'])
    await lab.exec(['/usr/bin/chmod', '777', '/etc/ifbalance/line'])
    // Nobody's word counts now, on either: both stay.
    await lab.tells({ event: 'failure', doing: 'probing' })
    await lab.tells({ event: 'trouble', kind: 'nothing-answers', family: 'inet' })
    expect(await carriers(lab)).toEqual(['wan1', 'wan2'])
  })
})

describe('tiers', () => {
  test('standby carries only while no other works, and connections come back with failback = kill', async () => {
    await restart(lab, '[uplink wan1]\nstandby = yes\n[uplink wan2]\nfailback = kill\n')
    await untilCarriers(lab, ['wan2'])
    await blackhole(lab.network, 2)
    await untilCarriers(lab, ['wan1'])
    const sessions = await openSessions(lab.network.host, 4, 0)
    await mend(lab.network, 2)
    await untilCarriers(lab, ['wan2'])
    await lab.tells({ event: 'failback', uplink: 'wan1' }, longPatienceMs)
    const results = await sessions.stop()
    for (const { peer, error } of results)
      expect([peer, error]).toEqual([addresses.publicOf(1), expect.stringMatching(/ECONN/)])
  })

  test('old connections on a standby line that dies are lost at both ends, healthy ones are not touched', async () => {
    await restart(lab, '[uplink wan1]\nstandby = yes\n')
    await untilCarriers(lab, ['wan2'])
    await blackhole(lab.network, 2)
    await untilCarriers(lab, ['wan1'])
    const old = await openSessions(lab.network.host, 4, 0)
    const oldLan = await openSessions(lab.network.lan, 4, 0)
    await mend(lab.network, 2)
    await untilCarriers(lab, ['wan2'])
    const healthy = await openSessions(lab.network.host, 4, 4)
    await blackhole(lab.network, 1)
    await until(lab, 'wan1 is offline', async () => (await health(lab)).includes('"wan1":{"inet":{"state":"offline"'))
    const pinned = async () => await lab.exec(['/usr/sbin/conntrack', '-L', '--mark', '0x41000000/0xff000000'])
    await until(lab, 'its connections are forgotten', async () => !/^(tcp|udp) .*7001/m.test(await pinned()))
    await mend(lab.network, 1)
    for (const { peer, error } of await old.stop())
      expect([peer, error]).toEqual([addresses.publicOf(1), expect.stringMatching(/ECONN/)])
    expect((await oldLan.stop()).every(({ peer }) => peer.includes(addresses.publicOf(1)))).toBe(true)
    for (const { peer, lost, error } of await healthy.stop())
      expect([peer, lost, error]).toEqual([addresses.publicOf(2), 0, null])
  })

  test('a quota that is used up demotes, and disables where that is wished; it is kept over a restart', async () => {
    await lab.exec(['/usr/bin/rm', '-f', '/var/lib/ifbalance/quota.json'])
    await restart(lab, '[uplink wan2]\nquota = 1M\nquota-reset-day = 1\n')
    await untilCarriers(lab, ['wan1', 'wan2'])
    await lab.exec(['/usr/bin/ping', '-q', '-f', '-c', '800', '-s', '1200', '-I', 'wan2', '1.1.1.1'])
    await untilCarriers(lab, ['wan1'])
    expect(await health(lab)).toContain('its quota is used up')
    await restart(lab, '[uplink wan2]\nquota = 1M\nat-quota = disable\n')
    await untilCarriers(lab, ['wan1'])
    await blackhole(lab.network, 1)
    try {
      await until(lab, 'wan1 is offline', async () => (await health(lab)).includes('"wan1":{"inet":{"state":"offline"'))
      expect(await carriers(lab)).not.toContain('wan2')
    } finally {
      await mend(lab.network, 1)
    }
  })

  test('a quota that is used up counts before there is a daemon', async () => {
    const hook = async (bytes: number, period: string) => {
      const used = { periods: { [period]: bytes }, counter: 0, boot: 'former', device: 'wan2' }
      await lab.exec(['/usr/bin/tee', '/var/lib/ifbalance/quota.json'], JSON.stringify({ wan2: used }))
      await lab.exec(['/usr/bin/env', 'IFACE=wan2', ...program, 'hook', 'networkmanager'])
      return await carriers(lab)
    }
    const future = '2999-01-01'
    await lab.stopDaemon()
    await lab.exec(['/usr/bin/rm', '-f', '/run/ifbalance/health.json'])
    await lab.configure('[uplink wan1]\nmetric = 20\n[uplink wan2]\nquota = 1M\nat-quota = disable\n')
    expect(await hook(999_999, future)).toEqual(['wan2'])
    expect(await hook(1_000_000, future)).toEqual(['wan1'])
    // Another period has begun.
    expect(await hook(1_000_000, '2020-01-01')).toEqual(['wan2'])
    await lab.exec(['/usr/bin/rm', '/var/lib/ifbalance/quota.json'])
  })
})

test('programs of the administrator hear of changes, others are left out', async () => {
  const program = (name: string, mode: string) => [
    ['/usr/bin/tee', `/etc/ifbalance/hooks.d/${name}`],
    ['/usr/bin/chmod', mode, `/etc/ifbalance/hooks.d/${name}`],
  ]
  const script = '#!/bin/sh\necho "$0 $UPLINK $INTERFACE $PREVIOUS_STATE $STATE" >>/run/heard\n'
  for (const [name, mode] of [
    ['10-good', '755'],
    ['20-writable', '777'],
    ['30-not.a.name', '755'],
  ] as const)
    for (const argv of program(name, mode)) await lab.exec(argv, script)
  await restart(lab, '')
  await untilJudged(lab)
  await blackhole(lab.network, 2)
  await until(lab, 'the program is told', async () => (await lab.exec(['/usr/bin/cat', '/run/heard'])) !== '')
  expect(await lab.exec(['/usr/bin/cat', '/run/heard'])).toBe(
    '/etc/ifbalance/hooks.d/10-good wan2 wan2 online offline\n',
  )
  const check = await lab.ifbalance(['check'])
  for (const name of ['20-writable', '30-not.a.name']) {
    await lab.tells({ event: 'hook', hook: `/etc/ifbalance/hooks.d/${name}` })
    expect(check).toContain(`hook /etc/ifbalance/hooks.d/${name}: left out, `)
  }
})

test("names go on being resolved when the only uplink that resolv.conf's server belongs to is dead", async () => {
  await tellNameServers()
  await lab.exec(['/usr/bin/tee', '/etc/resolv.conf'], 'nameserver 10.2.0.254\noptions timeout:1 attempts:2\n')
  await lab.exec(['/usr/bin/tee', '/etc/nsswitch.conf'], 'hosts: dns\n')
  const resolves = async () => (await lab.exec(['/usr/bin/getent', 'ahostsv4', 'portal.test'])).includes('203.0.113.1')
  await restart(lab)
  await untilJudged(lab)
  await until(lab, 'the name is known', resolves)
  const quiet = await lab.exec(['/usr/sbin/nft', 'list', 'table', 'inet', 'ifbalance'])
  expect(quiet).not.toContain('chain names')

  await fault(
    `${dropping('')} chain input { type filter hook input priority -300; udp dport 53 drop; tcp dport 53 drop; }\n`,
  )
  await untilCarriers(lab, ['wan1'])
  const took = await until(lab, 'the name is known', resolves)
  record({
    name: 'failover -> names resolve, by a server of the dead uplink',
    value: took / 1000,
    unit: 's',
    limit: 2,
    release: 'namespaces',
    stack: 'static',
  })
  // The listing is read back as it was meant: nothing is loaded again and again.
  expect(await lab.ifbalance(['plan'])).toContain('Nothing to change')

  await mend(lab.network, 2)
  await untilCarriers(lab, ['wan1', 'wan2'])
  await until(
    lab,
    'nothing is redirected',
    async () => !(await lab.exec(['/usr/sbin/nft', 'list', 'table', 'inet', 'ifbalance'])).includes('chain names'),
  )
  expect(await resolves()).toBe(true)
})
