/** One connection over all lines: MPTCP's endpoints follow the uplinks, and connections go on by those that are left. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { command, inNamespace, ipBatch, monotonicMs, type Running, start, waitForLine } from '../lab/command.ts'
import { type FollowedBytes, followBytes } from '../lab/followed-bytes.ts'
import { record } from '../lab/measurements.ts'
import { addresses } from '../lab/names.ts'
import { longPatienceMs } from '../lab/patience.ts'
import { program } from '../lab/program.ts'
import { useCubic } from '../lab/router.ts'
import { carriedBytes, shape } from '../lab/shaped-lines.ts'
import { blackhole, type HealthLab, healthLab, mend } from './health-lab.ts'
import { restart, until, untilCarriers, untilJudged } from './health-states.ts'

const port = 7400
const servers = { inet: addresses.server, inet6: addresses.server6 } as const
const python = ['/usr/bin/python3', fileURLToPath(new URL('programs/mptcp.py', import.meta.url))]
const atMost = (limit: number) => ({ release: 'namespaces', stack: 'inet', unit: '%', limit })
const atLeast = (least: number) => ({ limit: null, least })
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

let lab: HealthLab
const clients: Running[] = []

beforeAll(async () => {
  lab = await healthLab({ ipv6: true })
  for (const address of Object.values(servers)) {
    const server = await start(inNamespace(lab.network.internet, [...python, 'server', address, String(port)]))
    lab.undo.defer('the MPTCP server', () => server.stop())
    await waitForLine(server, (line) => line === 'listening')
  }
  // What a server takes that is meant for it; the kernel's two are soon used up by subflows that it does not know to be dead.
  await command(inNamespace(lab.network.internet, ['/usr/sbin/ip', 'mptcp', 'limits', 'set', 'subflows', '8']))
  await until(lab, 'both advertisements have come', async () => {
    const listed = await lab.exec(['/usr/sbin/ip', '-6', 'address', 'show', 'scope', 'global', '-tentative'])
    return advertised.every((address) => listed.includes(`${address}/`))
  })
  await useCubic(lab.network.internet)
  await shape({ namespace: isp(1) }, 40)
  await shape({ namespace: isp(2) }, 10)
})
afterAll(() => lab?.dispose())

/** As it was at first, also after a test that failed half way. */
beforeEach(async () => {
  for (const one of clients.splice(0)) await one.stop()
  for (const number of [1, 2] as const) await mend(lab.network, number)
  const lines = [1, 2].flatMap((number) => [
    `address delete 10.${number}.0.60/24 dev wan${number}`,
    `address replace 10.${number}.0.50/24 dev wan${number}`,
    `route replace default via 10.${number}.0.1 dev wan${number} metric 10${number}`,
  ])
  // Mostly there is nothing to delete.
  const argv = inNamespace(lab.network.host, ['/usr/sbin/ip', '-force', '-batch', '-'])
  await command(argv, { input: `${lines.join('\n')}\n`, accept: [0, 1] })
})

function isp(number: 1 | 2): string {
  return lab.network.isps[number - 1]?.namespace ?? ''
}

const mptcp = (...words: readonly string[]) => lab.exec(['/usr/sbin/ip', 'mptcp', ...words])
const endpoints = async () =>
  (await mptcp('endpoint', 'show'))
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .sort()

/** Waits until there are these endpoints, in any order. */
const untilEndpoints = (...wanted: readonly string[]) =>
  until(lab, wanted.join(', ') || 'no endpoints', async () => (await endpoints()).join() === [...wanted].sort().join())

/** What a router's advertisement gives the host besides 2001:db8:1::50 and 2001:db8:2::50, and the kernel prefers then. */
const advertised = ['2001:db8:1::ff:fe00:101', '2001:db8:2::ff:fe00:201'] as const
const wan1 = ['10.1.0.50 id 65 subflow dev wan1', `${advertised[0]} id 129 subflow dev wan1`]
const wan2 = ['10.2.0.50 id 66 subflow dev wan2', `${advertised[1]} id 130 subflow dev wan2`]
const backup2 = wan2.map((line) => line.replace('subflow', 'subflow backup'))

interface Download extends FollowedBytes {
  readonly end: () => string | null
  readonly stop: () => Promise<void>
}

async function download(address: string): Promise<Download> {
  const client = await lab.start([...python, 'client', address, String(port)])
  clients.push(client)
  let end: string | null = null
  client.onLine((line) => {
    if (line.startsWith('ended')) end = line
  })
  return { ...followBytes(client), end: () => end, stop: async () => void (await client.stop()) }
}

/** Waits until both lines carry something of it. */
async function untilBothCarry(): Promise<void> {
  const before = await carried()
  await until(lab, 'both lines carry the connection', async () =>
    (await carried()).every((bytes, index) => bytes > (before[index] ?? 0) + 300_000),
  ).catch(async (error) => {
    const told: string[] = []
    for (const argv of [
      ['/usr/bin/ss', '--mptcp', '--tcp', '-in'],
      ['/usr/bin/nstat', '-asz', 'MPTcp*'],
    ])
      told.push(await lab.exec(argv), (await command(inNamespace(lab.network.internet, argv))).stdout)
    throw new Error(`${error}\n${told.join('\n')}`)
  })
}

