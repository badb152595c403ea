/** What runs in an uplink's slice uses that uplink: see src/kernel/cgroup/slices.ts. Control groups are made by hand, without systemd. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Host, type Running, startHost } from './daemon-host.ts'
import { arrived, forgetArrived, makeProviders, server } from './providers.ts'

/**
 * Connected and unconnected sockets of all protocols, with so many flows over UDP that each uplink of a balance has some.
 * A connection that cannot leave is tried again by TCP for two minutes: here for as long as the second argument says.
 */
const traffic = `
for server in ${server.inet} ${server.inet6}; do
  for i in $(seq 16); do echo x >/dev/udp/$server/$((2000 + i)); done 2>&1
  for i in $(seq 8); do
    timeout "$2" bash -c "exec 3<>/dev/tcp/$server/$((3000 + i))"
  done 2>&1
  ping -q -c 1 -W 5 $server
  "$1" --input-type=commonjs --eval '
    const server = process.argv[1]
    const socket = require("dgram").createSocket(server.includes(":") ? "udp6" : "udp4")
    let left = 16
    for (let i = 0; i < 16; i++) socket.send("x", 4000 + i, server, () => --left || socket.close())
    socket.on("error", () => {})' $server
done`

// A name of this run's own, as control groups are the whole machine's; and one that has to be escaped.
const [one, two] = ['one', 'two'].map((name) => `test-${name}-${process.pid}`) as [string, string]
const folderOf = (uplink: string) => `/sys/fs/cgroup/ifbalance.slice/ifbalance-${uplink.replaceAll('-', '\\x2d')}.slice`

let host: Host
let daemon: Running

beforeAll(async () => {
  host = await startHost()
  await configure('')
  await host.run(['mount', '-t', 'cgroup2', 'cgroup2', '/sys/fs/cgroup'])
  await makeProviders(host)
  daemon = host.daemon()
  await daemon.balances([one, two])
})
afterAll(async () => {
  daemon?.signal('SIGTERM')
  await daemon?.ended
  for (const uplink of [one, two]) await host?.run(['rmdir', folderOf(uplink)], {}, { accept: [0, 1] })
  await host?.run(['rmdir', '/sys/fs/cgroup/ifbalance.slice'], {}, { accept: [0, 1] })
  await host?.end()
})
beforeEach(() => forgetArrived(host))

async function configure(more: string): Promise<void> {
  const section = (name: string, device: string) => `[uplink ${name}]\ninterface = ${device}\n`
  await host.write('/etc/ifbalance/ifbalance.conf', `${more}${section(one, 'wan1')}${section(two, 'wan2')}`)
}

/** Runs the traffic in the uplink's slice, or in none; gives what was said about it. */
async function send(uplink: string | null, tcpSeconds = 10): Promise<string> {
  const enter = uplink === null ? '' : `echo $$ >'${folderOf(uplink)}/cgroup.procs'\n`
  const script = ['/bin/bash', '-c', enter + traffic, 'bash', process.execPath, String(tcpSeconds)]
  return (await host.run(script, {}, { accept: [0, 1], timeoutMs: 120_000 })).stdout
}

const all = (i: 1 | 2) =>
  ['icmp', 'tcp', 'udp']
    .flatMap((protocol) => [`${protocol} 10.${i}.0.2`, `${protocol.replace('icmp', 'ipv6-icmp')} 2001:db8:${i}::2`])
    .sort()

const udp = (i: 1 | 2) => all(i).filter((line) => line.startsWith('udp '))

async function followed(uplink: string): Promise<void> {
  await host.run(['mkdir', '-p', folderOf(uplink)])
  await host.ifbalance(['apply'])
}

test('without a slice it is balanced', async () => {
  await send(null)
  for (const i of [1, 2] as const) expect(await arrived(host, `isp${i}`)).toEqual(expect.arrayContaining(udp(i)))
})

test.each([
  [one, 'isp1', 'isp2', 1],
  [two, 'isp2', 'isp1', 2],
] as const)('%s: by this uplink in both families, with its address, and answered', async (uplink, here, there, i) => {
  await followed(uplink)
  const said = await send(uplink)
  expect(await arrived(host, here)).toEqual(all(i))
  expect(await arrived(host, there)).toEqual([])
  expect(said.match(/1 received/g), said).toHaveLength(2)
  expect(said.match(/connect: Connection refused/g), said).toHaveLength(16)
})

test('slices or not, what is in none is balanced', async () => {
  await send(null)
  for (const i of [1, 2] as const) expect(await arrived(host, `isp${i}`)).toEqual(expect.arrayContaining(udp(i)))
})

test('a slice that came back as another is followed again', async () => {
  await host.run(['rmdir', folderOf(two)])
  await followed(two)
  await send(two)
  expect(await arrived(host, 'isp1')).toEqual([])
  expect(await arrived(host, 'isp2')).toEqual(all(2))
  expect((await host.ifbalance(['plan'])).stdout).toBe('Nothing to change.\n')
})

test('without masquerade for others, what was moved is translated all the same', async () => {
  await configure('[balance]\nmasquerade = no\n')
  await host.ifbalance(['apply'])
  await send(two)
  expect(await arrived(host, 'isp1')).toEqual([])
  expect(await arrived(host, 'isp2')).toEqual(all(2))
  expect((await host.ifbalance(['plan'])).stdout).toBe('Nothing to change.\n')
  await configure('')
  await host.ifbalance(['apply'])
})

test.each([
  ['its link is down', ['ip', '-n', 'isp2', 'link', 'set', 'isp2', 'down']],
  ['it is disabled', ['ifbalance', 'disable', two]],
  ['its interface is gone', ['ip', 'link', 'del', 'wan2']],
])('where %s, nothing leaves by another uplink', async (_, command) => {
  await host.run(command)
  await host.ifbalance(['apply'])
  const said = await send(two, 0.2)
  expect(await arrived(host, 'isp1')).toEqual([])
  expect(said.match(/echo: write error: No route to host/g), said).toHaveLength(32)
  expect((await host.ifbalance(['plan'])).stdout).toBe('Nothing to change.\n')
})
