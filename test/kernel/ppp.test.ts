/** Two lines by pppd, whose hooks are called as its ip-up calls them. The kernel's ppp needs a peer; a veth without ARP does not. */
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isStrict, record } from '../lab/measurements.ts'
import { balanced, balancedDevices } from './balanced.ts'
import { type Host, startHost } from './daemon-host.ts'
import { kernelNews, secondsBetween } from './kernel-news.ts'

let host: Host

beforeEach(async () => {
  host = await startHost()
})

afterEach(() => host.end())

async function makeLines(count: number): Promise<void> {
  const lines = Array.from({ length: count }, (_, i) => [
    `link add ppp${i} type veth peer name other${i}`,
    `link set other${i} up`,
    `link set ppp${i} up`,
    `link set ppp${i} arp off`,
    `address add 10.64.${i}.2 peer 10.64.${i}.1 dev ppp${i}`,
  ])
  const batch = ['link del wan1', 'link del wan2', ...lines.flat(), 'route add default dev ppp0']
  await host.run(['ip', '-batch', '-'], {}, { input: batch.join('\n') })
}

async function installHooks(): Promise<void> {
  await host.run(['mkdir', '-p', '/etc/ppp/ip-up.d', '/etc/ppp/ip-down.d', '/etc/ppp/peers'])
  const script = readFileSync(new URL('../../hooks/ppp', import.meta.url), 'utf8')
  for (const folder of ['ip-up.d', 'ip-down.d']) {
    await host.write(`/etc/ppp/${folder}/ifbalance`, script)
    await host.run(['chmod', '755', `/etc/ppp/${folder}/ifbalance`])
  }
}

/** One call of a hook by the ip-up or ip-down of a line. */
const hook = (folder: 'ip-up.d' | 'ip-down.d', device: string, env: Readonly<Record<string, string>>) =>
  host.run([`/etc/ppp/${folder}/ifbalance`], { PPP_IFACE: device, ...env })

test('L16 a second PPP line is used when pppd was asked for a default route, and only then', async () => {
  await installHooks()
  await host.write('/etc/ppp/peers/dsl2', '# not nodefaultroute\nplugin rp-pppoe.so\ndefaultroute\nuser "me"\n')
  await host.write('/etc/ppp/peers/caller', 'noauth\n')
  await makeLines(3)
  const call = (folder: 'ip-up.d' | 'ip-down.d', i: number, peer: string) =>
    hook(folder, `ppp${i}`, { PPP_LOCAL: `10.64.${i}.2`, CALL_FILE: peer })

  await call('ip-up.d', 0, 'dsl1')
  expect(await balanced(host)).toBe('default dev ppp0')
  await call('ip-up.d', 1, 'dsl2')
  const both = 'default nexthop dev ppp0 weight 1 nexthop dev ppp1 weight 1'
  expect(await balanced(host)).toBe(both)
  await call('ip-up.d', 2, 'caller')
  expect(await balanced(host)).toBe(both)
  await call('ip-up.d', 2, '../../shadow')
  expect(await balanced(host)).toBe(both)
  await call('ip-down.d', 1, 'dsl2')
  expect(await balanced(host)).toBe('default dev ppp0')
})

test('lines that were up before we were installed are used as if pppd had told of them', async () => {
  await host.run(['mkdir', '-p', '/etc/ppp/peers', '/run/pppd'])
  await host.write('/etc/ppp/options.dsl', 'defaultroute\n')
  for (const i of [0, 1]) await host.write(`/etc/ppp/peers/dsl${i}`, 'plugin rp-pppoe.so\nfile /etc/ppp/options.dsl\n')
  await host.write('/etc/ppp/peers/caller', 'noauth\n')
  await makeLines(4)
  // ppp3's number is another program's now.
  const programs = [
    ['/run/ppp0.pid', 'pppd', 'dsl0'],
    ['/run/pppd/ppp1.pid', '/usr/sbin/pppd', 'dsl1'],
    ['/run/ppp2.pid', 'pppd', 'caller'],
    ['/run/ppp3.pid', 'other', 'dsl1'],
  ] as const
  for (const [file, name, peer] of programs) {
    const process = host.start(['/bin/bash', '-c', `exec -a ${name} sh -c 'echo >&2; sleep 100; :' call ${peer}`])
    await process.says(/^$/)
    await host.write(file, `${process.pid}\nlink\n`)
  }
  await host.ifbalance(['hook', 'ppp-lines'])
  await host.ifbalance(['apply'])
  const both = 'default nexthop dev ppp0 weight 1 nexthop dev ppp1 weight 1'
  expect(await balanced(host)).toBe(both)

  // The default is another line's for a while, as with replacedefaultroute.
  await host.run(['ip', 'route', 'replace', 'default', 'dev', 'ppp1'])
  await host.ifbalance(['apply'])
  expect(await balanced(host)).toBe(both)
})