const carried = () => carriedBytes([{ namespace: isp(1) }, { namespace: isp(2) }])

test.each(Object.entries(servers))(
  'one connection is carried by both lines, and goes on whichever of them fails (%s)',
  async (_, address) => {
    await restart(lab)
    await untilJudged(lab, 4)
    await untilEndpoints(...wan1, ...wan2)
    expect(await mptcp('limits', 'show')).toContain('subflows 8')
    const one = await download(address)
    await untilBothCarry()
    // Two by one line would hold each other up.
    const { mptcp: connections } = JSON.parse(await lab.ifbalance(['connections', '--json']))
    const uplinks = connections[0].subflows.map(({ uplink }: { uplink: string }) => uplink)
    expect(uplinks.toSorted()).toEqual(['wan1', 'wan2'])
    await pause(3000)
    const [from, began] = [one.bytes(), monotonicMs()]
    await pause(5000)
    const share = ((one.bytes() - from) * 8) / (monotonicMs() - began) / 50_000
    const figure = { release: 'namespaces', stack: address }
    record({
      ...figure,
      name: 'one MPTCP connection, of 40 + 10 Mbit/s',
      value: 100 * share,
      unit: '%',
      ...atLeast(90),
    })
    for (const [dead, left] of [[1, wan2] as const, [2, wan1] as const]) {
      await blackhole(lab.network, dead)
      await untilEndpoints(...left)
      await untilMore(one)
      await mend(lab.network, dead)
      await untilCarriers(lab, ['wan1', 'wan2'], '-4', longPatienceMs)
      await untilEndpoints(...wan1, ...wan2)
      await untilBothCarry()
    }
    record({ ...figure, name: 'one MPTCP connection, longest silence', value: one.silence(), unit: 'ms', limit: 1500 })
    expect(one.end()).toBeNull()
    await one.stop()
  },
)

/** How often each line fails in each way; IFBALANCE_ROUNDS=10 takes three minutes. */
const rounds = Number(process.env['IFBALANCE_ROUNDS'] ?? 1)

const faults: Readonly<Record<string, (number: 1 | 2, isOver: boolean) => Promise<unknown>>> = {
  'a lost carrier': (number, isOver) => lab.network.isps[number - 1]?.setCarrier(isOver) ?? Promise.resolve(),
  'a dead line': (number, isOver) => (isOver ? mend : blackhole)(lab.network, number),
}

test('one connection goes on when lines get other addresses, and fail', {
  timeout: (2 + rounds) * longPatienceMs,
}, async () => {
  await restart(lab)
  await untilJudged(lab, 4)
  await untilEndpoints(...wan1, ...wan2)
  const one = await download(addresses.server)
  for (let round = 0; round < rounds; round++)
    for (const number of [1, 2] as const) {
      await untilBothCarry()
      // As a DHCP client does with a new lease, and back.
      for (const [former, next] of [
        [50, 60],
        [60, 50],
      ] as const) {
        const [dev, net] = [`wan${number}`, `10.${number}.0`]
        const change = [
          `address delete ${net}.${former}/24 dev ${dev}`,
          `address add ${net}.${next}/24 dev ${dev}`,
          `route add default via ${net}.1 dev ${dev} metric 10${number}`,
        ]
        await lab.exec(['/usr/sbin/ip', '-batch', '-'], `${change.join('\n')}\n`)
        await untilEndpoints(...[...wan1, ...wan2].map((line) => line.replace(`${net}.50`, `${net}.${next}`)))
        await untilMore(one)
      }
      for (const fail of rounds > 1 ? Object.values(faults) : []) {
        await untilBothCarry()
        await fail(number, false)
        await untilEndpoints(...(number === 1 ? wan2 : wan1))
        await untilMore(one)
        await fail(number, true)
        await untilEndpoints(...wan1, ...wan2)
      }
    }
  const figure = { release: 'namespaces', stack: `${rounds} of each` }
  record({
    ...figure,
    name: 'MPTCP through new addresses and failures, longest silence',
    value: one.silence(),
    unit: 'ms',
    limit: 1500,
  })
  expect(one.end()).toBeNull()
  await one.stop()
})

test.each(['standby', 'metered'])('a %s uplink carries next to nothing of it while another works', async (kind) => {
  await restart(lab, `[uplink wan2]\n${kind} = yes\n`)
  await untilJudged(lab, 4)
  await untilEndpoints(...wan1, ...backup2)
  const one = await download(addresses.server)
  await until(lab, 'it is carried', async () => one.bytes() > 1_000_000)
  const before = await carried()
  const from = one.bytes()
  await until(lab, 'more of it is carried', async () => one.bytes() > from + 20_000_000)
  const [, backup = 0] = (await carried()).map((bytes, index) => bytes - (before[index] ?? 0))
  // Its own probes are in it.
  const share = (100 * backup) / (one.bytes() - from)
  record({ ...atMost(1), name: `one MPTCP connection: carried by a ${kind} line`, value: share })
  await blackhole(lab.network, 1)
  // What costs stays a backup, which is used where nothing else is left.
  await untilEndpoints(...(kind === 'metered' ? backup2 : wan2))
  await untilMore(one)
  await mend(lab.network, 1)
  await untilEndpoints(...wan1, ...backup2)
  expect(one.end()).toBeNull()
  await one.stop()
})

