/** `ifbalance explain` as it is called: each kind of connection, each reason, and the shape that programs rely on. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Host, startHost } from './daemon-host.ts'
import { arrived, forgetArrived, inside, lanClient, makeProviders, server, setCarrier } from './providers.ts'

const uplinks = `
[uplink fibre]
interface = wan1
weight = 3
[uplink lte]
interface = wan2
[uplink away]
interface = wwan7
`
const rules = `
[rule voip]
port = 5060
uplinks = lte fibre
mode = failover
[rule only]
port = 81
uplinks = lte
last-resort = prohibit
[rule left]
port = 82
uplinks = none
[rule backups]
user = 34
uplinks = lte
[rule listed]
destination = /etc/ifbalance/list
uplinks = lte
[rule named]
domain = shop.example
uplinks = fibre
[rule clients]
source = 192.168.77.0/24
port = 443
mode = source
sticky = 1h
`

let host: Host

beforeAll(async () => {
  host = await startHost()
  await makeProviders(host)
  await host.write('/etc/ifbalance/list', '198.18.0.0/15\n2001:db8:beef::/48\n')
  await configure('')
})
afterAll(() => host?.end())

async function configure(balance: string): Promise<void> {
  await host.write('/etc/ifbalance/ifbalance.conf', `[balance]\n${balance}\n${uplinks}${rules}`)
  expect(await host.ifbalance(['apply'])).toMatchObject({ exitCode: 0, stderr: '' })
}

async function setLink(isp: 'isp1' | 'isp2', state: 'up' | 'down'): Promise<void> {
  await setCarrier(host, isp, state)
  await host.ifbalance(['apply'])
}

async function explain(...args: readonly string[]) {
  const { stdout, stderr, exitCode } = await host.ifbalance(['explain', '--json', ...args])
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
  return JSON.parse(stdout)
}

/** Uplinks by name with their share, in order. */
const sharesOf = ({ ways }: { ways: { uplink: string; share: number }[] }) =>
  Object.fromEntries(ways.map(({ uplink, share }) => [uplink, share]).sort())

test('the shape that programs rely on', async () => {
  expect(await explain(`${server.inet}:5060`, 'udp')).toEqual({
    format: 1,
    packet: {
      ...{ family: 'inet', side: 'local', source: expect.stringMatching(/^10\.[12]\.0\.2$/), destination: server.inet },
      ...{ protocol: 17, sourcePort: 0, destinationPort: 5060, interface: null, mark: 0, dscp: 0 },
      ...{ user: null, cgroup: null },
    },
    rules: [{ rule: 'voip', reason: null }],
    decision: 'rule voip: the first of its uplinks that works',
    ways: [
      {
        ...{ uplink: 'lte', share: 1, device: 'wan2', gateway: '10.2.0.1', mark: 0x82000000, table: 'lte' },
        ipRule: '20166: fwmark 0x2000000/0x3f000000 lookup 30002',
        mtu: 1500,
      },
    ],
    refused: null,
    others: [
      { uplink: 'fibre', reason: 'lte comes first' },
      { uplink: 'away', reason: "not among the rule's uplinks" },
    ],
  })
})

test('for people', async () => {
  const { stdout } = await host.ifbalance(['explain', `${server.inet}:80`])
  const way = (uplink: string, share: number, i: number) => [
    `goes by     ${uplink}, ${share} % of such connections`,
    `            via 10.${i}.0.1 dev wan${i}, table balanced, mark 0x0, mtu 1500`,
    '            ip rule 32765: fwmark 0x0/0xbf000000 lookup 30098',
  ]
  const lines = stdout.trimEnd().split('\n')
  expect(lines.slice(0, 8)).toEqual([
    `connection  TCP -> ${server.inet} port 80, from this host`,
    'rule        voip: no, port 80',
    'rule        only: no, port 80',
    'rule        left: no, port 80',
    'rule        backups: no, no user is named',
    `rule        listed: no, destination ${server.inet}`,
    `rule        named: no, ${server.inet} is of none of its domains`,
    'rule        clients: no, port 80',
  ])
  expect(lines[8]).toBe('decision    balanced, mode connection')
  expect(lines.slice(9).sort()).toEqual(
    [...way('fibre', 75, 1), ...way('lte', 25, 2), 'not         away: absent'].sort(),
  )
})