/** Sockets that have this address. */
const socketsOf = async (address: string) =>
  (await host.run(['ss', '-H', '-n', '-a', '-t', '-u', 'src', address])).stdout.trim()

test('a redial: name servers are asked by their line, the former address is told to its sockets, the number stays', async () => {
  await installHooks()
  await host.write('/etc/ppp/peers/dsl', 'defaultroute\n')
  await makeLines(2)
  const line = (i: number) => ({
    CALL_FILE: 'dsl',
    LINKNAME: `dsl${i}`,
    DNS1: `198.51.100.5${i}`,
    DNS2: '203.0.113.53',
  })
  for (const i of [0, 1]) await hook('ip-up.d', `ppp${i}`, { ...line(i), PPP_LOCAL: `10.64.${i}.2` })
  const servers = async () =>
    (await host.run(['ip', 'route', 'show', 'table', '30098'])).stdout.match(/^(198|203)\S* dev \S+/gm)
  // The one that both have named is asked by either.
  expect(await servers()).toEqual(['198.51.100.50 dev ppp0', '198.51.100.51 dev ppp1'])

  const waiting = (address: string) => host.start(['/usr/bin/python3', '-c', holding, address, '192.0.2.1'])
  const [first, other] = [waiting('10.64.0.2'), waiting('10.64.1.2')]
  await Promise.all([first.says(/ready/), other.says(/ready/)])

  // While nothing has come in its place, the address may be back.
  await host.run(['ip', 'link', 'del', 'ppp0'])
  await hook('ip-down.d', 'ppp0', { ...line(0), PPP_LOCAL: '10.64.0.2' })
  expect(await socketsOf('10.64.0.2')).toContain('192.0.2.1')
  const dial = [
    ...['link add ppp7 type veth peer name other7', 'link set other7 up', 'link set ppp7 up', 'link set ppp7 arp off'],
    'address add 10.64.7.2 peer 10.64.64.1 dev ppp7',
  ]
  await host.run(['ip', '-batch', '-'], {}, { input: dial.join('\n') })
  await hook('ip-up.d', 'ppp7', { ...line(0), PPP_LOCAL: '10.64.7.2' })
  await first.says(/ECONNABORTED/)
  expect(await socketsOf('10.64.1.2')).toContain('192.0.2.1')
  const both = await balanced(host)
  expect(both).toContain('dev ppp7')
  expect(both).toContain('dev ppp1')
  expect((await host.run(['ip', 'rule', 'show', 'table', '30001'])).stdout).toContain('from 10.64.7.2')

  // Its ip-down script of before comes late.
  await hook('ip-down.d', 'ppp7', { ...line(0), PPP_LOCAL: '10.64.0.2' })
  expect(await balanced(host)).toBe(both)
})

/** A socket that waits for an answer, and says what becomes of it. */
const holding = `
import errno, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 0))
s.connect((sys.argv[2], 9))
print('ready', file=sys.stderr, flush=True)
try:
    s.recv(1)
except OSError as error:
    print(errno.errorcode[error.errno], file=sys.stderr, flush=True)
`

