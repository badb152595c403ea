/** U1, P4, F1, F12: restarts, reloads, upgrades, networkd's restarts: under traffic, and with nothing missing afterwards. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { monotonicMs } from '../lab/command.ts'
import { builtDeb } from '../lab/deb.ts'
import { createLab, type Lab } from '../lab/lab.ts'
import { record } from '../lab/measurements.ts'
import { addresses } from '../lab/names.ts'
import { packNextVersion } from '../lab/next-version.ts'
import { difference } from '../lab/snapshot.ts'
import { openSessions, stream } from '../lab/traffic.ts'
import { lacksLab } from './needs.ts'

const missing = await lacksLab()

describe.skipIf(missing).each(['bookworm', 'trixie'] as const)('%s', (release) => {
  let lab: Lab
  let next: string
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
    const log = await logSince(since)
    const count = [...log.matchAll(/\((\d+) changes? after/g)].reduce((sum, [, changes]) => sum + Number(changes), 0)
    const named = log.split('\n').filter((line) => /\]: (ip -[46] |sysctl |nft |conntrack |ss |\/usr\/|# )/.test(line))
    expect(named.length, log).toBeGreaterThanOrEqual(count)
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
    await expect.poll(() => logSince(since)).toContain('sysctl -w net/ipv4/conf/wan1/rp_filter=2')
  })

  /** Rules, nft, sysctls and routes of ours: those of main are networkd's, which gives some another metric at times. */
  async function snapshot(): Promise<readonly string[]> {
    const lines = await lab.snapshot()
    const ours = lines.filter((line) => !line.startsWith('route') || / proto 98 /.test(line))
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

  async function logSince(since: string): Promise<string> {
    return (await run('/usr/bin/journalctl', '--no-pager', '-u', 'ifbalance', '--after-cursor', since)).stdout
  }
})
