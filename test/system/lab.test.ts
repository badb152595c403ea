/** The lab itself: it sees balancing where there is some, and none where there is none. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ipBatch, monotonicMs } from '../lab/command.ts'
import { createLab, type Lab } from '../lab/lab.ts'
import { record } from '../lab/measurements.ts'
import { checkShare } from '../lab/shares.ts'
import { difference } from '../lab/snapshot.ts'
import { connections, countByPeer, msUntilAllGood, openSessions, stream } from '../lab/traffic.ts'
import { lacksLab } from './needs.ts'

let lab: Lab
const out = (line: string) => process.stdout.write(`  ${line}\n`)

describe.skipIf(await lacksLab())('the lab', () => {
  beforeAll(async () => {
    lab = await createLab({ release: 'trixie', stack: 'networkd', progress: out })
    await lab.boot()
  })
  afterAll(() => lab?.dispose())

  test('a host with two DHCP uplinks and nothing else uses one of them', async () => {
    const counts = countByPeer(await connections(lab.network.host, 50))
    expect(Object.values(counts)).toEqual([50])
    expect(lab.network.isps.map(({ publicAddress }) => publicAddress)).toContain(Object.keys(counts)[0])
  })

  test('the lab sees a hand-made balance, a lost carrier and its removal', async () => {
    const { host, lan, isps } = lab.network
    const before = await lab.snapshot()
    const [one, two] = [await isps[0].hostAddress(), await isps[1].hostAddress()]
    const sysctls = [
      'net.ipv4.fib_multipath_hash_policy=1',
      ...['wan1', 'wan2'].map((name) => `net.ipv4.conf.${name}.ignore_routes_with_linkdown=1`),
    ]
    await lab.machine.exec(['/usr/sbin/sysctl', '-qw', ...sysctls])
    await ipBatch(host, [
      'route add default table 30001 via 10.1.0.1 dev wan1',
      'route add default table 30002 via 10.2.0.1 dev wan2',
      'route add default table 30098 nexthop via 10.1.0.1 dev wan1 nexthop via 10.2.0.1 dev wan2',
      `rule add pref 20201 from ${one} lookup 30001`,
      `rule add pref 20202 from ${two} lookup 30002`,
      'rule add pref 32765 lookup main suppress_prefixlength 0',
      'rule add pref 32765 lookup 30098',
    ])
    expect(difference(before, await lab.snapshot()).length).toBeGreaterThanOrEqual(10)

    const counts = countByPeer(await connections(host, 300))
    const [first = 0, second = 0] = isps.map(({ publicAddress }) => counts[publicAddress])
    expect(first + second).toBe(300)
    checkShare(first, 300, 0.5)

    // Nothing masquerades here, so what the LAN sends comes from an address that the internet does not know.
    expect(countByPeer(await connections(lan, 1, { timeoutMs: 300 }))).toEqual({ TIMEOUT: 1 })

    const sessions = await openSessions(host, 16, 16, 50)
    expect(new Set(sessions.peers).size).toBe(2)
    const flow = await stream(host, 5)
    await flow.until((_, all) => all.length > 50)
    const event = monotonicMs()
    await isps[1].setCarrier(false)
    const cut = flow.attempts.length
    await flow.until((_, all) => all.length > cut + 100)
    await isps[1].setCarrier(true)
    const all = await flow.stop()
    expect(Object.keys(countByPeer(all.slice(cut + 50, cut + 100)))).toEqual([isps[0].publicAddress])
    const tookOver = all.filter((attempt) => attempt.at < (all[cut + 100]?.at ?? 0))
    const value = msUntilAllGood(tookOver, event, (attempt) => 'peer' in attempt)
    const name = 'hand-made balance: carrier loss -> new connections all good'
    record({ name, value, unit: 'ms', limit: 500, release: 'trixie', stack: 'networkd' })
    for (const { peer, answered, lost } of await sessions.stop()) {
      expect(answered).toBeGreaterThan(0)
      if (peer === isps[0].publicAddress) expect(lost).toBe(0)
    }

    await ipBatch(host, [
      'route flush table 30001',
      'route flush table 30002',
      'route flush table 30098',
      'rule del pref 20201',
      'rule del pref 20202',
      'rule del pref 32765',
      'rule del pref 32765',
    ])
    await lab.machine.exec(['/usr/sbin/sysctl', '-qw', ...sysctls.map((line) => line.replace('=1', '=0'))])
    expect(difference(before, await lab.snapshot())).toEqual([])
  })

  test('a host after a reboot is the same one, with nothing left from before', async () => {
    await ipBatch(lab.network.host, ['rule add pref 77 lookup main'])
    const address = await lab.network.isps[1].hostAddress()
    await lab.reboot()
    expect(await lab.network.isps[1].hostAddress()).toBe(address)
    expect((await lab.snapshot()).filter((line) => line.startsWith('rule 77'))).toEqual([])
    expect(Object.values(countByPeer(await connections(lab.network.host, 10)))).toEqual([10])
  })
})
