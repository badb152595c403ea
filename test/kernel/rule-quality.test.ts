/** Rules that ask for quality or for the nearest line, and a line that becomes late and quick again: new connections move, and no other. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { command, inNamespace, programArgv, startIn } from '../lab/command.ts'
import { addresses } from '../lab/names.ts'
import { longPatienceMs } from '../lab/patience.ts'
import { connections, countByPeer, openSessions } from '../lab/traffic.ts'
import { type HealthLab, healthLab, namespaceOf } from './health-lab.ts'
import { carriers, health, restart, until, untilJudged } from './health-states.ts'

const rule = `[uplink wan1]
[uplink wan2]
[rule near]
destination = 1.1.1.1
spread = latency
[rule phones]
port = 7000 7001
uplinks = wan1 wan2
mode = failover
max-latency = 30
`

let lab: HealthLab

beforeAll(async () => {
  lab = await healthLab({ ipv6: true })
  await restart(lab, rule)
  await untilJudged(lab, 4)
})
afterAll(() => lab?.dispose())

const [one, two] = [addresses.publicOf(1), addresses.publicOf(2)]
const misses = async () => (await health(lab)).match(/"misses":\{"max-latency 30":"answers take/g)?.length ?? 0

/** Where the rule's new connections went: those of the LAN, and the host's own in both families. */
async function went(): Promise<readonly (readonly string[])[]> {
  const [lan, own, own6] = [
    await connections(lab.network.lan, 5),
    await connections(lab.network.host, 5),
    await connections(lab.network.host, 5, { host: addresses.server6 }),
  ]
  return [lan, own, own6].map((attempts) => Object.keys(countByPeer(attempts)))
}

/** Who carries connections of the rule for the nearest line. */
const nearest = async () => Object.keys(countByPeer(await connections(lab.network.lan, 20, { host: '1.1.1.1' }))).sort()

const by = (uplink: 1 | 2) =>
  [addresses.publicOf(uplink), addresses.publicOf(uplink), addresses.public6Of(uplink)].map((peer) => [peer])

test('a late line comes after those that are not, for the rule alone, and no connection moves', async () => {
  const isp = namespaceOf(lab.network, 1)
  expect(await went()).toEqual(by(1))
  const early = await openSessions(lab.network.lan, 2, 2, 200)
  // 4 Mbit/s, and a queue of 60 packets of 1,000 bytes that is kept filled: an eighth of a second late, which is no outage.
  const bottleneck = ['tbf', 'rate', '4mbit', 'burst', '2kb', 'limit', '60kb']
  await command(inNamespace(isp, ['/usr/sbin/tc', 'qdisc', 'add', 'dev', 'sub', 'root', ...bottleneck]))
  const load = await startIn(
    isp,
    programArgv('load', [JSON.stringify({ address: '10.1.0.255', bytes: 1000, perSecond: 500, ahead: 60 })]),
  )
  await until(lab, 'wan1 misses it in both families', async () => (await misses()) === 2, longPatienceMs)
  await until(lab, 'the rule takes wan2', async () => (await lab.ifbalance(['plan'])).startsWith('Nothing'))
  expect(await went()).toEqual(by(2))
  expect(await carriers(lab)).toEqual(['wan1', 'wan2'])
  await until(lab, 'the nearest line alone', async () => (await nearest()).join() === two)
  const late = await openSessions(lab.network.lan, 2, 2, 200)
  expect(new Set(late.peers.map((peer) => peer.split(':')[0]))).toEqual(new Set([two]))
  expect(await lab.ifbalance(['status'])).toMatch(
    /^For rules with max-latency 30, wan1 comes last in IPv4: answers take \d+ ms, more than 30\.$/m,
  )
  const said = await lab.ifbalance(['explain', `${addresses.server}:7000`])
  expect(said).toMatch(/wan1: it misses max-latency 30: answers take \d+ ms, more than 30/)

  await load.stop()
  await command(inNamespace(isp, ['/usr/sbin/tc', 'qdisc', 'del', 'dev', 'sub', 'root']))
  await until(lab, 'wan1 meets it again', async () => (await misses()) === 0, longPatienceMs)
  await until(lab, 'the rule takes wan1', async () => (await lab.ifbalance(['plan'])).startsWith('Nothing'))
  expect(await went()).toEqual(by(1))
  const ended = [...(await early.stop()), ...(await late.stop())]
  expect(ended.map(({ error }) => error)).toEqual(ended.map(() => null))
  expect(ended.map(({ peer }) => peer.split(':')[0])).toEqual([...Array(4).fill(one), ...Array(4).fill(two)])
})