async function untilMore(one: Download): Promise<void> {
  const from = one.bytes()
  await until(lab, 'it goes on', async () => one.bytes() > from + 500_000)
}

test('exec --all: a program that asks for TCP is carried by both lines, and told by which', async () => {
  await restart(lab)
  await untilJudged(lab, 4)
  await untilEndpoints(...wan1, ...wan2)
  const plain = ['/usr/bin/python3', fileURLToPath(new URL('programs/download.py', import.meta.url))]
  const command = [...plain, addresses.server, String(port)]
  const one = await lab.start([...program, 'exec', '--all', '--', ...command])
  clients.push(one)
  await untilBothCarry()
  const { mptcp: connections } = JSON.parse(await lab.ifbalance(['connections', '--json']))
  const subflow = (uplink: string, address: string) => ({ ...carrying, uplink, address })
  const carrying = { port: expect.any(Number), isBackup: false, sent: expect.any(Number), received: expect.any(Number) }
  expect(connections).toEqual([
    {
      peer: { address: addresses.server, port },
      subflows: [subflow('wan1', '10.1.0.50'), subflow('wan2', '10.2.0.50')],
    },
  ])
  const [first] = connections[0].subflows
  expect(first.received).toBeGreaterThan(300_000)
  expect(await lab.ifbalance(['connections'])).toMatch(
    /^1 MPTCP connection of this host, with subflows by:\n {2}203\.0\.113\.1:7400 {2}wan1 [\d.]+ MB received, .* wan2 /m,
  )
  expect(await lab.ifbalance(['explain', '--connection', `${addresses.server}:${port}`])).toMatch(
    /one of 2 subflows of an MPTCP connection: wan[12] 10\.[12]\.0\.50:\d+, wan[12] 10\.[12]\.0\.50:\d+/,
  )
  await one.stop()
})

test("others' endpoints are left alone, and ours step aside", async () => {
  await restart(lab)
  await untilEndpoints(...wan1, ...wan2)
  await mptcp('endpoint', 'add', '192.168.77.1', 'id', '3', 'signal')
  await lab.ifbalance(['apply'])
  expect(await endpoints()).toEqual(['192.168.77.1 id 3 signal'])
  expect(await lab.ifbalance(['check'])).toContain('192.168.77.1')
  await mptcp('endpoint', 'delete', 'id', '3')
  await lab.ifbalance(['apply'])
  expect(await endpoints()).toEqual([...wan1, ...wan2].sort())
})

test('those of an uplink go when it is disabled or gone, and are back with it', async () => {
  await restart(lab)
  await untilEndpoints(...wan1, ...wan2)
  await lab.ifbalance(['disable', 'wan2'])
  await untilEndpoints(...wan1)
  await lab.ifbalance(['enable', 'wan2'])
  await untilEndpoints(...wan1, ...wan2)
  await lab.network.isps[1].unplug()
  await untilEndpoints(...wan1)
  await lab.network.isps[1].plug()
  await ipBatch(lab.network.host, [
    'link set wan2 up',
    'addr add 10.2.0.50/24 dev wan2',
    'route add default via 10.2.0.1 dev wan2 metric 102',
  ])
  await untilEndpoints(...wan1, ...wan2)
})

test('what is taken away is shown by plan, comes back, and all goes in the end', async () => {
  await restart(lab)
  await untilEndpoints(...wan1, ...wan2)
  await lab.stopDaemon()
  await mptcp('endpoint', 'delete', 'id', '66')
  await mptcp('limits', 'set', 'subflows', '1')
  const plan = await lab.ifbalance(['plan'])
  expect(plan).toContain('ip mptcp endpoint add 10.2.0.50 dev wan2 id 66 subflow\n')
  expect(plan).toContain('ip mptcp limits set subflows 8\n')
  await lab.ifbalance(['apply'])
  expect(await endpoints()).toEqual([...wan1, ...wan2].sort())
  expect(await mptcp('limits', 'show')).toContain('subflows 8')
  await lab.startDaemon()
  await lab.configure('[balance]\nmptcp = no\n')
  lab.signalDaemon('SIGHUP')
  await untilEndpoints()
  await expect.poll(() => mptcp('limits', 'show')).toContain('subflows 2')
  await restart(lab)
  await untilEndpoints(...wan1, ...wan2)
  // Switched off meanwhile, it is told, and nothing of ours stays.
  const enabled = (value: 0 | 1) => lab.exec(['/usr/sbin/sysctl', '-qw', `net.mptcp.enabled=${value}`])
  await enabled(0)
  expect(await lab.ifbalance(['check'])).toContain('net.mptcp.enabled is 0')
  await lab.ifbalance(['down'])
  await enabled(1)
  expect(await endpoints()).toEqual([])
  expect(await mptcp('limits', 'show')).toContain('subflows 2')
})
