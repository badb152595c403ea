/** An uplink whose cable and guests are ports of one bridge, which keeps its carrier when the cable, or a guest, is gone. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { command, ipBatch, monotonicMs } from '../lab/command.ts'
import { record } from '../lab/measurements.ts'
import { addresses, labName } from '../lab/names.ts'
import { longPatienceMs } from '../lab/patience.ts'
import { addNamespace } from '../lab/router.ts'
import { openSessions } from '../lab/traffic.ts'
import { type HealthLab, healthLab } from './health-lab.ts'
import { restart, untilCarriers, untilJudged } from './health-states.ts'

let lab: HealthLab
const guest = labName('guest')

beforeAll(async () => {
  lab = await healthLab({ ipv6: true })
  const { host } = lab.network
  await addNamespace(lab.undo, guest)
  await command(['/usr/sbin/ip', '-n', host, 'address', 'flush', 'dev', 'wan2'])
  await ipBatch(host, [
    'link add br0 type bridge mcast_snooping 0',
    'link set br0 up',
    'link set wan2 master br0',
    'route del ::/0 dev wan2',
    `link add tap0 type veth peer name eth0 netns ${guest}`,
    'link set tap0 master br0',
    'link set tap0 up',
    'addr add 10.2.0.50/24 dev br0',
    'addr add 2001:db8:2::50/64 dev br0 nodad',
    'route add default via 10.2.0.1 dev br0 metric 102',
    'route add default via 2001:db8:2::1 dev br0 metric 102',
  ])
  await ipBatch(guest, ['link set eth0 up'])
})
afterAll(() => lab?.dispose())
beforeEach(() => begin('[uplink br0]\n'))
afterEach(() => lab.network.isps[1]?.setCarrier(true))

async function begin(config: string): Promise<void> {
  await restart(lab, config)
  await untilJudged(lab, 4)
}

async function untilSeen(): Promise<void> {
  for (const family of ['inet', 'inet6']) await lab.tells({ event: 'gateway', uplink: 'br0', family, port: 'wan2' })
}

test('the cable goes while nothing is sent: the line is out at once, and why', async () => {
  // Neither probes nor traffic can find it out first, however busy the machine is.
  await begin('[uplink br0]\nprobe-interval = 60\n')
  await untilSeen()
  const began = monotonicMs()
  await lab.network.isps[1]?.setCarrier(false)
  await untilCarriers(lab, ['wan1'])
  record({
    ...{ name: 'cable of a bridge with a guest lost -> balanced over the rest', value: (monotonicMs() - began) / 1000 },
    ...{ unit: 's', limit: 0.5, release: 'namespaces', stack: 'static' },
  })
  await untilCarriers(lab, ['wan1'], '-6')
  const reason = /its gateway was behind wan2, which has no carrier/
  await lab.tells({ event: 'uplink', uplink: 'br0', to: 'offline', reason })
})

test('the cable goes under traffic: no other line is touched, and it comes back by itself', async () => {
  await untilSeen()
  const [one, two] = [addresses.publicOf(1), addresses.publicOf(2)]
  const sessions = await openSessions(lab.network.host, 32, 0, 50)
  await lab.network.isps[1]?.setCarrier(false)
  for (const family of ['-4', '-6'] as const) await untilCarriers(lab, ['wan1'], family)
  const ended = await sessions.stop()
  expect(ended.filter(({ peer, error }) => peer === one && error !== null)).toEqual([])
  for (const { error } of ended.filter(({ peer }) => peer === two)) expect(error).toMatch(/ECONNABORTED/)
  await lab.network.isps[1]?.setCarrier(true)
  await untilCarriers(lab, ['br0', 'wan1'], '-4', longPatienceMs)
})

test('a guest goes: nothing changes', async () => {
  await untilSeen()
  const sessions = await openSessions(lab.network.host, 32, 0, 50)
  await ipBatch(guest, ['link set eth0 down'])
  await lab.ifbalance(['apply'])
  expect(lab.told({ event: 'uplink', uplink: 'br0', to: 'offline' })).toEqual([])
  expect((await sessions.stop()).filter(({ error }) => error !== null)).toEqual([])
  await ipBatch(guest, ['link set eth0 up'])
})
