/** U1, P4, F1, F12: restarts, reloads, upgrades, networkd's restarts: under traffic, and with nothing missing afterwards. */
import { type ChildProcess, spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { running } from '../kernel/daemon-host.ts'
import { count, prefixConfig, startHolding } from '../kernel/held.ts'
import { advertiseOnLan } from '../lab/advertising.ts'
import { command, inNamespace, ipBatch, monotonicMs, programArgv, startIn, waitForLine } from '../lab/command.ts'
import { builtDeb } from '../lab/deb.ts'
import { settleEqualDefaults } from '../lab/equal-defaults.ts'
import { createLab, type Lab } from '../lab/lab.ts'
import { record } from '../lab/measurements.ts'
import { addresses, ports } from '../lab/names.ts'
import { packNextVersion } from '../lab/next-version.ts'
import { longPatienceMs } from '../lab/patience.ts'
import { difference } from '../lab/snapshot.ts'
import { connections, countByPeer, openSessions, stream } from '../lab/traffic.ts'
import { lacksLab } from './needs.ts'

const missing = await lacksLab()

/** Not the lab's internet, which is behind the providers' own translation. */
const server = { inet: '203.0.113.77', inet6: '2001:db8:fffe::77' }

describe.skipIf(missing).each(['bookworm', 'trixie'] as const)('%s', (release) => {
  let lab: Lab
  let next: string
  let areGiven = false
  const run = (...argv: readonly string[]) => lab.machine.exec(argv)
  const measured = (name: string, value: number, unit: string, limit: number) =>
    record({ name, value, unit, limit, release, stack: 'networkd' })

  beforeAll(async () => {
    const deb = builtDeb()
    lab = await createLab({ release, stack: 'networkd', progress: (line) => process.stdout.write(`  ${line}\n`) })
    mkdirSync(`${lab.machine.root}/srv`, { recursive: true })
    copyFileSync(deb, `${lab.machine.root}/srv/now.deb`)
    next = await packNextVersion(deb, `${lab.machine.root}/srv/next.deb`)
    await lab.boot()
    await run('/usr/bin/dpkg', '-i', '/srv/now.deb')
  })
  afterAll(() => lab?.dispose())

  test('U1, P4: restart, reload, a kill and an upgrade under 1,000 packets a second', async () => {
    const { host, lan } = lab.network
    // 32 sessions, so many that each uplink has some, which say something every 32 ms: those of the LAN are forwarded, translated and pinned.
    const groups = [await openSessions(lan, 5, 11, 32), await openSessions(host, 5, 11, 32)]
    const fresh = await stream(host, 10)
    const begun = monotonicMs()
    const pids = [await mainPid()]
    for (const action of [
      ['/usr/bin/systemctl', 'restart', 'ifbalance'],
      ['/usr/bin/systemctl', 'reload', 'ifbalance'],
      ['/usr/bin/dpkg', '-i', '/srv/next.deb'],
    ]) {
      await run(...action)
      pids.push(await mainPid())
    }
    await run('/usr/bin/kill', '-KILL', pids.at(-1) ?? '')
    await expect.poll(mainPid).not.toBe(pids.at(-1))
    await expect.poll(active).toBe('active')
    const lasted = (monotonicMs() - begun) / 1000
    const results = (await Promise.all(groups.map((group) => group.stop()))).flat()
    const failed = (await fresh.stop()).filter((attempt) => 'error' in attempt)

    // The daemon was another one after the restart and after the upgrade, and the same after the reload.
    expect(new Set(pids).size).toBe(3)
    expect((await run('/usr/bin/dpkg-query', '-W', '-f', '$' + '{Version}', 'ifbalance')).stdout).toBe(next)
    expect(results).toHaveLength(32)
    const both = [1, 2].map(addresses.publicOf)
    expect(new Set(results.map(({ peer }) => peer))).toEqual(new Set(both))
    const sent = results.reduce((sum, result) => sum + result.sent, 0)
    const name = 'packets sent while restarting, reloading, upgrading, killing'
    record({ name, value: sent / lasted, unit: '/s', limit: null, least: 700, release, stack: 'networkd' })
    const sum = (of: (result: (typeof results)[number]) => number) => results.reduce((all, one) => all + of(one), 0)
    expect(results.filter(({ error }) => error !== null)).toEqual([])
    measured(
      'packets lost by restart, reload, upgrade and kill',
      sum(({ lost }) => lost),
      'packets',
      0,
    )
    measured('new connections failed meanwhile', failed.length, 'connections', 0)
  })

  test('F1: networkd restarted and reloaded under traffic: nothing ends, nothing is lost', async () => {
    const { host, lan } = lab.network
    const before = await snapshot()
    const groups = [await openSessions(lan, 8, 8, 50), await openSessions(host, 8, 8, 50)]
    const fresh = [await stream(lan, 20), await stream(host, 20)]
    for (const action of [
      ['/usr/bin/systemctl', 'restart', 'systemd-networkd'],
      ['/usr/bin/networkctl', 'reload'],
    ]) {
      await run(...action)
      await lab.waitOnline(['wan1', 'wan2'])
    }
    await expect.poll(async () => difference(before, await snapshot())).toEqual([])
    const results = (await Promise.all(groups.map((group) => group.stop()))).flat()
    const failed = (await Promise.all(fresh.map((attempts) => attempts.stop()))).flat()
    expect(new Set(results.map(({ peer }) => peer))).toEqual(new Set([1, 2].map(addresses.publicOf)))
    expect(results.filter(({ error, lost }) => error !== null || lost > 0)).toEqual([])
    expect(failed.filter((attempt) => 'error' in attempt)).toEqual([])
  })

  test('F1: networkd restarted and reconfigured: nothing is missing, what was is named', async () => {
    const before = await snapshot()
    const since = await cursor()
    for (const action of [
      ['/usr/bin/systemctl', 'restart', 'systemd-networkd'],
      ['/usr/bin/networkctl', 'reconfigure', 'wan1', 'wan2'],
      ['/usr/bin/networkctl', 'reload'],
    ]) {
      await run(...action)
      await lab.waitOnline(['wan1', 'wan2'])
      const online = monotonicMs()
      await expect.poll(async () => difference(before, await snapshot())).toEqual([])
      measured(`${action.slice(1, 3).join(' ')}: online -> all as before`, (monotonicMs() - online) / 1000, 's', 1.5)
    }
    // Each thing that was put back is named, before the line that counts them.
    const told = await eventsSince(since)
    const count = told.reduce((sum, { IFBALANCE_CHANGES: changes }) => sum + Number(changes ?? 0), 0)
    const named = told.filter(({ IFBALANCE_EVENT: event }) => event === 'change')
    expect(named.length, JSON.stringify(told)).toBeGreaterThanOrEqual(count)
  })

  test('F12, L24: sysctl --system with strict settings of others', async () => {
    mkdirSync(`${lab.machine.root}/etc/sysctl.d`, { recursive: true })
    const settings = [
      'net.ipv4.conf.all.rp_filter = 1',
      'net.ipv4.conf.wan1.rp_filter = 1',
      'net.ipv4.conf.wan2.rp_filter = 1',
    ]
    const text = [...settings, 'net.ipv4.fib_multipath_hash_policy = 0'].join('\n')
    writeFileSync(`${lab.machine.root}/etc/sysctl.d/99-strict.conf`, `${text}\n`)
    const since = await cursor()
    // 1: a container may not set the kernel's own.
    await lab.machine.exec(['/usr/sbin/sysctl', '--system'], { accept: [0, 1] })
    const set = monotonicMs()
    const values = () =>
      run(
        '/usr/sbin/sysctl',
        '-n',
        'net.ipv4.conf.wan1.rp_filter',
        'net.ipv4.conf.wan2.rp_filter',
        'net.ipv4.fib_multipath_hash_policy',
      ).then(({ stdout }) => stdout)
    await expect.poll(values, { interval: 20 }).toBe('2\n2\n1\n')
    measured('sysctl --system -> ours are back', (monotonicMs() - set) / 1000, 's', 1.5)
    await expect
      .poll(() => eventsSince(since))
      .toContainEqual(
        expect.objectContaining({
          IFBALANCE_STEP: 'set-sysctl',
          MESSAGE: expect.stringContaining('/wan1/rp_filter=2'),
        }),
      )
  })

  test('connections of every kind stay through installing and upgrading', async () => {
    const { lan, host, isps } = lab.network
    const namespaces = { lan, host, isp1: isps[0].namespace, isp2: isps[1].namespace }
    await run('/usr/bin/dpkg', '--purge', 'ifbalance')
    rmSync(`${lab.machine.root}/etc/sysctl.d/99-strict.conf`, { force: true })
    const loose = ['all', 'wan1', 'wan2'].map((name) => `net.ipv4.conf.${name}.rp_filter=0`)
    await command(inNamespace(host, ['/usr/sbin/sysctl', '-qw', ...loose]))
    await giveServersAndIpv6()
    const addresses4 = await Promise.all(isps.map((isp) => isp.hostAddress()))
    const started: ChildProcess[] = []
    try {
      const holding = await startHolding({
        where: { release, stack: 'networkd' },
        server,
        addressOf: (i) => ({ inet: addresses4[i - 1] ?? '', inet6: `2001:db8:${i}::2` }),
        run: (place, argv, input = '') => command(inNamespace(namespaces[place], argv), { input }),
        start: (place, argv) => {
          const [program = '', ...args] = inNamespace(namespaces[place], argv)
          const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
          started.push(child)
          return running(child)
        },
      })
      mkdirSync(`${lab.machine.root}/etc/ifbalance/conf.d`, { recursive: true })
      writeFileSync(`${lab.machine.root}/etc/ifbalance/conf.d/50-prefix.conf`, prefixConfig)
      await settleEqualDefaults(lab.network, { lasting: true })
      const route = await command(inNamespace(host, ['/usr/sbin/ip', 'route', 'get', server.inet]))
      await holding.early(count, route.stdout.includes(' dev wan1 ') ? 1 : 2)
      holding.chat()
      await run('/usr/bin/dpkg', '-i', '/srv/now.deb')
      await holding.expectAllStayed('installing the package')
      await holding.all(count)
      await holding.from(1, count)
      await holding.from(2, count)
      await run('/usr/bin/dpkg', '-i', '/srv/next.deb')
      await holding.expectAllStayed('upgrading the package')
      await run('/usr/bin/systemctl', 'reload', 'ifbalance')
      await run('/usr/sbin/ifbalance', 'apply')
      await holding.expectAllStayed('reload and apply, the package upgraded')
    } finally {
      for (const child of started) child.kill('SIGKILL')
    }
  })

  test('a router on the LAN that says it leads out, when it is installed: host and LAN keep their ways', async () => {
    const { lan, host } = lab.network
    await run('/usr/bin/dpkg', '--purge', 'ifbalance')
    await giveServersAndIpv6()
    const masquerade = 'oifname "wan*" ip saddr 192.168.77.0/24 masquerade'
    const nat = `table ip router { chain post { type nat hook postrouting priority srcnat; ${masquerade}; }; }`
    await command(inNamespace(host, ['/usr/sbin/nft', nat]))
    // Who forwards hears of no routers unless told.
    await command(inNamespace(host, ['/usr/sbin/sysctl', '-qw', 'net.ipv6.conf.lan0.accept_ra=2']))
    const started = [
      await startIn(host, programArgv('listen', [String(ports.inbound), 'host'])),
      await startIn(lan, programArgv('listen', [String(ports.forwarded), 'lan'])),
    ]
    try {
      for (const one of started) await waitForLine(one, (line) => line === 'ready')
      started.push(await advertiseOnLan(lan, 'eth0', '2001:db8:bad::/64'))
      const heard = async () => (await run('/usr/sbin/ip', '-6', 'route', 'show', 'dev', 'lan0', 'proto', 'ra')).stdout
      await expect.poll(heard, { timeout: longPatienceMs, interval: 100 }).toMatch(/^default .*via fe80:/m)
      const asked = async (from: string, to: string, port: number) =>
        countByPeer(await connections(from, 10, { host: to, port }))
      const inside = async () => [
        await asked(lan, addresses.lanRouter, ports.inbound),
        await asked(lan, 'fd00:77::1', ports.inbound),
        await asked(host, addresses.lanClient, ports.forwarded),
        await asked(host, 'fd00:77::10', ports.forwarded),
      ]
      const outside = async (from: string) => {
        const counts = countByPeer(await connections(from, 40))
        return [1, 2].reduce((sum, isp) => sum + (counts[addresses.publicOf(isp)] ?? 0), 0)
      }
      const expectAll = async (what: string) => {
        expect({ what, seen: await inside() }).toEqual({
          what,
          seen: [{ host: 10 }, { host: 10 }, { lan: 10 }, { lan: 10 }],
        })
        expect({ what, seen: [await outside(host), await outside(lan)] }).toEqual({ what, seen: [40, 40] })
      }
      await settleEqualDefaults(lab.network, { lasting: true })
      await expectAll('before')
      const way = async () => (await run('/usr/sbin/ip', '-6', 'route', 'get', server.inet6)).stdout
      expect(await way()).toMatch(/ dev wan[12] /)
      await run('/usr/bin/dpkg', '-i', '/srv/now.deb')
      await expect.poll(active).toBe('active')
      await expectAll('installed')
      expect(await way()).toMatch(/ dev wan[12] /)
      for (const family of ['-4', '-6'])
        expect((await run('/usr/sbin/ip', family, 'rule')).stdout).not.toMatch(/[io]if lan0 /)
      const { stdout: status } = await run('/usr/sbin/ifbalance', 'status')
      expect(status).not.toMatch(/^lan0 /m)
      // It takes that back as it ends.
      await started.pop()?.stop('SIGTERM')
      await expect.poll(heard, { timeout: longPatienceMs, interval: 100 }).not.toContain('default')
      await expectAll('without it')
      expect((await run('/usr/sbin/ifbalance', 'plan')).stdout).toBe('Nothing to change.\n')
    } finally {
      for (const one of started) await one.stop()
    }
  })

  /** Each provider has the servers, and what the host has without DHCP: an address and a gateway of IPv6. */
  async function giveServersAndIpv6(): Promise<void> {
    if (areGiven) return
    areGiven = true
    const { lan, host, isps } = lab.network
    for (const { namespace, number } of isps) {
      await command(inNamespace(namespace, ['/usr/sbin/sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1']))
      await ipBatch(namespace, [
        `addr add ${server.inet}/32 dev lo`,
        `addr add ${server.inet6}/128 dev lo nodad`,
        `addr add 2001:db8:${number}::1/64 dev sub nodad`,
        'addr add fe80::1/64 dev sub nodad',
      ])
      await ipBatch(host, [
        `addr add 2001:db8:${number}::2/64 dev wan${number} nodad`,
        `route add default via fe80::1 dev wan${number} metric 10${number}`,
      ])
    }
    await ipBatch(host, ['addr add fd00:77::1/64 dev lan0 nodad'])
    await ipBatch(lan, ['addr add fd00:77::10/64 dev eth0 nodad', 'route add default via fd00:77::1'])
  }

  /** Rules, nft, sysctls and routes of ours: those of main are networkd's, which gives some another metric at times. */
  async function snapshot(): Promise<readonly string[]> {
    const lines = await lab.snapshot()
    const ours = lines.filter((line) => !line.startsWith('route') || / table 30\d{3} /.test(line))
    expect(ours.filter((line) => line.startsWith('route ')).length).toBeGreaterThanOrEqual(5)
    return ours
  }

  async function mainPid(): Promise<string> {
    return (await run('/usr/bin/systemctl', 'show', '--property=MainPID', '--value', 'ifbalance')).stdout.trim()
  }

  async function active(): Promise<string> {
    const { stdout } = await lab.machine.exec(['/usr/bin/systemctl', 'is-active', 'ifbalance'], { accept: [0, 3] })
    return stdout.trim()
  }

  /** One of our own messages: behind another's, journalctl of Debian 12 leaves out the first of ours. */
  async function cursor(): Promise<string> {
    const { stdout } = await run('/usr/bin/journalctl', '--no-pager', '-u', 'ifbalance', '-n', '1', '--show-cursor')
    return /cursor: (\S+)/.exec(stdout)?.[1] ?? ''
  }

  async function eventsSince(since: string): Promise<readonly Readonly<Record<string, string>>[]> {
    const output = ['--no-pager', '--output=json', '-u', 'ifbalance', '--after-cursor', since]
    const { stdout } = await run('/usr/bin/journalctl', ...output)
    const lines = stdout.split('\n').filter((line) => line !== '')
    return lines.map((line) => JSON.parse(line))
  }
})
