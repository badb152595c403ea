/** Dead lines behind living links, on the real kernel. ISPs and the internet are namespaces: see test/lab/network.ts. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { command, inNamespace, monotonicMs, nftIn, programArgv, startFarAway, startIn } from '../lab/command.ts'
import { median, record } from '../lab/measurements.ts'
import { serveNames } from '../lab/name-server.ts'
import { addresses, ports } from '../lab/names.ts'
import { hangsMs, longPatienceMs } from '../lab/patience.ts'
import { checkShare } from '../lab/shares.ts'
import { type Attempt, connections, countByPeer, msUntilAllGood, openSessions, stream } from '../lab/traffic.ts'
import { blackhole, type HealthLab, healthLab, mend, namespaceOf, withoutTable } from './health-lab.ts'
import { carriers, health, restart, until, untilCarriers, untilJudged } from './health-states.ts'

/** `IFBALANCE_ROUNDS=50` gives the figures that count: see docs/measurements.md. */
const rounds = Number(process.env['IFBALANCE_ROUNDS'] ?? 3)

const [one, two] = [addresses.publicOf(1), addresses.publicOf(2)]
const isGood = (attempt: Attempt) => 'peer' in attempt

let lab: HealthLab

afterEach(async () => {
  for (const isp of [1, 2] as const) await mend(lab.network, isp).catch(() => undefined)
})

/** Where nothing must happen, time itself has to pass. */
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Packets that a device has sent. */
async function probesOn(device: string): Promise<readonly number[]> {
  const links: { stats64: { tx: { packets: number } } }[] = JSON.parse(
    await lab.exec(['/usr/sbin/ip', '-json', '-statistics', 'link', 'show', 'dev', device]),
  )
  return links.map(({ stats64 }) => stats64.tx.packets)
}

