/** U5, U6: dpkg killed in the middle, and an older version that meets a newer one's files: under traffic. */
import { copyFileSync, mkdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { builtDeb, isInstalled } from '../lab/deb.ts'
import { settleEqualDefaults } from '../lab/equal-defaults.ts'
import { createLab, type Lab } from '../lab/lab.ts'
import { packNextVersion } from '../lab/next-version.ts'
import { difference } from '../lab/snapshot.ts'
import { openSessions, stream } from '../lab/traffic.ts'
import { lacksLab } from './needs.ts'

const stateFile = '/run/ifbalance/state.json'

const missing = await lacksLab()

describe.skipIf(missing)('trixie', () => {
  let lab: Lab
  let next: string
  const run = (...argv: readonly string[]) => lab.machine.exec(argv)
  const version = async () => (await run('/usr/bin/dpkg-query', '-W', '-f', '$' + '{Version}', 'ifbalance')).stdout
  const dpkgState = async () =>
    (await run('/usr/bin/dpkg-query', '-W', '-f', '$' + '{db:Status-Status}', 'ifbalance')).stdout

  beforeAll(async () => {
    const deb = builtDeb()
    lab = await createLab({
      release: 'trixie',
      stack: 'networkd',
      progress: (line) => process.stdout.write(`  ${line}\n`),
    })
    mkdirSync(`${lab.machine.root}/srv`, { recursive: true })
    copyFileSync(deb, `${lab.machine.root}/srv/now.deb`)
    next = await packNextVersion(deb, `${lab.machine.root}/srv/next.deb`)
    await lab.boot()
    await run('/usr/bin/dpkg', '-i', '/srv/now.deb')
  })
  afterAll(() => lab?.dispose())

  test('U5: dpkg killed in the middle of an upgrade, at each of its stages: it ends right, and traffic goes on', async () => {
    const before = await ours()
    const traffic = await startTraffic()
    // At its beginning, in the old one's scripts, between the files, after them, while the new daemon is started.
    for (const moment of [
      'processing: upgrade',
      'half-configured',
      'half-installed',
      'unpacked',
      'processing: configure',
    ]) {
      const cut = await killedAt(moment, '/srv/next.deb')
      expect(cut, moment).toBe('killed\n')
      // What a person does then.
      await lab.machine.exec(['/usr/bin/dpkg', '--configure', '-a'], { accept: [0, 1] })
      await run('/usr/bin/dpkg', '-i', '/srv/next.deb')
      await expectRight(before, next)
      await run('/usr/bin/dpkg', '-i', '--force-downgrade', '/srv/now.deb')
    }
    await expectNothingLost(traffic)
  })

  test('U6: an older version meets what a newer one wrote: it ends right, nothing is lost', async () => {
    await run('/usr/bin/dpkg', '-i', '/srv/next.deb')
    const before = await ours()
    const former = (await readState()) as { uplinks: Record<string, object>; sysctls: Record<string, string> }
    expect(Object.keys(former.uplinks)).toHaveLength(2)
    const traffic = await startTraffic()
    const uplinks = Object.entries(former.uplinks).map(([name, uplink]) => [name, { ...uplink, lanes: [1, { a: 2 }] }])
    for (const newer of [
      { format: 9, ...former, uplinks: Object.fromEntries(uplinks), leases: { wan1: { of: 'a newer version' } } },
      { format: 10, links: [{ name: 'wan2', mark: 'first' }] },
      [10, 'links'],
    ]) {
      await run('/usr/bin/systemctl', 'stop', 'ifbalance')
      await writeState(newer)
      await run('/usr/bin/dpkg', '-i', '/srv/now.deb')
      await expectRight(before, next.replace('+next', ''))
      expect(((await readState()) as typeof former).uplinks).toMatchObject(former.uplinks)
      // Of another form, nobody can tell what they were before us.
      if ('sysctls' in newer) expect(((await readState()) as typeof former).sysctls).toEqual(former.sysctls)
      await run('/usr/bin/dpkg', '-i', '/srv/next.deb')
    }
    await expectNothingLost(traffic)
  })

  test('an error in the configuration: systemctl reload fails with file and line, and every start goes on as before', async () => {
    const before = await ours()
    const file = '/etc/ifbalance/conf.d/90-mistake.conf'
    await lab.machine.exec(['/usr/bin/tee', file], { input: '[rule r]\nsuorce = 192.0.2.1\nuplinks = none\n' })
    const reload = await lab.machine.exec(['/usr/bin/systemctl', 'reload', 'ifbalance'], { accept: [0, 1] })
    expect(reload.exitCode).toBe(1)
    const said = async () =>
      (await run('/usr/bin/journalctl', '--unit=ifbalance', '--output=cat', 'IFBALANCE_EVENT=configuration')).stdout
    await expect.poll(said).toContain(`${file}:2: [rule r]: unknown key "suorce"; did you mean source?`)
    await run('/usr/bin/systemctl', 'is-active', 'ifbalance')
    await run('/usr/bin/systemctl', 'restart', 'ifbalance')
    expect(difference(before, await ours())).toEqual([])
    // What root has disabled meanwhile, the daemon can enable.
    await run('/usr/bin/systemctl', 'stop', 'ifbalance')
    await run('/usr/sbin/ifbalance', 'disable', 'wan1')
    await run('/usr/bin/systemctl', 'start', 'ifbalance')
    await run('/usr/sbin/ifbalance', 'enable', 'wan1')
    expect(difference(before, await ours())).toEqual([])
    await run('/usr/bin/rm', file)
    await run('/usr/bin/systemctl', 'reload', 'ifbalance')
  })

  test('metrics: the exporter answers from its sandbox, the timer writes them for node-exporter, and both end with the package', async () => {
    const fetch = async (path: string) => {
      const request = `GET ${path} HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n`
      const script = `exec 3<>/dev/tcp/127.0.0.1/20998 && printf '${request}' >&3 && cat <&3`
      return (await run('/bin/bash', '-c', script)).stdout
    }
    await run('/usr/bin/systemctl', 'enable', '--now', 'ifbalance-exporter.socket')
    const answer = await fetch('/metrics')
    const warnings = ['/usr/bin/journalctl', '--unit=ifbalance-exporter', '--output=cat', '-p', 'warning'] as const
    expect((await run(...warnings)).stdout).toBe('')
    expect(answer).toMatch(/^HTTP\/1\.1 200 .*content-type: application\/openmetrics-text; version=1\.0\.0/s)
    for (const sample of [
      'daemon_up 1',
      'uplink_up{uplink="wan1"} 1',
      'uplink_share_ratio{uplink="wan2",family="inet"} 0.5',
    ])
      expect(answer).toContain(`\nifbalance_${sample}\n`)
    expect(answer).toMatch(/\nifbalance_pending_changes 0\n.*# EOF\n$/s)
    expect(await fetch('/')).toMatch(/^HTTP\/1\.1 404 /)
    const status = ['/bin/sh', '-c', 'cat /proc/$(systemctl show -P MainPID ifbalance-exporter)/status'] as const
    expect((await run(...status)).stdout).toMatch(/^Uid:\t6\d{4}\t.*^CapEff:\t0+$.*^Seccomp:\t2$/ms)

    const folder = '/var/lib/prometheus/node-exporter'
    await run('/usr/bin/mkdir', '-p', folder)
    await run('/usr/bin/systemctl', 'enable', '--now', 'ifbalance-metrics.timer')
    const written = () => lab.machine.exec(['/usr/bin/cat', `${folder}/ifbalance.prom`], { accept: [0, 1] })
    await expect.poll(async () => (await written()).stdout).toContain('ifbalance_uplink_up{uplink="wan2"} 1\n')

    await run('/usr/bin/dpkg', '-P', 'ifbalance')
    expect((await written()).stdout).toBe('')
    const units = ['/usr/bin/systemctl', 'list-units', '--all', '--no-legend', '--plain', 'ifbalance*'] as const
    expect((await run(...units)).stdout).toBe('')
    await run('/usr/bin/dpkg', '-i', '/srv/next.deb')
  })

  test('U5: dpkg killed in the middle of the first installation: main goes on, and the second attempt ends right', async () => {
    // The test's own second try finds it removed.
    if (!isInstalled(lab.machine)) await run('/usr/bin/dpkg', '-i', '/srv/next.deb')
    const before = await ours()
    await run('/usr/bin/dpkg', '-P', 'ifbalance')
    await settleEqualDefaults(lab.network, { lasting: true })
    const fresh = await stream(lab.network.host, 10)
    for (const moment of ['processing: install', 'half-installed', 'unpacked', 'processing: configure']) {
      expect(await killedAt(moment, '/srv/next.deb'), moment).toBe('killed\n')
      await lab.machine.exec(['/usr/bin/dpkg', '--configure', '-a'], { accept: [0, 1] })
      await run('/usr/bin/dpkg', '-i', '/srv/next.deb')
      await expectRight(before, next)
      await run('/usr/bin/dpkg', '-P', 'ifbalance')
    }
    const attempts = await fresh.stop()
    expect(attempts.length).toBeGreaterThan(100)
    expect(attempts.filter((attempt) => 'error' in attempt)).toEqual([])
  })

  async function ours(): Promise<readonly string[]> {
    const lines = await lab.snapshot()
    const kept = lines.filter((line) => !line.startsWith('route') || / table 30\d{3} /.test(line))
    expect(kept.filter((line) => line.startsWith('route ')).length).toBeGreaterThanOrEqual(5)
    return kept
  }

  async function expectRight(before: readonly string[], wanted: string): Promise<void> {
    expect(await version()).toBe(wanted)
    expect(await dpkgState()).toBe('installed')
    await run('/usr/bin/systemctl', 'is-active', 'ifbalance')
    expect(difference(before, await ours())).toEqual([])
    expect((await run('/usr/sbin/ifbalance', 'plan')).stdout).toContain('Nothing to change')
    expect((await run('/usr/bin/dpkg', '--verify', 'ifbalance')).stdout).toBe('')
  }

  /** Installs and kills dpkg and all that it started as soon as it says that it is at `moment`. Tells what became of it. */
  async function killedAt(moment: string, deb: string): Promise<string> {
    const script = `mkfifo /run/told; setsid dpkg -i --status-fd 7 "$2" 7>/run/told >/dev/null 2>&1 & dpkg=$!
      told=no
      while read -r line; do
        case $line in *"$1"*) /usr/bin/kill -KILL -- -$dpkg; told=yes; break ;; esac
      done </run/told
      rm -f /run/told; wait $dpkg; code=$?
      [ $told$code = yes137 ] && echo killed || echo "$told, exit code $code"`
    return (await run('/bin/sh', '-c', script, 'sh', moment, deb)).stdout
  }

  /** /run is a file system of the machine's own. */
  async function readState(): Promise<unknown> {
    return JSON.parse((await run('/usr/bin/cat', stateFile)).stdout)
  }

  async function writeState(value: unknown): Promise<void> {
    await lab.machine.exec(['/usr/bin/tee', stateFile], { input: `${JSON.stringify(value)}\n` })
  }

  async function startTraffic() {
    const { host, lan } = lab.network
    return {
      groups: [await openSessions(lan, 5, 11, 32), await openSessions(host, 5, 11, 32)],
      fresh: await stream(host, 10),
    }
  }

  async function expectNothingLost({ groups, fresh }: Awaited<ReturnType<typeof startTraffic>>): Promise<void> {
    const sessions = (await Promise.all(groups.map((group) => group.stop()))).flat()
    const attempts = await fresh.stop()
    expect(sessions).toHaveLength(32)
    expect(new Set(sessions.map(({ peer }) => peer)).size).toBe(2)
    expect(sessions.filter(({ error, lost }) => error !== null || lost > 0)).toEqual([])
    expect(attempts.length).toBeGreaterThan(100)
    expect(attempts.filter((attempt) => 'error' in attempt)).toEqual([])
  }
})