describe('which way, and what decides', () => {
  test.each([
    ['a rule for a user', [`${server.inet}`, '--user', '34'], 'rule backups: its only uplink', { lte: 1 }],
    ['a user by name', [`${server.inet}`, '--user', 'backup'], 'rule backups: its only uplink', { lte: 1 }],
    ['a rule for a list in a file', ['198.18.1.1'], 'rule listed: its only uplink', { lte: 1 }],
    ['the same in IPv6', ['[2001:db8:beef::1]:25'], 'rule listed: its only uplink', { lte: 1 }],
    ['none of the list', ['2001:db8:bee0::1'], 'balanced, mode connection', { fibre: 0.75, lte: 0.25 }],
    ['IPv6', [server.inet6, 'icmp'], 'balanced, mode connection', { fibre: 0.75, lte: 0.25 }],
    [
      'IPv6 of the LAN',
      [server.inet6, '--from', lanClient.inet6],
      'balanced, mode connection',
      { fibre: 0.75, lte: 0.25 },
    ],
    ['a rule that leaves it to main', [`${server.inet}:82`], 'rule left: left to table main', { fibre: 1 }],
    ['an address of its own', [server.inet, '--from', '10.2.0.2'], 'its address is that of uplink lte', { lte: 1 }],
    ['the same in IPv6', [server.inet6, '--from', '2001:DB8:2:0::2'], 'its address is that of uplink lte', { lte: 1 }],
    ['the LAN', [lanClient.inet], 'the kernel sends it by lan0, which is no uplink', { null: 1 }],
    ['itself', ['127.0.0.1:22'], 'stays on this host', {}],
    ['its own address', ['10.1.0.2:22'], 'stays on this host', {}],
    [
      'what comes in for the host',
      ['10.2.0.2:22', '--from', server.inet, '--in', 'wan2'],
      'comes in by uplink lte, and its answers leave by it',
      {},
    ],
    [
      'what comes in for the LAN, in IPv6',
      [lanClient.inet6, '--from', server.inet6, '--in', 'wan1'],
      'comes in by uplink fibre, and its answers leave by it',
      { null: 1 },
    ],
    [
      'what others have marked',
      [server.inet, '--mark', '0x10'],
      'marked 0x10 by another program',
      { fibre: 0.75, lte: 0.25 },
    ],
  ] as const)('%s', async (_, args, decision, shares) => {
    const said = await explain(...args)
    expect(said.decision).toBe(decision)
    expect(said.refused).toBeNull()
    expect(sharesOf(said)).toEqual(shares)
  })

  test('a rule for clients that are remembered: any of its uplinks', async () => {
    const said = await explain(`${server.inet}:443`, '--from', lanClient.inet, '--source-port', '40000')
    expect(said.packet).toMatchObject({ side: 'forward', interface: 'lan0', sourcePort: 40000 })
    expect(said.decision).toBe('rule clients: spread by a hash of source, each client for 3600 s')
    expect(sharesOf(said)).toEqual({ fibre: 0.75, lte: 0.25 })
  })

  test('names: what the name server has put into the set', async () => {
    expect((await explain('198.51.100.7')).decision).toBe('balanced, mode connection')
    await host.run(['nft', 'add element inet ifbalance named_4 { 198.51.100.7 }'])
    expect((await explain('198.51.100.7')).decision).toBe('rule named: its only uplink')
  })

  test('a mode that is known in advance gives one way, and why not the other', async () => {
    await configure('mode = flow')
    const said = await explain(server.inet, '--from', lanClient.inet)
    expect(said.ways).toHaveLength(1)
    const [{ uplink }] = said.ways
    const other = uplink === 'fibre' ? 'lte' : 'fibre'
    expect(said.others).toContainEqual({ uplink: other, reason: `the hash gives ${uplink}` })
    await configure('')
  })

  test('a VPN that takes everything', async () => {
    const vpn = 'ip link add tun0 type bridge && ip address add 10.99.0.2/24 dev tun0 && ip link set tun0 up'
    await host.run(['sh', '-c', `${vpn} && ip route add default via 10.99.0.1 dev tun0 metric 1`])
    await host.ifbalance(['apply'])
    for (const from of [[], ['--from', lanClient.inet]]) {
      const said = await explain(`${server.inet}:5060`, ...from)
      expect(said.decision).toBe('the kernel sends it by tun0, which is no uplink')
      expect(said.ways).toMatchObject([{ uplink: null, device: 'tun0', gateway: '10.99.0.1', table: 'main' }])
      expect(said.ways[0].ipRule).toBe('32766: lookup 254')
    }
    await host.run(['ip', 'link', 'del', 'tun0'])
    await host.ifbalance(['apply'])
  })

  test("another's rule, which is named when it says what we read", async () => {
    await host.run(['ip', 'route', 'add', 'default', 'via', '10.2.0.1', 'table', '77'])
    for (const [selector, ipRule] of [
      ['fwmark 0x10/0xff', '1000: fwmark 0x10/0xff lookup 77'],
      ['to 203.0.113.0/24', null],
    ] as const) {
      const rule = ['pref', '1000', ...selector.split(' '), 'lookup', '77']
      await host.run(['ip', 'rule', 'add', ...rule])
      const said = await explain(`${server.inet}:5060`, '--mark', '0x10')
      await host.run(['ip', 'rule', 'del', ...rule])
      expect(said.decision).toBe('another policy rule comes first')
      expect(said.ways).toMatchObject([{ uplink: 'lte', table: '77', ipRule }])
    }
  })
})