/** Of the processes in the host's network namespace, whatever others run on this machine. */
describe('IPv4', () => {
  beforeAll(async () => {
    lab = await healthLab()
  })
  afterAll(() => lab?.dispose())
  beforeEach(async () => {
    await restart(lab)
    await untilJudged(lab)
  })

  test('B3 silent blackhole under traffic: new connections are good within a second', {
    timeout: hangsMs + 60_000 * rounds,
  }, async () => {
    const times: number[] = []
    for (let round = 0; round < rounds; round++) {
      if (round > 0) await restart(lab)
      await untilJudged(lab)
      await untilCarriers(lab, ['wan1', 'wan2'])
      const flow = await stream(lab.network.host, 10)
      await flow.until((_, all) => all.length > 100)
      const cut = monotonicMs()
      await blackhole(lab.network, 2)
      await untilCarriers(lab, ['wan1'])
      const out = monotonicMs()
      await flow.until(({ at }) => at > out + 1000)
      const end = monotonicMs()
      const all = await flow.stop()
      const during = all.filter(({ at }) => at < end)
      expect(new Set(Object.keys(countByPeer(all.filter(({ at }) => at < cut))))).toEqual(new Set([one, two]))
      times.push(msUntilAllGood(during, cut, isGood) / 1000)
      expect(Object.keys(countByPeer(during.filter(({ at }) => at > end - 200)))).toEqual([one])
      await mend(lab.network, 2)
    }
    const say = (name: string, value: number, limit: number) =>
      record({ name, value, unit: 's', limit, release: 'namespaces', stack: 'static' })
    say(`silent blackhole -> new connections good, median of ${rounds}`, median(times), 1)
    say(`silent blackhole -> new connections good, worst of ${rounds}`, Math.max(...times), 2)
  })

  test('B3 both ends of what is lost notice at once, and nothing healthy is touched', async () => {
    const sessions = [await openSessions(lab.network.host, 32, 8, 50), await openSessions(lab.network.lan, 8, 8, 50)]
    await blackhole(lab.network, 2)
    await untilCarriers(lab, ['wan1'])
    // A LAN client that goes on sending makes a new entry, by a living uplink.
    await until(lab, 'what was on wan2 is forgotten', async () => {
      const pinned = await lab.exec(['/usr/sbin/conntrack', '-L', '--mark', '0x42000000/0xff000000'])
      // Questions that ask the dead line are no sessions.
      return !new RegExp(`^(tcp|udp) .* dport=${ports.echo} `, 'm').test(pinned)
    })
    const [host = [], lan = []] = await Promise.all(sessions.map((group) => group.stop()))
    for (const { protocol, lost, peer } of [...host, ...lan].filter((session) => session.peer === one))
      expect(lost, `${protocol} of ${peer}`).toBe(0)
    const dead = host.filter(({ peer, protocol }) => peer.includes(two) && protocol === 'tcp')
    expect(dead.length).toBeGreaterThan(0)
    for (const { error } of dead) expect(error).toMatch(/ECONNABORTED|ETIMEDOUT|ECONNRESET/)
    expect(host.filter(({ peer }) => peer === one).length).toBeGreaterThan(0)
  })

  test('B3 an idle line: found within two seconds, and back by itself', async () => {
    await blackhole(lab.network, 2)
    const lost = await untilCarriers(lab, ['wan1'])
    record({
      name: 'silent blackhole, idle line -> out',
      value: lost / 1000,
      unit: 's',
      limit: 2,
      release: 'namespaces',
      stack: 'static',
    })
    await mend(lab.network, 2)
    const back = await untilCarriers(lab, ['wan1', 'wan2'])
    record({
      name: 'line mended -> in use',
      value: back / 1000,
      unit: 's',
      limit: null,
      release: 'namespaces',
      stack: 'static',
    })
    checkShare(countByPeer(await connections(lab.network.host, 40))[two], 40, 0.5)
  })

  test('an idle metered line: two seconds after the first packet that is not answered', async () => {
    await restart(lab, '[uplink wan2]\nmetered = yes\n')
    await untilJudged(lab)
    // Background probes come once a minute. A packet that nobody answers by its nature (a router solicitation after the
    // restart) costs a burst, so one quiet window of three is enough.
    let fewest = Number.POSITIVE_INFINITY
    for (let window = 0; window < 3 && fewest > 1; window++) {
      const [before = 0] = await probesOn('wan2')
      await pause(3000)
      const [after = 0] = await probesOn('wan2')
      fewest = Math.min(fewest, after - before)
    }
    expect(fewest).toBeLessThanOrEqual(1)
    await blackhole(lab.network, 2)
    const asked = monotonicMs()
    void connections(lab.network.host, 1, { localAddress: '10.2.0.50', timeoutMs: 3000 }).catch(() => undefined)
    await untilCarriers(lab, ['wan1'])
    const value = (monotonicMs() - asked) / 1000
    record({
      name: 'silent blackhole, idle metered line: first unanswered packet -> out',
      value,
      unit: 's',
      limit: 2,
      release: 'namespaces',
      stack: 'static',
    })
  })

  test.each(['in', 'out'] as const)('B4 loss one way (%s)', async (direction) => {
    await blackhole(lab.network, 2, direction)
    await untilCarriers(lab, ['wan1'])
  })

  test('B5 a queue of three seconds: the line is used last, and as before when it is gone', async () => {
    const isp = namespaceOf(lab.network, 2)
    // 200 kbit/s with 75 packets of 1,000 bytes in the queue, and room for as many again: late, and nothing is lost.
    const bottleneck = ['rate', '200kbit', 'burst', '2kb', 'limit', '150kb']
    await command(inNamespace(isp, ['/usr/sbin/tc', 'qdisc', 'add', 'dev', 'sub', 'root', 'tbf', ...bottleneck]))
    const plan = { address: '10.2.0.255', bytes: 1000, perSecond: 25, ahead: 75 }
    const load = await startIn(isp, programArgv('load', [JSON.stringify(plan)]))
    try {
      const line = /"wan2":{"inet":{"state":"online","degraded":true.*?"latencyMs":(\d+)/
      await until(lab, 'wan2 is slow', async () => Number(line.exec(await health(lab))?.[1]) > 2000, longPatienceMs)
      expect(await carriers(lab)).toEqual(['wan1'])
      expect(await lab.ifbalance(['status'])).toMatch(/wan2 +wan2 +degraded/)
    } finally {
      await load.stop()
      await command(inNamespace(isp, ['/usr/sbin/tc', 'qdisc', 'del', 'dev', 'sub', 'root']))
    }
    await untilCarriers(lab, ['wan1', 'wan2'], '-4', longPatienceMs)
  })

  test('B9 a brown-out that comes and goes: each return takes longer, and new connections stay good', async () => {
    const flow = await stream(lab.network.host, 20, { timeoutMs: 500 })
    const returns: number[] = []
    let cut = 0
    let away = 0
    try {
      await flow.until((_, all) => all.length > 50)
      for (let round = 0; round < 2; round++) {
        cut = monotonicMs()
        await nftIn(
          namespaceOf(lab.network, 2),
          'table inet fault { chain forward { type filter hook forward priority -300; limit rate over 2/second burst 1 packets drop; }\n }\n',
        )
        await untilCarriers(lab, ['wan1'])
        const out = monotonicMs()
        // What is started from now on does not meet it.
        await flow.until(({ at }) => at > out + 500)
        expect(countByPeer(flow.attempts.filter(({ at }) => at > out + 100))).toEqual({ [one]: expect.any(Number) })
        await mend(lab.network, 2)
        returns.push(await untilCarriers(lab, ['wan1', 'wan2'], '-4', longPatienceMs))
        away = monotonicMs() - cut
      }
    } finally {
      await flow.stop()
    }
    const [first = 0, second = 0] = returns
    // Three answers in a row, one a second; and then not before five seconds have passed since it was found dead.
    expect(away).toBeGreaterThan(5000)
    const say = (name: string, value: number) =>
      record({ name, value: value / 1000, unit: 's', limit: null, release: 'namespaces', stack: 'static' })
    say('first brown-out over -> in use', first)
    say('second brown-out over -> in use', second)
  })

  test('B6 one target down: nothing happens', async () => {
    for (const target of addresses.resolvers) {
      const drop = `table inet fault { chain forward { type filter hook forward priority -300; ip daddr ${target} drop; }\n }\n`
      await nftIn(namespaceOf(lab.network, 2), drop)
      await pause(2500)
      expect(await carriers(lab)).toEqual(['wan1', 'wan2'])
      expect(await health(lab)).not.toContain('"offline"')
      await mend(lab.network, 2)
    }
  })

  test('B7 nothing answers anywhere: all stay in use, one line says so, and no connection is cut', async () => {
    const sessions = await openSessions(lab.network.host, 16, 16, 50)
    expect(new Set(sessions.peers)).toEqual(new Set([one, two]))
    const targets = addresses.resolvers.join()
    const drop = `table inet fault { chain forward { type filter hook forward priority -300; ip daddr { ${targets} } drop; }\n }\n`
    const told = () => lab.told({ event: 'trouble', kind: 'nothing-answers', family: 'inet' }).length
    for (let round = 1; round <= 3; round++) {
      // The resolvers' own fault: both lines lose them in the same moment.
      await nftIn(lab.network.internet, drop.replaceAll('forward', 'input'))
      await until(lab, 'it is said', async () => told() === round)
      await pause(1500)
      expect(await carriers(lab)).toEqual(['wan1', 'wan2'])
      if (round === 1) {
        const counts = countByPeer(await connections(lab.network.host, 40))
        checkShare(counts[one], 40, 0.5)
        checkShare(counts[two], 40, 0.5)
      }
      await nftIn(lab.network.internet, 'delete table inet fault\n')
      await untilJudged(lab)
      await pause(500)
      expect(await carriers(lab)).toEqual(['wan1', 'wan2'])
    }
    const lost = (await sessions.stop()).filter((session) => session.lost > 0 || session.error !== null)
    record({
      name: 'connections lost when no probe is answered anywhere, three times',
      value: lost.length,
      unit: 'connections',
      limit: 0,
      release: 'namespaces',
      stack: 'static',
    })
    expect(lost).toEqual([])
  })

  test('B8 a probe never leaves by another uplink', async () => {
    const count = (device: string, address: string) =>
      `oifname "${device}" ip saddr ${address} icmp type echo-request counter`
    await lab.exec(
      ['/usr/sbin/nft', '-f', '-'],
      `table inet watch {
         chain out {
           type filter hook postrouting priority 300
           ${['wan1', 'wan2'].flatMap((device) => ['10.1.0.50', '10.2.0.50'].map((address) => count(device, address))).join('\n')}
           oifname != { "wan1", "wan2", "lo", "lan0" } icmp type echo-request counter
         }
       }
       `,
    )
    try {
      const sessions = await openSessions(lab.network.host, 4, 4)
      await blackhole(lab.network, 2)
      await untilCarriers(lab, ['wan1'])
      await mend(lab.network, 2)
      await untilCarriers(lab, ['wan1', 'wan2'])
      await sessions.stop()
      const listed = await lab.exec(['/usr/sbin/nft', 'list', 'table', 'inet', 'watch'])
      const [a, b, c, d] = [...listed.matchAll(/counter packets (\d+)/g)].map(([, packets]) => Number(packets))
      expect(a).toBeGreaterThan(0)
      expect(d).toBeGreaterThan(0)
      expect([b, c]).toEqual([0, 0])
    } finally {
      await lab.exec(['/usr/sbin/nft', 'delete', 'table', 'inet', 'watch'])
    }
  })

  test('T2 while the daemon is stopped, nothing fails: what was dead and came back meanwhile is in use', async () => {
    const flow = await stream(lab.network.host, 20)
    try {
      await flow.until((_, all) => all.length > 20)
      const said = lab.said().length
      lab.signalDaemon('SIGSTOP')
      await blackhole(lab.network, 2)
      await pause(3000)
      await mend(lab.network, 2)
      lab.signalDaemon('SIGCONT')
      for (let i = 0; i < 30; i++) {
        expect(await carriers(lab)).toEqual(['wan1', 'wan2'])
        await pause(50)
      }
      expect(lab.told({ event: 'uplink', to: 'offline' }, said)).toEqual([])
      // It looks again, and finds what goes on being dead.
      await blackhole(lab.network, 2)
      await untilCarriers(lab, ['wan1'])
    } finally {
      lab.signalDaemon('SIGCONT')
      await flow.stop()
    }
  })

  test('a gateway with another hardware address is asked for at once, and its line carries', async () => {
    const replaced = '02:00:00:00:77:02'
    await command(inNamespace(namespaceOf(lab.network, 2), ['/usr/sbin/ip', 'link', 'set', 'sub', 'address', replaced]))
    const isKnown = async () => (await lab.exec(['/usr/sbin/ip', 'neigh', 'show', '10.2.0.1'])).includes(replaced)
    await until(lab, 'the new address is known', isKnown)
    await untilCarriers(lab, ['wan1', 'wan2'])
  })

  test('P7 /run is full: a dead line is out all the same, and back when it is mended', async () => {
    await lab.exec(['/usr/bin/mount', '-o', 'remount,size=1M', '/run'])
    try {
      await lab.exec(['/usr/bin/dd', 'if=/dev/zero', 'of=/run/filler', 'bs=4k'])
      await blackhole(lab.network, 2)
      await untilCarriers(lab, ['wan1'])
      await mend(lab.network, 2)
      await untilCarriers(lab, ['wan1', 'wan2'])
      expect(lab.told({ event: 'failure', code: 'ENOSPC' })).toHaveLength(1)
    } finally {
      await lab.exec(['/usr/bin/rm', '-f', '/run/filler'])
      await lab.exec(['/usr/bin/mount', '-o', 'remount,size=50%', '/run'])
    }
  })

  test('P4 a daemon that is restarted keeps a dead line out', async () => {
    await blackhole(lab.network, 2)
    await untilCarriers(lab, ['wan1'])
    await lab.stopDaemon('SIGKILL')
    await lab.startDaemon()
    for (let i = 0; i < 40; i++) {
      expect(await carriers(lab)).toEqual(['wan1'])
      await pause(50)
    }
    // OpenVPN makes such a route to its server, and would wait for as long as the line is dead.
    const endpoint = ['203.0.113.200', 'via', '10.2.0.1', 'dev', 'wan2']
    await lab.exec(['/usr/sbin/ip', 'route', 'add', ...endpoint])
    expect(await lab.ifbalance(['status'])).toContain(
      'route 203.0.113.200 in main leads by wan2, where nothing answers',
    )
    await lab.exec(['/usr/sbin/ip', 'route', 'delete', ...endpoint])
    await mend(lab.network, 2)
    await untilCarriers(lab, ['wan1', 'wan2'])
  })
})

describe('IPv6', () => {
  beforeAll(async () => {
    lab = await healthLab({ ipv6: true })
  })
  afterAll(() => lab?.dispose())
  beforeEach(async () => {
    await restart(lab)
    await untilJudged(lab, 4)
  })

  test('B10 IPv6 dead, IPv4 fine: each family goes its own way', async () => {
    await blackhole(lab.network, 2, 'v6')
    await untilCarriers(lab, ['wan1'], '-6')
    expect(await carriers(lab, '-4')).toEqual(['wan1', 'wan2'])
    expect(countByPeer(await connections(lab.network.host, 20, { host: addresses.server6 }))).toEqual({
      [addresses.public6Of(1)]: 20,
    })
    checkShare(countByPeer(await connections(lab.network.host, 40))[two], 40, 0.5)
    await mend(lab.network, 2)
    await untilCarriers(lab, ['wan1', 'wan2'], '-6')
  })

  test('a provider that drops or limits echo requests is no dead line, and one that is dead as well is', async () => {
    const { network } = lab
    const argv = programArgv('resolver', [...addresses.resolvers, ...addresses.resolvers6])
    const resolver = await startFarAway(network.internet, argv)
    onTestFinished(() => resolver.stop())
    const isp = namespaceOf(network, 2)
    const undoAll = () => nftIn(isp, withoutTable('limits') + withoutTable('hijack'))
    onTestFinished(undoAll)
    const echo = (what: string) =>
      `${withoutTable('limits')}table inet limits { chain forward { type filter hook forward priority -301;
         icmp type echo-request ${what}
         icmpv6 type echo-request ${what}
       }\n }\n`
    const sessions = await openSessions(network.host, 8, 8)
    const isUsed = async () => {
      for (const family of ['-4', '-6'] as const) expect(await carriers(lab, family)).toEqual(['wan1', 'wan2'])
      expect(await health(lab)).not.toMatch(/"offline"|"degraded":true/)
    }
    for (const what of ['drop', 'limit rate over 30/minute burst 1 packets drop']) {
      await nftIn(isp, echo(what))
      for (let i = 0; i < 30; i++) {
        await isUsed()
        await pause(200)
      }
    }
    await until(lab, 'a question is answered', async () => /answered a DNS question in/.test(await health(lab)))
    expect(await lab.ifbalance(['probe', 'wan2'])).toMatch(/by a DNS question, no answer to ping[\s\S]*alive/)
    for (const { lost, error } of await sessions.stop()) expect([lost, error]).toEqual([0, null])
    await nftIn(isp, echo('drop'))
    await blackhole(network, 2)
    for (const family of ['-4', '-6'] as const) await untilCarriers(lab, ['wan1'], family)
    await mend(network, 2)
    for (const family of ['-4', '-6'] as const) await untilCarriers(lab, ['wan1', 'wan2'], family, longPatienceMs)
    // Whoever answers questions to everyone is no witness: it may be the modem itself.
    await blackhole(network, 2)
    await nftIn(
      isp,
      'table inet hijack { chain nat { type nat hook prerouting priority -100; iifname "sub" meta l4proto { tcp, udp } th dport 53 redirect; }\n }\n',
    )
    const modem = await startFarAway(isp, programArgv('resolver', ['10.2.0.1', '2001:db8:2::1']))
    onTestFinished(() => modem.stop())
    for (const family of ['-4', '-6'] as const) await untilCarriers(lab, ['wan1'], family)
    const before = await health(lab)
    for (let i = 0; i < 20; i++) {
      expect(await carriers(lab)).toEqual(['wan1'])
      await pause(200)
    }
    expect(before).toContain('"offline"')
    await modem.stop()
    await undoAll()
    await mend(network, 2)
    for (const family of ['-4', '-6'] as const) await untilCarriers(lab, ['wan1', 'wan2'], family, longPatienceMs)
  })

  test('names over IPv6 go on being resolved when their server belongs to the dead uplink', async () => {
    for (const { namespace, number } of lab.network.isps) {
      const server = `2001:db8:${number}::1`
      await serveNames(lab.undo, namespace, [server])
      const file = `/run/ifbalance/name-servers/wan${number}.json`
      await lab.exec(['/usr/bin/mkdir', '-p', '/run/ifbalance/name-servers'])
      await lab.exec(['/usr/bin/tee', file], JSON.stringify({ advertised: [server] }))
    }
    await lab.exec(['/usr/bin/tee', '/etc/resolv.conf'], 'nameserver 2001:db8:2::1\noptions timeout:1 attempts:2\n')
    await lab.exec(['/usr/bin/tee', '/etc/nsswitch.conf'], 'hosts: dns\n')
    const resolves = async () =>
      (await lab.exec(['/usr/bin/getent', 'ahostsv4', 'names.test'])).includes(addresses.server)
    await until(lab, 'the name is known', resolves)
    await nftIn(
      namespaceOf(lab.network, 2),
      `table inet fault {
         chain forward { type filter hook forward priority -300; meta nfproto ipv6 drop; }
         chain input { type filter hook input priority -300; udp dport 53 drop; tcp dport 53 drop; }
       }
       `,
    )
    await untilCarriers(lab, ['wan1'], '-6')
    const took = await until(lab, 'the name is known', resolves)
    const name = 'failover -> names resolve, by an IPv6 server of the dead uplink'
    record({ name, value: took / 1000, unit: 's', limit: 2, release: 'namespaces', stack: 'static' })
    // The listing is read back as it was meant: nothing is loaded again and again.
    expect(await lab.ifbalance(['plan'])).toContain('Nothing to change')
    expect(await lab.ifbalance(['status'])).toContain('2001:db8:2::1 is dead: 2001:db8:1::1 answers in its place')
    await mend(lab.network, 2)
  })
})
