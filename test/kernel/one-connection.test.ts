/** docs/examples/one-connection, both ends of it as they are written: one download of a LAN client is carried by both lines. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { command, inNamespace, ipBatch, monotonicMs, type Running, start, waitForLine } from '../lab/command.ts'
import { type FollowedBytes, followBytes } from '../lab/followed-bytes.ts'
import { record } from '../lab/measurements.ts'
import { addresses, labName } from '../lab/names.ts'
import { longPatienceMs } from '../lab/patience.ts'
import { addNamespace, useCubic } from '../lab/router.ts'
import { carriedBytes, shape } from '../lab/shaped-lines.ts'
import { blackhole, type HealthLab, healthLab, mend, namespaceOf } from './health-lab.ts'
import { restart, until, untilCarriers, untilJudged } from './health-states.ts'

const port = 7400
/** Who is called: plain TCP, in a network behind the server's. */
const targets = { inet: '192.0.2.130', inet6: '2001:db8:e::2' } as const
const servers = { inet: `${addresses.server}:8443`, inet6: `[${addresses.server6}]:8443` } as const
const example = (name: string) =>
  readFileSync(new URL(`../../docs/examples/one-connection/${name}`, import.meta.url), 'utf8')
const programOf = (name: string) => fileURLToPath(new URL(`programs/${name}.py`, import.meta.url))
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

let lab: HealthLab
/** Its mount namespace has an /etc/haproxy of its own. */
let server: Running
const proxies: Running[] = []
const onServer = (argv: readonly string[]) => ['/usr/bin/nsenter', '-t', String(server.pid), '-m', '-n', ...argv]

/** The command lines of a drop-in for haproxy.service; Debian's unit says what is in these variables. */
function commandsOf(name: string, kind: 'ExecStart' | 'ExecStartPre' | 'ExecStartPost' | 'ExecStopPost') {
  const unit = { $CONFIG: '/etc/haproxy/haproxy.cfg', $PIDFILE: '/run/haproxy.pid', $EXTRAOPTS: null } as const
  return example(name)
    .split('\n')
    .flatMap((line) => new RegExp(`^${kind}=[-+]*(/.+)$`).exec(line)?.[1] ?? [])
    .map((line) => line.split(' ').flatMap((word) => (word in unit ? (unit[word as keyof typeof unit] ?? []) : [word])))
}

async function startProxy(name: 'host.conf' | 'server.conf'): Promise<Running> {
  const run = name === 'host.conf' ? lab.exec : (argv: readonly string[]) => command(onServer(argv))
  for (const argv of commandsOf(name, 'ExecStartPre')) await run(argv)
  const [argv = []] = commandsOf(name, 'ExecStart')
  // A master that is killed leaves its worker: it is told to end.
  const running = name === 'host.conf' ? await lab.start(argv) : await start(onServer(argv))
  proxies.push(running)
  lab.undo.defer(name, () => running.stop('SIGTERM'))
  // systemd is told of it, and runs what follows then.
  await until(lab, `${name} runs`, async () => running.stderr().includes('Loading success'))
  for (const post of commandsOf(name, 'ExecStartPost')) await run(post)
  return running
}

async function stopProxy(here: Running): Promise<void> {
  await here.stop('SIGTERM')
  for (const argv of commandsOf('host.conf', 'ExecStopPost')) await lab.exec(argv)
}

beforeAll(async () => {
  lab = await healthLab({ ipv6: true })
  const { host, internet, lan } = lab.network
  const target = labName('target')
  await addNamespace(lab.undo, target)
  await ipBatch(internet, [
    `link add target type veth peer name eth0 netns ${target}`,
    'link set target up',
    'address add 192.0.2.129/30 dev target',
    'address add 2001:db8:e::1/64 dev target nodad',
  ])
  const forward = ['/usr/sbin/sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']
  await command(inNamespace(internet, forward))
  await useCubic(internet)
  await ipBatch(target, [
    'link set eth0 up',
    ...['192.0.2.130/30', '2001:db8:e::2/64 nodad'].map((address) => `address add ${address} dev eth0`),
    ...['192.0.2.129', '2001:db8:e::1'].map((gateway) => `route add default via ${gateway}`),
  ])
  await ipBatch(host, ['address add fd00:77::1/64 dev lan0 nodad'])
  await ipBatch(lan, ['address add fd00:77::10/64 dev eth0 nodad', 'route add default via fd00:77::1'])
  for (const address of Object.values(targets)) {
    const called = await start(
      inNamespace(target, ['/usr/bin/python3', programOf('mptcp'), 'server', address, String(port)]),
    )
    lab.undo.defer('who is called', () => called.stop())
    await waitForLine(called, (line) => line === 'listening')
  }

  const mounts =
    'mkdir -p /etc/haproxy; mount -t tmpfs t /run; mount -t tmpfs t /etc/haproxy; echo ready; exec sleep infinity'
  server = await start(inNamespace(internet, ['/usr/bin/unshare', '-m', '/bin/sh', '-c', mounts]))
  lab.undo.defer('the server', () => server.stop())
  await waitForLine(server, (line) => line === 'ready')
  const certificate = `mkdir -p /etc/haproxy; cd /etc/haproxy
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=one-connection -keyout own.key -out own.crt 2>/dev/null
    cat own.crt own.key >own.pem; cat own.crt`
  const serverCertificate = await command(onServer(['/bin/sh', '-c', certificate]))
  const hostCertificate = await lab.exec(['/bin/sh', '-c', certificate])
  const write = (path: string) => ['/usr/bin/tee', `/etc/haproxy/${path}`]
  await command(onServer(write('peer.crt')), { input: hostCertificate })
  await command(onServer(write('haproxy.cfg')), { input: example('haproxy-server.cfg') })
  await lab.exec(write('peer.crt'), serverCertificate.stdout)
  await lab.exec(write('one-connection.nft'), example('one-connection.nft'))
  await startProxy('server.conf')
  await shape({ namespace: namespaceOf(lab.network, 1) }, 40)
  await shape({ namespace: namespaceOf(lab.network, 2) }, 10)
  await restart(lab)
  await untilJudged(lab, 4)
}, longPatienceMs)
afterAll(() => lab?.dispose())

