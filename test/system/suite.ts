/** The life of the package on one Debian, in order: each test goes on from where the one before left the machine. */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { monotonicMs, programArgv, startIn, waitForLine } from '../lab/command.ts'
import { builtDeb, isInstalled } from '../lab/deb.ts'
import { settleEqualDefaults } from '../lab/equal-defaults.ts'
import type { Release } from '../lab/image.ts'
import { createLab, type Lab } from '../lab/lab.ts'
import { median, record } from '../lab/measurements.ts'
import { type Monitor, monitorRoutes } from '../lab/monitor.ts'
import { addresses, ports } from '../lab/names.ts'
import { longPatienceMs } from '../lab/patience.ts'
import { checkShare, deviations } from '../lab/shares.ts'
import { difference } from '../lab/snapshot.ts'
import type { Stack } from '../lab/stacks.ts'
import { type Attempt, connections, countByPeer, msUntilAllGood, openSessions, stream } from '../lab/traffic.ts'
import { filesLeft, pathsOf } from './files.ts'
import { lacksLab } from './needs.ts'
import { renewWan1, takeDownWan2, takeUpWan2 } from './stack-actions.ts'

const [one, two] = [addresses.publicOf(1), addresses.publicOf(2)] as const
const isGood = (attempt: Attempt) => 'peer' in attempt
const isOf = (address: string) => (attempt: Attempt) => 'peer' in attempt && attempt.peer === address

