/** The package's daemon, in its sandbox, finds dead lines behind living links on both releases of Debian. */
import { copyFileSync, mkdirSync } from 'node:fs'
import { basename } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checked } from '../json.ts'
import { monotonicMs, nftIn } from '../lab/command.ts'
import { builtDeb } from '../lab/deb.ts'
import { createLab, type Lab } from '../lab/lab.ts'
import { record } from '../lab/measurements.ts'
import { monitorRoutes } from '../lab/monitor.ts'
import { addresses } from '../lab/names.ts'
import { longPatienceMs, patienceMs } from '../lab/patience.ts'
import { checkShare } from '../lab/shares.ts'
import { type Attempt, connections, countByPeer, msUntilAllGood, openSessions, stream } from '../lab/traffic.ts'
import { lacksLab } from './needs.ts'

const [one, two] = [addresses.publicOf(1), addresses.publicOf(2)]
const isGood = (attempt: Attempt) => 'peer' in attempt
const skip = await lacksLab()

describe.skipIf(skip).each([
  ['trixie', 'ifupdown'],
  ['bookworm', 'ifupdown'],
  ['bookworm', 'networkd'],
] as const)('%s, %s', (release, stack) => {
  let lab: Lab

  beforeAll(async () => {
    const deb = builtDeb()
    lab = await createLab({ release, stack, progress: (line) => process.stdout.write(`  ${line}\n`) })
    mkdirSync(`${lab.machine.root}/srv`, { recursive: true })
    copyFileSync(deb, `${lab.machine.root}/srv/${basename(deb)}`)
    await lab.boot()
    await lab.machine.exec(['/usr/bin/dpkg', '-i', `/srv/${basename(deb)}`])
    // What DHCP clients say in their hooks is known from the next lease on.
    await lab.reboot()
  })
  afterAll(() => lab?.dispose())

  interface Line {
    readonly health?: { readonly state: string; readonly lastProbe: string | null }
  }

  async function status(): Promise<
    readonly { readonly name: string; readonly state: string; readonly inet: Line | null }[]
  > {
    const { stdout } = await lab.machine.exec(['/usr/sbin/ifbalance', 'status', '--json'])
    return checked('status', JSON.parse(stdout)).uplinks
  }

  test('both lines are judged online, by answers to probes', async () => {
    const answered = { state: 'online', lastProbe: expect.stringContaining('answered') }
    const lines = async () => (await status()).map(({ inet }) => inet?.health)
    const both = [expect.objectContaining(answered), expect.objectContaining(answered)]
    await expect.poll(lines, { timeout: patienceMs }).toEqual(both)
  })

  test('ifbalance probe shows who answers', async () => {
    const { stdout } = await lab.machine.exec(['/usr/sbin/ifbalance', 'probe', 'wan2'])
    for (const target of addresses.resolvers) expect(stdout).toMatch(new RegExp(`${target}: [0-9.]+ ms`))
    expect(stdout).toContain('alive')
  })

  test('B3 silent blackhole: new connections go on, healthy ones are untouched, and the line comes back', async () => {
    const { host, lan, isps } = lab.network
    const sessions = [await openSessions(host, 16, 16, 50), await openSessions(lan, 16, 16, 50)]
    const flows = { host: await stream(host, 10), LAN: await stream(lan, 10) }
    await Promise.all(Object.values(flows).map((flow) => flow.until((_, all) => all.length > 150)))
    const cut = monotonicMs()
    await nftIn(
      isps[1].namespace,
      'table inet fault { chain forward { type filter hook forward priority -300; drop; }\n }\n',
    )
    await Promise.all(Object.values(flows).map((flow) => flow.until(({ at, took }) => at + took > cut + 3500)))
    const mended = monotonicMs()
    for (const [from, flow] of Object.entries(flows)) {
      const all = (await flow.stop()).filter(({ at }) => at < mended)
      const early = all.filter(({ at }) => at < cut)
      checkShare(countByPeer(early)[two], early.length, 0.5)
      const value = msUntilAllGood(all, cut, isGood) / 1000
      record({
        name: `silent blackhole -> new connections all good, ${from}`,
        value,
        unit: 's',
        limit: 2,
        release,
        stack,
      })
    }
    expect((await status()).map(({ state }) => state)).toEqual(['online', 'offline'])
    // Also what the kernel's listing says of the rules that are there only now, in this release's words.
    expect((await lab.machine.exec(['/usr/sbin/ifbalance', 'plan'])).stdout).toContain('Nothing to change')
    const table = (await lab.machine.exec(['/usr/sbin/nft', 'list', 'table', 'inet', 'ifbalance'])).stdout
    if (stack === 'ifupdown') expect(table).toMatch(/ip daddr 10\.2\.0\.254 udp dport 53 dnat ip to 10\.1\.0\.254/)
    const results = (await Promise.all(sessions.map((group) => group.stop()))).flat()
    for (const { protocol, lost, peer } of results.filter((session) => session.peer === one))
      expect(lost, `${protocol} of ${peer}`).toBe(0)
    const killed = results.filter(({ peer, error }) => peer.startsWith(two) && error !== null)
    expect(killed.length).toBeGreaterThan(0)

    const monitor = await monitorRoutes(host)
    try {
      await nftIn(isps[1].namespace, 'delete table inet fault\n')
      await monitor.seen((line) => /nexthop .* wan2 /.test(line), 'wan2 in the balance again', longPatienceMs)
    } finally {
      await monitor.stop()
    }
    checkShare(countByPeer(await connections(host, 60))[two], 60, 0.5)
  })

  test('ifbalance log tells of it, by uplink and in the time of the host', async () => {
    const log = async (...words: readonly string[]) =>
      (await lab.machine.exec(['/usr/sbin/ifbalance', 'log', ...words])).stdout.trim().split('\n')
    const of2 = await log('wan2')
    const down = of2.findLastIndex((line) => / {2}wan2 is offline: .*; new connections by wan1$/.test(line))
    expect(down, of2.join('\n')).toBeGreaterThanOrEqual(0)
    expect(of2.slice(down + 1).join('\n')).toMatch(/ {2}wan2 is online/)
    for (const line of of2) expect(line).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}/)
    expect(await log()).toEqual(expect.arrayContaining([...of2]))
    expect((await log('wan1')).filter((line) => / {2}wan2 /.test(line))).toEqual([])
  })
})