interface Download extends FollowedBytes {
  readonly hasEnded: () => boolean
  readonly stop: () => Promise<void>
}

async function download(address: string): Promise<Download> {
  const client = await start(
    inNamespace(lab.network.lan, ['/usr/bin/python3', programOf('download'), address, String(port)]),
  )
  lab.undo.defer('a client', () => client.stop())
  let ended = false
  void client.ended.then(() => {
    ended = true
  })
  return { ...followBytes(client), hasEnded: () => ended, stop: () => client.stop() }
}

async function untilBothCarry(): Promise<void> {
  const carried = () =>
    carriedBytes([{ namespace: namespaceOf(lab.network, 1) }, { namespace: namespaceOf(lab.network, 2) }])
  const before = await carried()
  await until(lab, 'both lines carry the connection', async () =>
    (await carried()).every((bytes, index) => bytes > (before[index] ?? 0) + 300_000),
  ).catch((error) => {
    throw new Error(`${error}\n${proxies.map((proxy) => proxy.stderr()).join('\n')}`)
  })
}

const untilMore = async (one: Download) => {
  const from = one.bytes()
  await until(lab, 'it goes on', async () => one.bytes() > from + 500_000)
}

test.each([
  ['inet', 1, 'wan2'],
  ['inet6', 2, 'wan1'],
] as const)(
  'one download of a LAN client is carried by both lines, and goes on when one is dead (%s)',
  async (family, dead, left) => {
    const config = example('haproxy.cfg').replace(servers.inet, servers[family])
    await lab.exec(['/usr/bin/tee', '/etc/haproxy/haproxy.cfg'], config)
    const here = await startProxy('host.conf')
    const one = await download(targets[family])
    await untilBothCarry()
    await pause(3000)
    const [from, began] = [one.bytes(), monotonicMs()]
    await pause(4000)
    record({
      name: 'one download of a LAN client by the example, of 40 + 10 Mbit/s',
      value: (((one.bytes() - from) * 8) / (monotonicMs() - began) / 50_000) * 100,
      unit: '%',
      ...{ limit: null, least: 85, release: 'namespaces', stack: family },
    })
    await blackhole(lab.network, dead)
    await untilCarriers(lab, [left], family === 'inet' ? '-4' : '-6')
    await untilMore(one)
    await mend(lab.network, dead)
    await untilCarriers(lab, ['wan1', 'wan2'], family === 'inet' ? '-4' : '-6', longPatienceMs)
    await untilBothCarry()
    const figure = { unit: 'ms', release: 'namespaces', stack: family }
    record({ ...figure, name: 'a LAN client by the example, longest silence', value: one.silence(), limit: 1500 })
    expect(one.hasEnded()).toBe(false)
    await one.stop()
    await stopProxy(here)
  },
)

test('without the server all goes as ever, and nothing is left of the example when haproxy stops', async () => {
  const here = await startProxy('host.conf')
  const tables = () => lab.exec(['/usr/sbin/nft', 'list', 'tables'])
  expect(await tables()).toContain('one_connection')
  await proxies[0]?.stop('SIGTERM')
  await until(lab, 'a LAN client is carried directly', async () => {
    const one = await download(targets.inet)
    await pause(500)
    await one.stop()
    return one.bytes() > 0
  })
  await stopProxy(here)
  expect(await tables()).not.toContain('one_connection')
  await untilMore(await download(targets.inet))
})