export async function systemSuite(release: Release, stack: Stack): Promise<void> {
  describe.skipIf(await lacksLab())(`${release}, ${stack}`, () => {
    let lab: Lab
    let before: readonly string[]
    let filesBefore: ReadonlySet<string>
    const measured = (name: string, value: number, unit: string, limit: number | null) => {
      record({ name, value, unit, limit, release, stack })
    }

    beforeAll(async () => {
      const deb = builtDeb()
      lab = await createLab({
        release,
        stack,
        ipv6: stack === 'networkd',
        progress: (line) => process.stdout.write(`  ${line}\n`),
      })
      mkdirSync(`${lab.machine.root}/srv`, { recursive: true })
      copyFileSync(deb, `${lab.machine.root}/srv/${basename(deb)}`)
      await lab.boot()
      before = await lab.snapshot()
      filesBefore = await pathsOf(lab.machine)
    })
    afterAll(() => lab?.dispose())

    const install = () => lab.machine.exec(['/usr/bin/dpkg', '-i', `/srv/${basename(builtDeb())}`])

    /** 300 connections from the host, 300 from the LAN, none lost, spread as the weights say. */
    async function expectSpread(what: string, share: number): Promise<void> {
      for (const [from, namespace] of [
        ['host', lab.network.host],
        ['LAN', lab.network.lan],
      ] as const) {
        const counts = countByPeer(await connections(namespace, 300))
        const [first = 0, second = 0] = [counts[one], counts[two]]
        expect(first + second, JSON.stringify(counts)).toBe(300)
        measured(`300 connections, ${from}, ${what}`, deviations(first, 300, share), 'standard deviations', null)
        checkShare(first, 300, share, `${from}, ${what}`)
      }
    }

    async function withMonitor(use: (monitor: Monitor) => Promise<void>): Promise<void> {
      const monitor = await monitorRoutes(lab.network.host)
      try {
        await use(monitor)
      } finally {
        await monitor.stop()
      }
    }

    test('without the package one uplink carries everything', async () => {
      await settleEqualDefaults(lab.network)
      const counts = countByPeer(await connections(lab.network.host, 50))
      expect(Object.values(counts)).toEqual([50])
    })

    test('installing it is all that anyone does', async () => {
      const sessions = await openSessions(lab.network.host, 2, 2)
      const flow = await stream(lab.network.host, 10)
      await install()
      const installed = monotonicMs()
      const afterwards = (attempt: Attempt) => attempt.at >= installed
      const arrivals = await Promise.all(
        [one, two].map((address) => flow.until((attempt) => afterwards(attempt) && isOf(address)(attempt))),
      )
      const all = await flow.stop()
      const last = Math.max(...arrivals.map(({ at, took }) => at + took))
      measured('dpkg -i returns -> both uplinks carry new connections', (last - installed) / 1000, 's', 2)
      measured(
        'connections failed during installation',
        all.filter((attempt) => !isGood(attempt)).length,
        'connections',
        0,
      )
      for (const { protocol, lost, answered } of await sessions.stop()) {
        expect(answered, protocol).toBeGreaterThan(10)
        expect(lost, `${protocol} of before`).toBe(0)
      }
    })

    test('the host and its LAN use both uplinks evenly', async () => await expectSpread('1:1', 0.5))

    if (stack === 'networkd')
      test('IPv6 with two providers is balanced like IPv4', async () => {
        const counts = countByPeer(await connections(lab.network.host, 300, { host: addresses.server6 }))
        const [first = 0, second = 0] = [counts[addresses.public6Of(1)], counts[addresses.public6Of(2)]]
        expect(first + second, JSON.stringify(counts)).toBe(300)
        measured('300 IPv6 connections, host, 1:1', deviations(first, 300, 0.5), 'standard deviations', null)
        checkShare(first, 300, 0.5, 'IPv6')
      })

    test('sockets bound to an uplink stay on it', async () => {
      for (const isp of lab.network.isps) {
        const localAddress = await isp.hostAddress()
        const counts = countByPeer(await connections(lab.network.host, 20, { localAddress }))
        expect(counts).toEqual({ [isp.publicAddress]: 20 })
      }
    })

    test('weights are obeyed as soon as the configuration is reloaded', async () => {
      const config = `${lab.machine.root}/etc/ifbalance/conf.d/weights.conf`
      mkdirSync(`${lab.machine.root}/etc/ifbalance/conf.d`, { recursive: true })
      writeFileSync(config, '[uplink wan1]\ninterface = wan1\nweight = 3\n')
      await withMonitor(async (monitor) => {
        await lab.machine.exec(['/usr/bin/systemctl', 'reload', 'ifbalance'])
        await monitor.seen((line) => line.includes('nexthop') && line.includes('weight 3'), 'weight 3')
      })
      await expectSpread('3:1', 0.75)
      rmSync(config)
      await withMonitor(async (monitor) => {
        await lab.machine.exec(['/usr/bin/systemctl', 'reload', 'ifbalance'])
        await monitor.seen((line) => /nexthop .* wan1 weight 1\b/.test(line), 'weight 1')
      })
    })

    test('answers leave by the uplink that they were asked through', async () => {
      // A port forward of the administrator's own, to a service in the LAN.
      const forwards = `table ip forwards {
        chain prerouting {
          type nat hook prerouting priority dstnat
          tcp dport ${ports.forwarded} dnat to ${addresses.lanClient}
        }
      }
      `
      // The machine's own nft: one of another version cannot always read what it finds there.
      const nft = (input: string) => lab.machine.exec(['/usr/sbin/nft', '-f', '-'], { input })
      await nft(forwards)
      const services = [
        await startIn(lab.network.host, programArgv('listen', [String(ports.inbound), 'host'])),
        await startIn(lab.network.lan, programArgv('listen', [String(ports.forwarded), 'lan'])),
      ]
      try {
        for (const service of services) await waitForLine(service, (line) => line === 'ready')
        for (const isp of lab.network.isps) {
          await isp.forwardInbound(await isp.hostAddress())
          for (const [port, word] of [
            [ports.inbound, 'host'],
            [ports.forwarded, 'lan'],
          ] as const) {
            const asked = await connections(lab.network.internet, 10, { host: isp.publicAddress, port })
            expect(countByPeer(asked), `through ${isp.device}, port ${port}`).toEqual({ [word]: 10 })
          }
        }
      } finally {
        for (const service of services) await service.stop()
        await nft('delete table ip forwards\n')
      }
    })

    test('L2: a lost carrier moves new connections at once, and a found one brings them back', async () => {
      const { host, lan, isps } = lab.network
      const sessions = [await openSessions(host, 16, 16, 50), await openSessions(lan, 16, 16, 50)]
      const flows = { host: await stream(host, 5), LAN: await stream(lan, 5) }
      const both = Object.values(flows)
      const pass = (count: number) =>
        Promise.all(
          both.map((flow) => {
            const seen = flow.attempts.length
            return flow.until((_, all) => all.length >= seen + count)
          }),
        )
      await pass(100)
      const cut = monotonicMs()
      await isps[1].setCarrier(false)
      await pass(400)
      const mended = monotonicMs()
      await isps[1].setCarrier(true)
      const back = await Promise.all(
        both.map((flow) => flow.until((attempt) => attempt.at > mended && isOf(two)(attempt), longPatienceMs)),
      )
      await pass(100)

      for (const [from, flow] of Object.entries(flows)) {
        const all = await flow.stop()
        const until = (time: number) => all.filter(({ at }) => at < time)
        expect(new Set(Object.keys(countByPeer(until(cut - 100))))).toEqual(new Set([one, two]))
        const moved = msUntilAllGood(until(mended), cut, isGood) / 1000
        measured(`carrier loss -> new connections all good, ${from}`, moved, 's', 0.5)
        const late = until(mended).slice(-100)
        expect(countByPeer(late)).toEqual({ [one]: 100 })
        const failed = all.filter((attempt) => attempt.at >= mended && !isGood(attempt))
        const told = failed.map(({ at, ...rest }) => `${JSON.stringify(rest)} ${Math.round(at - mended)} ms after`)
        expect(told, `${from}, carrier back`).toEqual([])
        measured(`connections failed while the carrier returns, ${from}`, failed.length, 'connections', 0)
      }
      const returned = Math.max(...back.map(({ at }) => at)) - mended
      measured('carrier found -> the uplink carries again (its DHCP included)', returned / 1000, 's', null)
      for (const group of sessions) {
        const results = await group.stop()
        const healthy = results.filter(({ peer }) => peer === one)
        expect(healthy.length).toBeGreaterThan(0)
        for (const { protocol, lost } of healthy) expect(lost, `${protocol} on the uplink that stayed`).toBe(0)
      }
    })

    test('the journal has the change once, with its fields, under the unit', async () => {
      const journal = async (...args: readonly string[]) =>
        (await lab.machine.exec(['/usr/bin/journalctl', '--unit=ifbalance', ...args])).stdout.trim().split('\n')
      const matches = ['IFBALANCE_UPLINK=wan2', 'IFBALANCE_STATE=down']
      const found = (await journal('--output=json', ...matches)).map((line) => JSON.parse(line))
      expect(found.at(-1)).toMatchObject({
        ...{ IFBALANCE_EVENT: 'uplink', IFBALANCE_FORMER_STATE: 'online', IFBALANCE_REASON: 'no carrier' },
        ...{ IFBALANCE_CARRYING: 'wan1', PRIORITY: '5', SYSLOG_IDENTIFIER: 'ifbalance' },
        ...{ _SYSTEMD_UNIT: 'ifbalance.service', MESSAGE: 'wan2 is down: no carrier; new connections by wan1' },
      })
      const told = (await journal('--output=cat')).filter((line) => line.startsWith('wan2 is down'))
      expect(told).toEqual(found.map(({ MESSAGE }) => MESSAGE))
    })

    if (stack === 'networkd')
      test('IPv6 is back on both uplinks as well', async () => {
        await lab.waitOnline(['wan2'])
        const flow = await stream(lab.network.host, 10, { host: addresses.server6 })
        await Promise.all([1, 2].map((isp) => flow.until(isOf(addresses.public6Of(isp)))))
        await flow.stop()
      })

    test('L8: a lease renewed with another gateway is followed', async () => {
      const isp = lab.network.isps[0]
      for (const last of [2, 1]) {
        await withMonitor(async (monitor) => {
          await renewWan1(lab, last)
          const gateway = `via 10.1.0.${last} dev wan1`
          const ours = (line: string) => line.includes(gateway) && /^default .* table (3\d{4}|wan1) /.test(line)
          await monitor.seen(ours, `a route of ours ${gateway}`, longPatienceMs)
        })
        const localAddress = await isp.hostAddress()
        expect(countByPeer(await connections(lab.network.host, 20, { localAddress }))).toEqual({ [one]: 20 })
        const counts = countByPeer(await connections(lab.network.lan, 60))
        expect(new Set(Object.keys(counts))).toEqual(new Set([one, two]))
      }
    })

    if (stack === 'ifupdown')
      test('what a hook adds to ifup, the daemon running', async () => {
        measured('a hook adds to ifup, with the daemon (median)', await medianHookMs(lab), 'ms', 150)
      })

    test('hooks alone do the whole job while the daemon is stopped and masked', async () => {
      await lab.machine.exec(['/usr/bin/systemctl', 'mask', '--now', '--runtime', 'ifbalance.service'])
      if (stack === 'networkd') await lab.machine.exec(['/usr/bin/systemctl', 'start', 'networkd-dispatcher.service'])
      if (stack === 'ifupdown') {
        measured('a hook adds to ifup, without the daemon (median)', await medianHookMs(lab), 'ms', 250)
      }
      await takeDownWan2(lab)
      expect(countByPeer(await connections(lab.network.host, 40))).toEqual({ [one]: 40 })
      await withMonitor(async (monitor) => {
        const begun = monotonicMs()
        await takeUpWan2(lab)
        // ifup waits for its hooks; networkd-dispatcher runs them when it gets to it.
        if (stack === 'networkd') await monitor.seen((line) => /nexthop .* wan2 /.test(line), 'wan2 in the balance')
        measured('wan2 taken up -> balanced, by hooks alone', (monotonicMs() - begun) / 1000, 's', null)
      })
      await expectSpread('1:1, put up by hooks alone', 0.5)
      await lab.machine.exec(['/usr/bin/systemctl', 'unmask', '--runtime', 'ifbalance.service'])
      await lab.machine.exec(['/usr/bin/systemctl', 'start', 'ifbalance.service'])
      await expectSpread('1:1, the daemon back', 0.5)
    })

    test('after a boot it balances with no command', async () => {
      await lab.reboot()
      const flow = await stream(lab.network.host, 10)
      await Promise.all([one, two].map((address) => flow.until(isOf(address))))
      await flow.stop()
      await expectSpread('1:1, after a boot', 0.5)
      const { stdout } = await lab.machine.exec(['/usr/bin/systemctl', '--failed', '--no-legend', '--plain'])
      expect(stdout.trim()).toBe('')
    })

    if (release === 'trixie' && stack === 'networkd') {
      test('what the daemon costs while nothing happens', async () => {
        const read = async (...argv: string[]) => (await lab.machine.exec(argv)).stdout
        const pid = (await read('/usr/bin/systemctl', 'show', '--property=MainPID', '--value', 'ifbalance')).trim()
        const status = await read('/usr/bin/cat', `/proc/${pid}/status`)
        measured("the daemon's memory (RSS) after start", Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024, 'MiB', 80)
        // Nanoseconds on a processor, of each thread: proc_pid_schedstat in the kernel's sched-stats.rst.
        const spent = async () => {
          const threads = await read('/bin/sh', '-c', `cat /proc/${pid}/task/*/schedstat`)
          return threads.split('\n').reduce((sum, line) => sum + Number(line.split(' ')[0] || 0), 0)
        }
        const seconds = 31
        const shareOf = async () => {
          const before = await spent()
          await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
          return (((await spent()) - before) / (seconds * 1e9)) * 100
        }
        // In the first of them the host itself may not be at rest yet.
        const share = Math.min(await shareOf(), await shareOf())
        // So soon after a boot, beside other tests; docs/design.md has it at rest, and what it is spent on.
        measured('the daemon idle, four lines, one sweep included', share, '% of a core', 1)
      })
    }

    test("U2: removal puts main's routing back alone and cuts nothing that main carries", async () => {
      const { host, lan } = lab.network
      // The test's own second try finds it removed.
      if (!isInstalled(lab.machine)) await install()
      const groups = [await openSessions(host, 16, 16, 50), await openSessions(lan, 16, 16, 50)]
      await settleEqualDefaults(lab.network, { lasting: true })
      await lab.machine.exec(['/usr/bin/dpkg', '-r', 'ifbalance'])
      const counts = countByPeer(await connections(host, 50))
      const [mains, ...others] = Object.keys(counts)
      expect(others).toEqual([])
      // The LAN has no masquerade of its own without us, so only the host's own sessions can live on.
      const results = (await Promise.all(groups.map((group) => group.stop())))[0] ?? []
      const carried = results.filter(({ peer }) => peer === mains)
      expect(carried.length).toBeGreaterThan(0)
      for (const { protocol, lost, error } of carried) {
        expect(error).toBeNull()
        expect(lost, `${protocol} that main carries`).toBe(0)
      }
      expect(isInstalled(lab.machine)).toBe(false)
    })

    test('U3: hooks that stay behind after removal do no harm', async () => {
      await takeDownWan2(lab)
      await takeUpWan2(lab)
      await settleEqualDefaults(lab.network)
      expect(Object.values(countByPeer(await connections(lab.network.host, 30)))).toEqual([30])
    })

    test('U4: purging leaves nothing', async () => {
      await lab.machine.exec(['/usr/bin/dpkg', '-P', 'ifbalance'])
      const left = difference(before, await lab.snapshot())
      expect(left).toEqual([])
      measured('kernel state after purge against before install', left.length, 'lines', 0)
      expect(filesLeft(filesBefore, await pathsOf(lab.machine))).toEqual([])
    })
  })
}

/** Ten runs of the hook as ifupdown calls it, in ms, less what getting into the machine costs. */
async function medianHookMs(lab: Lab): Promise<number> {
  const environment = ['IFACE=wan2', 'LOGICAL=wan2', 'ADDRFAM=inet', 'METHOD=dhcp', 'MODE=start', 'PHASE=post-up']
  const timed = async (program: string) => {
    const begun = monotonicMs()
    await lab.machine.exec(['/usr/bin/env', ...environment, program])
    return monotonicMs() - begun
  }
  const hook: number[] = []
  const nothing: number[] = []
  for (let i = 0; i < 10; i++) {
    nothing.push(await timed('/usr/bin/true'))
    hook.push(await timed('/etc/network/if-up.d/ifbalance'))
  }
  return median(hook) - median(nothing)
}
