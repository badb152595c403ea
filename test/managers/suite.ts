/** What each network manager has to hold, in order: each test goes on from where the one before left the machine. */
import { copyFileSync, mkdirSync } from 'node:fs'
import { basename } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checked } from '../json.ts'
import { monotonicMs, nftIn } from '../lab/command.ts'
import { builtDeb } from '../lab/deb.ts'
import type { Release } from '../lab/image.ts'
import { createLab, type Lab } from '../lab/lab.ts'
import { record } from '../lab/measurements.ts'
import { addresses } from '../lab/names.ts'
import { ourRoutes } from '../lab/our-routes.ts'
import { longPatienceMs } from '../lab/patience.ts'
import { checkShare } from '../lab/shares.ts'
import { difference } from '../lab/snapshot.ts'
import { type Attempt, connections, countByPeer, msUntilAllGood, openSessions, stream } from '../lab/traffic.ts'
import { lacksLab } from '../system/needs.ts'
import type { Manager, Verb } from './manager.ts'

const [one, two] = [addresses.publicOf(1), addresses.publicOf(2)] as const
const isGood = (attempt: Attempt) => 'peer' in attempt
const isOf = (address: string) => (attempt: Attempt) => 'peer' in attempt && attempt.peer === address

export async function managerSuite(manager: Manager): Promise<void> {
  const missing = await lacksLab()
  describe.skipIf(missing).each(manager.releases)(`${manager.name} on %s`, (release) => play(manager, release))
}

