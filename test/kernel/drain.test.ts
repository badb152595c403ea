/** Maintenance: an uplink is drained, disabled, unplugged and taken in again, with connections of every kind on it. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Host } from './daemon-host.ts'
import type { Holding } from './held.ts'
import { startHeldHost } from './held-host.ts'
import { arrived, forgetArrived, inside, server, setCarrier } from './providers.ts'

const few = 8
const patienceMs = 60_000

let host: Host
let holding: Holding

beforeEach(async () => {
  ;({ host, holding } = await startHeldHost())
})
afterEach(() => host.end())

/** Whether UDP arrives at each provider when the host and the LAN send new flows, by family. */
async function whoGetsNew() {
  await forgetArrived(host)
  for (const to of [server.inet, server.inet6])
    for (const place of ['host', 'lan'] as const) {
      const argv = ['/bin/bash', '-c', `for i in $(seq 30); do echo x >/dev/udp/${to}/$((2000 + i)); done`]
      await host.run(place === 'host' ? argv : inside(place, argv))
    }
  const families = (lines: readonly string[]) => {
    const udp = lines.filter((line) => line.startsWith('udp '))
    return [...new Set(udp.map((line) => (line.includes(':') ? 'inet6' : 'inet')))].sort()
  }
  return { isp1: families(await arrived(host, 'isp1')), isp2: families(await arrived(host, 'isp2')) }
}

const both = ['inet', 'inet6']
/** Those that left by it: who comes in finds out by himself. */
const ofWan1 = ['--mark', '0x41000000/0xff000000']
const entriesOfWan1 = async () => {
  const lists = ['ipv4', 'ipv6'].map((family) => host.run(['conntrack', '-L', '-f', family, ...ofWan1]))
  return (await Promise.all(lists)).map(({ stdout }) => stdout).join('')
}

test('a drained uplink keeps what it has, also disabled, until its link goes; new connections go elsewhere', async () => {
  const daemon = host.daemon()
  let seen = await daemon.balances(['wan1', 'wan2'], 0, patienceMs)
  await holding.all(few)
  await holding.from(1, few)
  expect(await whoGetsNew()).toEqual({ isp1: both, isp2: both })

  const drained = await host.ifbalance(['drain', 'wan1'])
  expect(drained).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/wan1 is online and drained.*\n[1-9]\d* connections are left/),
  })
  seen = await daemon.tells({ event: 'drain', uplink: 'wan1', drained: true, carrying: ['wan2'] }, seen, patienceMs)
  expect(await whoGetsNew()).toEqual({ isp1: [], isp2: both })
  await holding.expectAllWell('drained')
  await holding.all(few)
  await holding.expectAllWell('new ones beside a drained uplink')
  const { stdout } = await host.ifbalance(['status', '--json'])
  expect(JSON.parse(stdout).uplinks[0]).toMatchObject({ name: 'wan1', state: 'online', drained: 'command' })
  const why = await host.ifbalance(['explain', server.inet])
  expect(why.stdout).toContain('wan1: drained by command')

  // A restart forgets nothing of it.
  daemon.signal('SIGTERM')
  await daemon.ended
  const next = host.daemon()
  await next.tells({ event: 'drain', uplink: 'wan1', drained: true }, 0, patienceMs)
  expect(await whoGetsNew()).toEqual({ isp1: [], isp2: both })

  expect(await host.ifbalance(['disable', 'wan1'])).toMatchObject({ exitCode: 0 })
  await holding.expectAllWell('disabled after a drain')
  expect(await host.ifbalance(['drain', 'wan1'])).toMatchObject({ exitCode: 1 })
  const before = next.said().length
  await setCarrier(host, 'isp1', 'down')
  await next.tells({ event: 'round' }, before, patienceMs)
  await host.ifbalance(['apply'])
  await expect.poll(entriesOfWan1, { timeout: patienceMs }).toBe('')

  await setCarrier(host, 'isp1', 'up')
  const back = next.said().length
  expect(await host.ifbalance(['enable', 'wan1'])).toMatchObject({ exitCode: 0 })
  await next.balances(['wan1', 'wan2'], back, patienceMs)
  await expect.poll(whoGetsNew, { timeout: patienceMs }).toEqual({ isp1: both, isp2: both })

  // A weight of 0 says the same for good, and waiting ends with the last connection.
  await host.write('/etc/ifbalance/conf.d/60-weight.conf', '[uplink wan1]\nweight = 0\n')
  expect(await host.ifbalance(['reload'])).toMatchObject({ exitCode: 0 })
  expect(await whoGetsNew()).toEqual({ isp1: [], isp2: both })
  expect(await host.ifbalance(['enable', 'wan1'])).toMatchObject({ exitCode: 1 })
  const waiting = host.ifbalance(['drain', '--wait', 'wan1'])
  await host.run(['/bin/sh', '-c', `for f in ipv4 ipv6; do conntrack -D -f $f --mark 0x1000000/0x3f000000; done; true`])
  expect(await waiting).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('no connections are left') })
})