test("others' rules behind ours: the host's own connections ask our rules before, forwarded ones never", async () => {
  await host.run(['ip', 'route', 'replace', 'default', 'via', '10.1.0.1', 'table', '77'])
  await host.run(['ip', 'rule', 'add', 'pref', '30000', 'to', server.inet, 'lookup', '77'])
  const voip = `echo x >/dev/udp/${server.inet}/5060`
  const table = async (...args: readonly string[]) => (await explain(server.inet, ...args)).ways[0].table
  for (const [from, where, decision, isp] of [
    [[], [], 'rule voip: the first of its uplinks that works', 'isp2'],
    [['--from', lanClient.inet], ['ip', 'netns', 'exec', 'lan'], 'another policy rule comes first', 'isp1'],
  ] as const) {
    expect((await explain(`${server.inet}:5060`, 'udp', ...from)).decision).toBe(decision)
    expect(await table(...from)).toBe('77')
    await forgetArrived(host)
    await host.run([...where, 'bash', '-c', voip])
    expect(await arrived(host, isp)).toEqual([`udp 10.${isp.slice(3)}.0.2`])
  }
  await host.run(['ip', 'rule', 'del', 'pref', '30000'])
})

describe('while an uplink is away', () => {
  beforeAll(() => setLink('isp2', 'down'))
  afterAll(() => setLink('isp2', 'up'))

  test.each([
    [
      'the next in order',
      ['203.0.113.1:5060'],
      'rule voip: the first of its uplinks that works',
      { fibre: 1 },
      null,
      'down',
    ],
    ['a refusal', ['203.0.113.1:81'], 'rule only: none of its uplinks is usable, prohibit', {}, 'prohibit', 'down'],
    ['all else', ['203.0.113.1'], 'balanced, mode connection', { fibre: 1 }, null, 'down'],
    [
      'what is bound to it',
      ['203.0.113.1', '--from', '10.2.0.2'],
      'its address is that of uplink lte, which has no way for it',
      {},
      'No route to host',
      undefined,
    ],
  ] as const)('%s', async (_, args, decision, shares, refused, why) => {
    const said = await explain(...args)
    expect(said).toMatchObject({ decision, refused })
    expect(sharesOf(said)).toEqual(shares)
    const lte = said.others.find((other: { uplink: string }) => other.uplink === 'lte')
    expect(lte?.reason).toBe(why)
  })

  test('and the other one, too', async () => {
    await configure('last-resort = unreachable')
    await setLink('isp1', 'down')
    for (const from of [[], ['--from', lanClient.inet]]) {
      const { decision, refused } = await explain(server.inet, ...from)
      expect({ decision, refused }).toEqual({
        decision: 'no uplink is usable: last-resort = unreachable',
        refused: 'No route to host',
      })
    }
    await setLink('isp1', 'up')
    await configure('')
  })
})

test('offline, degraded and standby are reasons', async () => {
  const line = (state: string, degraded: boolean) => ({
    state,
    degraded,
    since: 0,
    why: '',
    latencyMs: 1,
    loss: 0,
    lastProbe: null,
  })
  const write = (lte: object) =>
    host.write(
      '/run/ifbalance/health.json',
      JSON.stringify({
        at: Number(process.hrtime.bigint() / 1_000_000n),
        health: {
          fibre: { inet: line('online', false) },
          lte: { inet: lte },
        },
      }),
    )
  const reason = async () =>
    (await explain(server.inet)).others.find((other: { uplink: string }) => other.uplink === 'lte')?.reason
  for (const [state, degraded, said] of [
    ['offline', false, 'offline'],
    ['online', true, 'degraded'],
  ] as const) {
    await write(line(state, degraded))
    await host.ifbalance(['apply'])
    expect(await reason()).toBe(said)
  }
  await host.run(['rm', '/run/ifbalance/health.json'])
  for (const [key, said] of [
    ['standby = yes', 'standby'],
    ['metric = 20', 'metric 20, behind 10'],
  ] as const) {
    await host.write('/etc/ifbalance/conf.d/50-lte.conf', `[uplink lte]\n${key}\n`)
    await host.ifbalance(['apply'])
    expect(await reason()).toBe(said)
  }
  await host.run(['rm', '/etc/ifbalance/conf.d/50-lte.conf'])
  await host.ifbalance(['apply'])
})

