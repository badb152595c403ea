/** Rules in the daemon: names that dnsmasq resolves, control groups that come, and configurations with mistakes. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { cgroupName } from '../lab/names.ts'
import { type Host, type Running, startHost } from './daemon-host.ts'
import { arrived, forgetArrived, makeProviders, server, setCarrier } from './providers.ts'
import { changedSoon } from './transcript.ts'

const config = '/etc/ifbalance/ifbalance.conf'
const cgroup = cgroupName('daemon')
const good = `[balance]
mode = failover
[uplink one]
interface = wan1
[uplink two]
interface = wan2
[rule video]
domain = example.test
uplinks = two
[rule backup]
cgroup = ${cgroup}
uplinks = two
`

let host: Host
let daemon: Running

beforeAll(async () => {
  host = await startHost()
  await host.write(config, good)
  await host.run(['mount', '-t', 'cgroup2', 'cgroup2', '/sys/fs/cgroup'])
  await makeProviders(host)
  daemon = host.daemon()
  await daemon.balances(['one'])
  const dnsmasq = ['/usr/sbin/dnsmasq', '--keep-in-foreground', '--conf-file=/dev/null', '--user=root', '--no-resolv']
  const local = [...dnsmasq, '--no-hosts', '--pid-file', '--bind-interfaces', '--listen-address=127.0.0.1']
  const addresses = [server.inet, server.inet6].map((address) => `--address=/example.test/${address}`)
  host.start([...local, '--port=5301', ...addresses])
  const sets = '--nftset=/example.test/4#inet#ifbalance#video_4,6#inet#ifbalance#video_6'
  host.start([...local, '--port=5300', '--server=127.0.0.1#5301', sets])
})
afterAll(async () => {
  daemon?.signal('SIGTERM')
  await daemon?.ended
  await host?.run(['rmdir', `/sys/fs/cgroup/${cgroup}`], {}, { accept: [0, 1] })
  await host?.end()
})
beforeEach(() => forgetArrived(host))

const one = ['udp 10.1.0.2', 'udp 2001:db8:1::2']
const two = ['udp 10.2.0.2', 'udp 2001:db8:2::2']

/** Where the host's datagrams to the servers went; from a shell in the control group, or as it is. */
async function went(group?: string): Promise<readonly string[]> {
  const enter = group === undefined ? '' : `echo $$ >/sys/fs/cgroup/${group}/cgroup.procs; `
  const send = [server.inet, server.inet6].map((to) => `echo x >/dev/udp/${to}/2000`).join('; ')
  await host.run(['/bin/bash', '-c', enter + send])
  const seen = [...(await arrived(host, 'isp1')), ...(await arrived(host, 'isp2'))]
  await forgetArrived(host)
  return seen
}

/** Until the name servers, which have just been started, answer. */
const resolve = `const resolver = new (require('dns').promises.Resolver)({ timeout: 1000, tries: 1 })
resolver.setServers(['127.0.0.1:5300'])
async function ask(left) {
  try {
    console.log(...(await resolver.resolve4('example.test')), ...(await resolver.resolve6('example.test')))
  } catch (error) {
    if (left === 0) throw error
    setTimeout(() => ask(left - 1), 100)
  }
}
ask(50)`

test('what dnsmasq resolves is steered, also after looks and failovers', async () => {
  expect(await went()).toEqual(one)
  const { stdout } = await host.run([process.execPath, '--input-type=commonjs', '-e', resolve])
  expect(stdout.trim()).toBe(`${server.inet} ${server.inet6}`)
  expect(await went()).toEqual(two)
  const seen = daemon.said().length
  await setCarrier(host, 'isp1', 'down')
  await daemon.balances(['two'], seen)
  await setCarrier(host, 'isp1', 'up')
  await daemon.balances(['one'], seen)
  await host.ifbalance(['apply'])
  expect(await went()).toEqual(two)
})

test('a control group is steered soon after it came, and its end is no fault', async () => {
  await host.run(['nft', 'flush', 'set', 'inet', 'ifbalance', 'video_4'])
  await host.run(['nft', 'flush', 'set', 'inet', 'ifbalance', 'video_6'])
  let seen = daemon.said().length
  await host.run(['mkdir', `/sys/fs/cgroup/${cgroup}`])
  seen = await daemon.tells(changedSoon, seen)
  expect(await went(cgroup)).toEqual(two)
  expect(await went()).toEqual(one)
  await host.run(['rmdir', `/sys/fs/cgroup/${cgroup}`])
  await daemon.tells(changedSoon, seen)
  expect((await host.ifbalance(['plan'])).stdout).toBe('Nothing to change.\n')
})

/** The rounds after the first let the kernel's word of that one's work pass. */
const shortLived = `import { mkdirSync, rmdirSync } from 'node:fs'
import { askDaemon } from '${import.meta.resolve('../../src/daemon/control/client.ts')}'
mkdirSync('/sys/fs/cgroup/${cgroup}')
for (let round = 0; round < 3; round++) await askDaemon({ do: 'reconcile', reason: 'a test' }, 10_000)
rmdirSync('/sys/fs/cgroup/${cgroup}')`

test('a control group that comes and goes between two looks is steered no longer', { repeats: 7 }, async () => {
  const seen = daemon.said().length
  await host.run([process.execPath, '--input-type=module', '-e', shortLived])
  // By a round of these, or by one that the work of the repeat before had still to be followed by.
  await daemon.tells(changedSoon, seen)
  await expect.poll(async () => (await host.ifbalance(['plan'])).stdout).toBe('Nothing to change.\n')
  expect(daemon.told({ event: 'round', causes: [] }, seen)).toEqual([])
})

test.each([
  [
    'an uplink that is not there',
    'port = 80\nuplinks = three\n',
    /ifbalance\.conf:15: \[rule x\] uplinks: there is no/,
  ],
  ['what contradicts', 'port = 80\nprotocol = icmp\n', /ifbalance\.conf:13: \[rule x\]: a port of a protocol without/],
  [
    'what an earlier rule takes',
    'domain = example.test\n',
    /ifbalance\.conf:13: \[rule x\]: can never match: \[rule video/,
  ],
  [
    'a set file with bad lines',
    'source = /etc/ifbalance/list\n',
    /\/etc\/ifbalance\/list:2: "10\.0\.0\.300": expected/,
  ],
  [
    'a set file that is not there',
    'source = /etc/none\n',
    /ifbalance\.conf:14: \[rule x\] source: reading \/etc\/none/,
  ],
])('C1: a rule with %s: told with line and reason, and the last good rules stay', async (_, lines, expected) => {
  await host.write('/etc/ifbalance/list', '10.0.0.1\n10.0.0.300\n')
  const before = await host.run(['nft', '-s', 'list', 'table', 'inet', 'ifbalance'])
  await host.write(config, `${good}[rule x]\n${lines}`)
  const { stdout, exitCode } = await host.ifbalance(['check'])
  expect(stdout).toMatch(expected)
  expect(exitCode).toBe(1)
  const seen = daemon.said().length
  daemon.signal('SIGHUP')
  await daemon.tells({ event: 'configuration', isError: true, reason: expected }, seen)
  expect((await host.ifbalance(['apply'])).exitCode).toBe(1)
  expect((await host.run(['nft', '-s', 'list', 'table', 'inet', 'ifbalance'])).stdout).toBe(before.stdout)
})