function play(manager: Manager, release: Release): void {
  const { name, without = [], verbs, harmless, uplinks = ['wan1', 'wan2'] } = manager
  let lab: Lab
  let before: readonly string[]
  const shell = (script: string) => lab.machine.exec(['/bin/sh', '-ec', script], { timeoutMs: longPatienceMs * 2 })

  beforeAll(async () => {
    const setup = manager.setup(release)
    const progress = (line: string) => process.stdout.write(`  ${line}\n`)
    lab = await createLab({ release, stack: 'networkd', setup, packages: manager.packages(release), without, progress })
    mkdirSync(`${lab.machine.root}/srv`, { recursive: true })
    copyFileSync(builtDeb(), `${lab.machine.root}/srv/${basename(builtDeb())}`)
    await lab.boot()
    await untilAddressed()
    before = await lab.snapshot()
  })
  afterAll(() => lab?.dispose())

  async function untilAddressed(): Promise<void> {
    const wanted = ['lan0', ...uplinks]
    const deadline = monotonicMs() + longPatienceMs
    for (;;) {
      const { stdout } = await lab.machine.exec(['/usr/sbin/ip', '-j', '-4', 'address', 'show', 'scope', 'global'])
      const links: readonly { ifname?: string; addr_info?: readonly object[] }[] = JSON.parse(stdout)
      const found = links.flatMap(({ ifname = '', addr_info: info = [] }) => (info.length > 0 ? [ifname] : []))
      if (wanted.every((device) => found.includes(device))) return
      if (monotonicMs() > deadline) throw new Error(`waiting for addresses of ${wanted}: only ${found} have some`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  /** New connections of host and LAN by both, none of which fails, once both were seen. */
  async function expectBoth(what: string): Promise<void> {
    for (const from of ['host', 'lan'] as const) {
      const flow = await stream(lab.network[from], 20)
      await Promise.all([one, two].map((address) => flow.until(isOf(address), longPatienceMs)))
      await flow.stop()
      const counts = countByPeer(await connections(lab.network[from], 60))
      expect((counts[one] ?? 0) + (counts[two] ?? 0), `${what}, ${from}: ${JSON.stringify(counts)}`).toBe(60)
      checkShare(counts[one], 60, 0.5, `${what}, ${from}`)
    }
    const status = checked('status', JSON.parse((await shell('ifbalance status --json')).stdout))
    const told = status.uplinks.map(({ interface: device, state }: { interface: string; state: string }) => [
      device,
      state,
    ])
    expect(told, what).toEqual(uplinks.map((device) => [device, 'online']))
  }

  /** Whatever `event` does to the second uplink, the first one's connections go on. Gives all new connections. */
  async function underTraffic(event: () => Promise<unknown>, isHarmless: boolean): Promise<readonly Attempt[]> {
    const { host, lan } = lab.network
    const sessions = [await openSessions(host, 8, 8, 50), await openSessions(lan, 8, 8, 50)]
    const flows = [await stream(host, 10), await stream(lan, 10)]
    await Promise.all(flows.map((flow) => flow.until((_, all) => all.length > 50)))
    await event()
    const seen = flows.map(({ attempts }) => attempts.length)
    await Promise.all(flows.map((flow, i) => flow.until((_, all) => all.length > (seen[i] ?? 0) + 200)))
    const attempts = (await Promise.all(flows.map((flow) => flow.stop()))).flat()
    const results = (await Promise.all(sessions.map((group) => group.stop()))).flat()
    const meant = results.filter(({ peer }) => isHarmless || peer === one)
    expect(meant.length).toBeGreaterThan(0)
    expect(meant.filter(({ error, lost }) => error !== null || lost > 0)).toEqual([])
    return attempts
  }

  const said = (verb: Verb) => async () => await shell(verbs[verb] ?? 'false')

  if (manager.toWrite) {
    const { said: lines, script } = manager.toWrite
    test('installed: it guesses nothing, and status and check say the lines to write', async () => {
      await shell(`dpkg -i /srv/${basename(builtDeb())}`)
      for (const command of ['status', 'check']) {
        const told = async () => (await lab.machine.exec([`/usr/sbin/ifbalance`, command], { accept: [0, 1] })).stdout
        for (const line of lines) await expect.poll(told, { message: command }).toContain(line)
      }
      await shell(script)
      await expectBoth('written')
    })
  } else {
    test('installed: both carry, without a word', async () => {
      await shell(`dpkg -i /srv/${basename(builtDeb())}`)
      await expectBoth('installed')
    })
  }

  test('a cable is pulled, and plugged in again', async () => {
    const [, isp] = lab.network.isps
    let [cut, mended] = [0, 0]
    const attempts = await underTraffic(async () => {
      cut = monotonicMs()
      await isp.setCarrier(false)
      await new Promise((resolve) => setTimeout(resolve, 3000))
      mended = monotonicMs()
      await isp.setCarrier(true)
    }, false)
    const during = attempts.filter(({ at }) => at < mended - 50)
    const value = msUntilAllGood(during, cut, isOf(one)) / 1000
    record({ name: 'carrier loss -> new connections all good', value, unit: 's', limit: 1, release, stack: name })
    expect(value).toBeLessThan(3)
    await untilAddressed()
    await expectBoth('the cable is back')
  })

  test('a line dies behind a living link, and comes back', async () => {
    const [, isp] = lab.network.isps
    const flow = await stream(lab.network.host, 10)
    const cut = monotonicMs()
    await nftIn(
      isp.namespace,
      'table inet fault { chain forward { type filter hook forward priority -300; drop; }\n }\n',
    )
    await flow.until(
      (attempt, all) => isGood(attempt) && attempt.at > cut && all.slice(-100).every(isOf(one)) && all.length > 100,
      longPatienceMs,
    )
    const value = msUntilAllGood(await flow.stop(), cut, isGood) / 1000
    record({ name: 'silent blackhole -> new connections all good', value, unit: 's', limit: 2, release, stack: name })
    await nftIn(isp.namespace, 'delete table inet fault\n')
    await expectBoth('the line is back')
  })

  if (verbs.down && verbs.up)
    test('the second uplink is taken down, and up again, by the words of the manager', async () => {
      const attempts = await underTraffic(said('down'), harmless.includes('down'))
      expect(countByPeer(attempts.toSorted((a, b) => a.at - b.at).slice(-100))).toEqual({ [one]: 100 })
      const back = await underTraffic(async () => {
        await said('up')()
        await untilAddressed()
      }, true)
      expect(back.filter((attempt) => !isGood(attempt))).toEqual([])
      await expectBoth('up again')
    })

  for (const verb of ['reapply', 'restart'] as const)
    if (verbs[verb])
      test(`${verb}, under traffic`, async () => {
        if (harmless.includes(verb)) {
          const attempts = await underTraffic(said(verb), true)
          expect(attempts.filter((attempt) => !isGood(attempt))).toEqual([])
        } else await said(verb)()
        await untilAddressed()
        await expectBoth(verb)
      })

  for (const [what, script] of Object.entries(manager.more ?? {}))
    test(what, async () => {
      await shell(script)
      await expectBoth(what)
    })

  if (!manager.isStatic && !manager.renewsLate?.includes(release))
    test('a lease that is renewed names another gateway, which is followed', async () => {
      const [isp] = lab.network.isps
      // Whichever client it is renews by itself when it was told to, which is at its next lease.
      await isp.setRenewal(5)
      await lab.reboot()
      await untilAddressed()
      await expectBoth('short leases')
      await isp.moveGateway(2)
      const ours = async () =>
        ourRoutes((await shell('ip -N route show table all')).stdout).filter((line) => /10\.1\.0\./.test(line))
      const isNew = (lines: readonly string[]) => lines.every((line) => !/via 10\.1\.0\.1 /.test(line))
      await expect.poll(async () => isNew(await ours()), { timeout: longPatienceMs }).toBe(true)
      await expectBoth('another gateway')
      await isp.setRenewal(null)
      await isp.moveGateway(1)
    })

  test('after a boot both carry, without a word', async () => {
    await lab.reboot()
    await untilAddressed()
    await expectBoth('booted')
    expect((await shell('systemctl --failed --no-legend --plain')).stdout.trim()).toBe('')
  })

  test('purged, the kernel has nothing of it', async () => {
    await shell('dpkg -P ifbalance')
    const ours = (lines: readonly string[]) =>
      lines.filter((line) => / table 30\d{3} |ifbalance|lookup 30\d\d\d/.test(line))
    expect(ours(difference(before, await lab.snapshot()))).toEqual([])
    expect(Object.keys(countByPeer(await connections(lab.network.host, 30)))).toHaveLength(1)
  })
}