describe('--connection', () => {
  const ask = async (...args: readonly string[]) =>
    JSON.parse((await host.ifbalance(['explain', '--connection', '--json', ...args])).stdout)

  test('one that left, one that came in, and one that stays here', async () => {
    await host.run(['conntrack', '--flush'])
    await host.run(inside('lan', ['bash', '-c', `echo x >/dev/udp/${server.inet}/5060`]))
    await host.run(inside('isp1', ['ping', '-q', '-c', '1', '10.1.0.2']))
    await host.run(['ping', '-q', '-c', '1', lanClient.inet6])
    const entry = (text: string) => expect.stringContaining(text)
    expect(await ask(`${server.inet}:5060`, 'udp', '--from', lanClient.inet)).toEqual({
      format: 1,
      connections: [
        { entry: entry('dport=5060'), because: 'left by uplink lte: it stays there for as long as that works' },
      ],
    })
    expect((await ask('10.1.0.2', 'icmp')).connections).toEqual([
      { entry: entry('src=10.1.0.1'), because: 'came in by uplink fibre: its answers leave by it' },
    ])
    expect((await ask(lanClient.inet6, 'icmp')).connections).toEqual([
      { entry: entry('icmpv6'), because: 'has left by no uplink: others decide, or it stays on this host' },
    ])
    const text = await host.ifbalance(['explain', '--connection', server.inet, 'udp'])
    expect(text.stdout).toMatch(/^udp .*dport=5060 .*\n {2}left by uplink lte: /)
  })

  test('none is told, with exit code 1', async () => {
    expect(await host.ifbalance(['explain', '--connection', '--json', '192.0.2.99'])).toEqual({
      ...{ exitCode: 1, stderr: 'ifbalance: there is no such connection\n' },
      stdout: `${JSON.stringify({ format: 1, connections: [] }, null, 2)}\n`,
    })
  })
})

describe('what is said besides', () => {
  test('the kernel is not as it should be', async () => {
    await host.run(['ip', 'rule', 'del', 'pref', '20166'])
    const { exitCode, stderr } = await host.ifbalance(['explain', server.inet])
    expect({ exitCode, stderr }).toEqual({
      ...{ exitCode: 0, stderr: 'ifbalance: the kernel is not as the configuration says: see ifbalance plan\n' },
    })
    await host.ifbalance(['apply'])
  })

  test.each([
    [
      'words that are not understood',
      ['nowhere'],
      2,
      /^ifbalance: "nowhere": expected an address.* \(see ifbalance --help\)\n$/,
    ],
    [
      'a source that may come from anywhere',
      [server.inet, '--from', '240.0.0.1'],
      1,
      /^ifbalance: --from 240\.0\.0\.1: on none of the networks here, expected --in INTERFACE as well\n$/,
    ],
    [
      'an interface that is not there',
      [server.inet, '--from', '192.0.2.1', '--in', 'eth99'],
      1,
      /^ifbalance: --in eth99: there is no such interface\n$/,
    ],
  ] as const)('%s', async (_, args, code, message) => {
    const { exitCode, stdout, stderr } = await host.ifbalance(['explain', ...args])
    expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: '' })
    expect(stderr).toMatch(message)
  })

  test('others than root are told so', async () => {
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
    const { stderr } = await host.run([...nobody, '/usr/sbin/ifbalance', 'explain', server.inet], {}, { accept: [1] })
    expect(stderr).toBe('ifbalance: explain: only root can do this\n')
  })

  test('a host that nothing is made on', async () => {
    await host.write('/etc/ifbalance/ifbalance.conf', '[balance]\nadopt = listed\n')
    await host.ifbalance(['apply'])
    expect((await explain(server.inet)).decision).toBe('nothing is balanced here: no uplink is known')
  })

  test('a host all of whose uplinks are disabled', async () => {
    const sections = ['wan1', 'wan2'].map((name) => `[uplink ${name}]\nenabled = no\n`)
    await host.write('/etc/ifbalance/ifbalance.conf', sections.join(''))
    await host.ifbalance(['apply'])
    expect((await explain(server.inet)).decision).toBe('nothing is balanced here: all uplinks are disabled')
  })
})