describe('one cable', () => {
  /** A macvlan and PPP on wan1, as PPPoE has it; wan2 is another cable. */
  async function makeTrunk(): Promise<void> {
    await installHooks()
    const batch = [
      ...['link add mv1 link wan1 type macvlan', 'link set mv1 up', 'address add 10.3.0.2/24 dev mv1'],
      'route add default via 10.3.0.1 dev mv1 metric 103',
      ...[
        'link add ppp0 type veth peer name other0',
        'link set other0 up',
        'link set ppp0 up',
        'link set ppp0 arp off',
      ],
      'address add 10.64.0.2 peer 10.64.64.1 dev ppp0',
    ]
    await host.run(['ip', '-batch', '-'], {}, { input: batch.join('\n') })
    await host.write('/etc/ppp/peers/dsl', 'defaultroute\n')
    await hook('ip-up.d', 'ppp0', { CALL_FILE: 'dsl', PPP_LOCAL: '10.64.0.2', DEVICE: 'wan1' })
  }
  const roundsIn = (lines: readonly string[]) => lines.filter((line) => /^ifbalance: balancing over/.test(line))

  test('loses its carrier: all that hangs on it goes in one round, told as one fault, and the other cable keeps its own', async () => {
    await makeTrunk()
    const daemon = host.daemon()
    await daemon.tells({ event: 'carrying', carrying: ['wan1', 'wan2', 'mv1', 'ppp0'] })
    const kept = host.start(['/usr/bin/python3', '-c', holding, '10.2.0.2', '192.0.2.1'])
    await kept.says(/ready/)

    const monitor = await kernelNews(host)
    // It is at rest then, and not busy with what it did at its start.
    await host.ifbalance(['apply'])
    const before = daemon.said().length
    await host.run(['ip', 'link', 'set', 'isp1', 'down'])
    const seen = await daemon.balances(['wan2'], before)
    await monitor.says(/ table 30098 /)
    const value = secondsBetween(monitor, / wan1@.*NO-CARRIER/, / table 30098 /)
    const name = 'a cable with three uplinks loses its carrier -> first change of routes'
    record({ name, value, unit: 's', limit: isStrict ? 0.1 : null, release: 'namespace', stack: 'kernel' })
    expect(roundsIn(daemon.said().slice(before, seen))).toHaveLength(1)
    for (const uplink of ['mv1', 'ppp0'])
      await daemon.tells({ event: 'uplink', uplink, reason: 'no carrier on wan1, which it hangs on' }, before)
    expect(await socketsOf('10.2.0.2')).toContain('192.0.2.1')

    await host.run(['ip', 'link', 'set', 'isp1', 'up'])
    await daemon.balances(['wan1', 'wan2', 'mv1', 'ppp0'], seen)
  })

  test('loses its carrier for a moment: all that hangs on it carries again', async () => {
    await makeTrunk()
    const daemon = host.daemon()
    await daemon.tells({ event: 'carrying', carrying: ['wan1', 'wan2', 'mv1', 'ppp0'] })
    for (let time = 0; time < 3; time++) {
      for (const state of ['down', 'up']) await host.run(['ip', 'link', 'set', 'isp1', state])
      await expect.poll(() => balancedDevices(host)).toEqual(['mv1', 'ppp0', 'wan1', 'wan2'])
      await expect.poll(async () => (await host.ifbalance(['plan'])).stdout).toContain('Nothing to change')
    }
  })

  test('with all uplinks on it: nothing is cut, as nothing could carry it', async () => {
    await makeTrunk()
    await host.run(['ip', 'link', 'del', 'wan2'])
    const daemon = host.daemon()
    let seen = await daemon.balances(['wan1', 'mv1', 'ppp0'])
    const addresses = ['10.1.0.2', '10.3.0.2', '10.64.0.2']
    for (const address of addresses) {
      await host.start(['/usr/bin/python3', '-c', holding, address, '192.0.2.1']).says(/ready/)
    }
    await host.run(['ip', 'link', 'set', 'isp1', 'down'])
    seen = await daemon.balances([], seen)
    await host.run(['ip', 'link', 'set', 'isp1', 'up'])
    await daemon.balances(['wan1', 'mv1', 'ppp0'], seen)
    for (const address of addresses) expect(await socketsOf(address)).toContain('192.0.2.1')
  })
})
