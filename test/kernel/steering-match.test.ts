/** What rules match, each on its own, in both families, forwarded and local; and that large files of addresses cost nothing later. */
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { readConfigFile } from '../../src/config/read.ts'
import type { Config } from '../../src/model/config.ts'
import type { Desired } from '../../src/model/desired.ts'
import type { Observed } from '../../src/model/observed.ts'
import { reconcile, survey } from '../../src/reconcile/reconcile.ts'
import { configOf } from '../config-of.ts'
import { record } from '../lab/measurements.ts'
import { cgroupName } from '../lab/names.ts'
import type { Packet, SendOptions } from '../lab/programs/send.ts'
import { run } from '../lab/run.ts'
import { scenario } from './namespace.ts'
import { makeSteeringWorld, whereTo } from './steering-world.ts'
import { ip } from './world.ts'

const cgroup = cgroupName('match')
const uplinks = ['a', 'b', 'c']
const head = `[balance]\nprobe = none\nmode = failover\n${uplinks
  .map((name, at) => `[uplink ${name}]\ninterface = wan${at + 1}\n`)
  .join('')}`

/** What is not taken by a rule goes by the first uplink. */
const rules = `
[rule source]
source = 192.168.77.10, 192.168.77.16/30, 192.168.77.30-192.168.77.33, fd00:77::a, fd00:77::10/126
uplinks = b
[rule destination]
destination = 203.0.113.10, 198.51.100.0/25, 203.0.113.40-203.0.113.42, 2001:db8:a::/48, 2001:db8:b::1-2001:db8:b::9
uplinks = c
[rule sources]
source = /run/sources
uplinks = c
[rule destinations]
destination = /run/destinations
uplinks = b
[rule port]
port = 1000, 1010-1012
uplinks = c
[rule source-port]
source-port = 40000-40009
uplinks = b
[rule dscp]
dscp = ${Array.from({ length: 32 }, (_, at) => 2 * at + 1).join(' ')}
uplinks = c
[rule mark]
mark = 0x10/0xf0
uplinks = b
[rule later]
interface = late*
uplinks = c
[rule user]
user = 4711
uplinks = b
[rule cgroup]
cgroup = ${cgroup}/below
uplinks = c
[rule domain]
domain = example.test
uplinks = b
[rule protocol]
protocol = udp
uplinks = c
`

/** Another program's: code points and marks by source port, seen before ours and behind the local routing decision. */
const others = `table inet others {
  chain change {
    ${Array.from({ length: 64 }, (_, at) => `tcp sport ${41000 + at} ip dscp set ${at}`).join('\n')}
    ${Array.from({ length: 64 }, (_, at) => `tcp sport ${41000 + at} ip6 dscp set ${at}`).join('\n')}
    tcp sport 42001 meta mark set 0x12
    tcp sport 42002 meta mark set 0x21
  }
  chain prerouting { type filter hook prerouting priority -300; jump change; }
  chain output { type filter hook output priority -300; jump change; }
  set marks { type mark; flags dynamic; size 64; }
  chain postrouting { type filter hook postrouting priority 300; tcp sport 42001 oifname "wan*" add @marks { meta mark }; }
}
`

type Sample = Partial<Packet> & { readonly to: string }
type Side = 'lan' | 'host'

const plain4 = { to: '203.0.113.1' }
const plain6 = { to: '2001:db8:ffff::1' }
const lan4 = (host: number): Sample => ({ ...plain4, from: `192.168.77.${host}` })
const lan6 = (host: number): Sample => ({ ...plain6, from: `fd00:77::${host.toString(16)}` })
const from99: readonly Sample[] = [{ ...plain4, from: '192.168.99.2' }]
const both = (more: Partial<Packet>): readonly Sample[] => [
  { ...plain4, ...more },
  { ...plain6, ...more },
]
const to = (...addresses: readonly string[]) => addresses.map((address) => ({ to: address }))
/** Not to the same place from both sides: NAT would have to change a port. */
const other: Readonly<Record<string, string>> = { [plain4.to]: '203.0.113.2', [plain6.to]: '2001:db8:ffff::2' }

/** Gives which packets went elsewhere than expected, and what the tests below ask for. */
const play = await scenario(import.meta, async () => {
  const { expectAll, bothSides, send, result } = packets()

  // Given the rules, with and without a file of 100,000 prefixes.
  await makeSteeringWorld()
  if (!existsSync('/sys/fs/cgroup/cgroup.controllers'))
    await run('/usr/bin/mount', ['-t', 'cgroup2', 'cgroup2', '/sys/fs/cgroup'])
  await nft(others)
  writeFileSync('/run/sources', '192.168.77.20 # one\nfd00:77::14\n')
  const four = Array.from(
    { length: 60_000 },
    (_, at) => `100.${64 + (at >> 14)}.${(at >> 6) & 255}.${(at & 63) << 2}/31`,
  )
  const six = Array.from({ length: 40_000 }, (_, at) => `2001:db8:${(0x1000 + at).toString(16)}::/48`)
  writeFileSync('/run/destinations', [...four, ...six].join('\n'))
  const outside = { readSet: (path: string) => readConfigFile(path, 8), userId: () => null }
  const few = rules.replace('/run/destinations', '203.0.113.99').replace('/run/sources', '192.168.77.41')
  const withoutFile = configOf(`${head}${few}`, outside)
  const readStart = performance.now()
  const config = configOf(`${head}${rules}`, outside)
  const readMs = performance.now() - readStart
  await reconciled(withoutFile)
  const idleWithoutMs = await idle(withoutFile)
  const loadMs = await reconciled(config)
  const idleWithMs = await idle(config)

  // Then each packet goes by the uplink of the rule that is meant for it.
  expectAll('source', 'lan', 2, [10, 16, 19, 30, 33].map(lan4))
  expectAll('source', 'lan', 2, [10, 16, 19].map(lan6))
  expectAll('source', 'lan', 1, [9, 11, 15, 21, 29, 34].map(lan4))
  expectAll('source', 'lan', 1, [9, 11, 15, 21].map(lan6))
  expectAll('sources of a file', 'lan', 3, [lan4(20), lan6(20)])
  const meant = ['203.0.113.10', '198.51.100.0', '198.51.100.127', '203.0.113.40', '203.0.113.42']
  bothSides('destination', 3, to(...meant, '2001:db8:a:ffff::1', '2001:db8:b::1', '2001:db8:b::9'))
  const beside = ['203.0.113.9', '203.0.113.11', '198.51.100.128', '203.0.113.39', '203.0.113.43']
  bothSides('destination', 1, to(...beside, '2001:db8:b::', '2001:db8:b::a'))
  const inFile = ['100.64.0.0', '100.64.0.1', '100.67.20.5', '2001:db8:1000::1', '2001:db8:ac3f:1::1']
  bothSides('destinations of a file', 2, to(...inFile))
  bothSides('destinations of a file', 1, to('100.64.0.2', '100.67.255.255', '2001:db8:fff::1', '2001:db8:ac40::1'))
  for (const port of [1000, 1010, 1012]) {
    bothSides('port', 3, both({ port }))
    bothSides('port', 3, both({ port, protocol: 'udp' }))
  }
  for (const port of [999, 1001, 1009, 1013]) bothSides('port', 1, both({ port }))
  for (const one of [40000, 40009]) bothSides('source port', 2, both({ sourcePort: one }))
  for (const one of [39999, 40010]) bothSides('source port', 1, both({ sourcePort: one }))
  for (let one = 0; one < 64; one++) bothSides(`DSCP ${one}`, one & 1 ? 3 : 1, both({ sourcePort: 41000 + one }))
  bothSides('mark', 2, both({ sourcePort: 42001 }))
  bothSides('mark of another program', 1, both({ sourcePort: 42002 }))
  bothSides('protocol', 3, both({ protocol: 'udp' }))
  bothSides('no rule', 1, both({}))
  expectAll('user', 'host', 2, both({}), { user: 4711 })
  expectAll('user', 'host', 1, both({}), { user: 4712 })
  await send()
  const marksKept = await marksSeen()

  // A control group that comes, goes and comes back.
  mkdirSync(`/sys/fs/cgroup/${cgroup}/below/deeper`, { recursive: true })
  try {
    await reconciled(config)
    expectAll('cgroup', 'host', 3, both({}), { cgroup: `${cgroup}/below` })
    expectAll('cgroup below', 'host', 3, both({}), { cgroup: `${cgroup}/below/deeper` })
    expectAll('cgroup above', 'host', 1, both({}), { cgroup })
    await send()
    rmdirSync(`/sys/fs/cgroup/${cgroup}/below/deeper`)
    rmdirSync(`/sys/fs/cgroup/${cgroup}/below`)
    await reconciled(config)
    mkdirSync(`/sys/fs/cgroup/${cgroup}/below`)
    await reconciled(config)
    expectAll('cgroup that came back as another', 'host', 3, both({}), { cgroup: `${cgroup}/below` })
    await send()
  } finally {
    for (const path of [`${cgroup}/below/deeper`, `${cgroup}/below`, cgroup]) {
      try {
        rmdirSync(`/sys/fs/cgroup/${path}`)
      } catch {
        // Not there.
      }
    }
  }

  // An interface that comes later, and another with the number of the one that is gone.
  await late('late0', 900)
  await reconciled(config)
  expectAll('interface that came later', 'lan', 3, from99)
  expectAll('another interface', 'lan', 1, [lan4(2)])
  await send()
  await ip('link', 'del', 'late0')
  await late('other0', 900)
  await reconciled(config)
  expectAll('number of an interface used again', 'lan', 1, from99)
  await send()

  // A name that is resolved, and a failover.
  await nft(
    'add element inet ifbalance domain_4 { 203.0.113.77 }\nadd element inet ifbalance domain_6 { fd00:77:1::7 }\n',
  )
  bothSides('domain', 2, to('203.0.113.77', 'fd00:77:1::7'))
  await send()
  const setsBefore = [...(await handleOf('file_')), ...(await handleOf('domain_'))]
  await ip('-n', 'isp2', 'link', 'set', 'far', 'down')
  const failoverMs = await reconciled(config)
  bothSides('destinations of a file while their uplink is dead', 1, to(...inFile.slice(0, 3)))
  await send()
  await ip('-n', 'isp2', 'link', 'set', 'far', 'up')
  await ip('-n', 'isp2', 'address', 'replace', 'fe80::1/64', 'dev', 'far', 'nodad')
  await reconciled(config)
  bothSides('domain after a failover', 2, to('203.0.113.77', 'fd00:77:1::7'))
  bothSides('destinations of a file after a failover', 2, to(...inFile))
  await send()
  const setsAfter = [...(await handleOf('file_')), ...(await handleOf('domain_'))]

  return {
    ...result,
    marksKept,
    setsBefore,
    setsAfter,
    times: { readMs, loadMs, idleWithoutMs, idleWithMs, failoverMs },
  }
})

/** Packets that are asked for, sent together, and compared. */
function packets() {
  const result = { checked: 0, wrong: [] as unknown[] }
  let sourcePort = 10_000
  const queue: {
    what: string
    from: Side
    wanted: number | null
    samples: readonly Sample[]
    options: SendOptions
  }[] = []

  function expectAll(
    what: string,
    from: Side,
    wanted: number | null,
    samples: readonly Sample[],
    options: SendOptions = {},
  ): void {
    queue.push({ what, from, wanted, samples, options })
  }

  function bothSides(what: string, wanted: number, samples: readonly Sample[]): void {
    const fromLan = (sample: Sample) => (sample.to.includes(':') ? lan6(2) : lan4(2)).from ?? ''
    expectAll(what, 'host', wanted, samples)
    expectAll(
      what,
      'lan',
      wanted,
      samples.map((sample) => ({ from: fromLan(sample), ...sample, to: other[sample.to] ?? sample.to })),
    )
  }

  /** All that was asked for, with one program for those that are sent in the same way. */
  async function send() {
    const groups = Map.groupBy(queue.splice(0), ({ from, options }) => JSON.stringify([from, options]))
    for (const group of groups.values()) {
      const [{ from, options } = { from: 'lan' as const, options: {} }] = group
      const all = group.flatMap(({ what, wanted, samples }) =>
        samples.map((sample) => ({
          ...{ what, wanted },
          packet: { protocol: 'tcp', port: 9, sourcePort: sourcePort++, ...sample } satisfies Packet,
        })),
      )
      const went = await whereTo(
        all.map(({ packet }) => packet),
        from,
        options,
      )
      for (const [at, { what, wanted, packet }] of all.entries()) {
        result.checked++
        if (went[at] !== wanted) result.wrong.push({ what, from, wanted, went: went[at], packet })
      }
    }
  }

  return { expectAll, bothSides, send, result }
}

async function reconciled(config: Config): Promise<number> {
  const start = performance.now()
  const { remaining, errors, observed, desired } = await reconcile(config)
  const took = performance.now() - start
  if (remaining.length > 0) throw new Error(`not loaded: ${errors.join('; ')} ${differences(observed, desired)}`)
  if ((await survey(config)).steps.length > 0) throw new Error('the listing is not what was loaded')
  return took
}

function differences(observed: Observed, desired: Desired): string {
  const lines = ({ ruleset }: Observed | Desired) =>
    (ruleset?.chains ?? []).flatMap(({ name, rules: all }) => all.map((line) => `${name}: ${line}`))
  const [there, wanted] = [lines(observed), lines(desired)]
  return [...there.filter((line) => !wanted.includes(line)), ...wanted.filter((line) => !there.includes(line))].join(
    '\n',
  )
}

/** The time that a look takes with nothing to change, in milliseconds. */
async function idle(config: Config): Promise<number> {
  const start = performance.now()
  for (let i = 0; i < 3; i++) await reconcile(config)
  return (performance.now() - start) / 3
}

async function late(name: string, index: number): Promise<void> {
  await ip('link', 'add', name, 'index', String(index), 'type', 'veth', 'peer', 'name', 'eth9', 'netns', 'lan')
  await ip('address', 'add', '192.168.99.1/24', 'dev', name)
  await ip('link', 'set', name, 'up')
  await ip('-n', 'lan', 'address', 'add', '192.168.99.2/24', 'dev', 'eth9')
  await ip('-n', 'lan', 'link', 'set', 'eth9', 'up')
  await ip('-n', 'lan', 'rule', 'add', 'from', '192.168.99.2', 'lookup', '99')
  await ip('-n', 'lan', 'route', 'add', 'default', 'via', '192.168.99.1', 'dev', 'eth9', 'table', '99')
}

async function marksSeen(): Promise<readonly string[]> {
  const { stdout } = await run('/usr/sbin/nft', ['list', 'set', 'inet', 'others', 'marks'])
  return [...stdout.matchAll(/0x[0-9a-f]+/g)].map(([mark]) => mark).sort()
}

async function handleOf(prefix: string): Promise<readonly string[]> {
  const { stdout } = await run('/usr/sbin/nft', ['-a', '-t', 'list', 'table', 'inet', 'ifbalance'])
  return stdout.split('\n').filter((line) => line.trim().startsWith(`set ${prefix}`))
}

async function nft(text: string): Promise<void> {
  await run('/usr/sbin/nft', ['-f', '-'], { input: text })
}

let played: Awaited<ReturnType<typeof play>>

beforeAll(async () => {
  played = await play({})
})

test('each thing that rules match is matched alone, in both families, forwarded and local', () => {
  expect(played.wrong).toEqual([])
  expect(played.checked).toBeGreaterThan(400)
})

test('bits of a mark that are not ours stay', () => {
  expect(played.marksKept).toEqual(['0x02000012', '0x82000012'])
})

test('a file of 100,000 prefixes is loaded once: neither a look nor a failover touches its sets, or names', () => {
  const { times, setsBefore, setsAfter } = played
  // Sources and destinations of both families, and a domain's.
  expect(setsBefore).toHaveLength(6)
  expect(setsAfter).toEqual(setsBefore)
  const figures = {
    'reading a file of 100,000 prefixes': times.readMs,
    'loading a ruleset with 100,000 prefixes': times.loadMs,
    'a look with nothing to change, 13 rules': times.idleWithoutMs,
    'a look with nothing to change, and 100,000 prefixes': times.idleWithMs,
    'a failover with 100,000 prefixes': times.failoverMs,
  }
  for (const [name, value] of Object.entries(figures))
    record({ name, value, unit: 'ms', limit: null, release: 'namespace', stack: 'rules' })
  const name = 'a look with nothing to change, of what loading 100,000 prefixes takes'
  const value = (100 * times.idleWithMs) / times.loadMs
  record({ name, value, unit: '%', limit: 30, release: 'namespace', stack: 'rules' })
})
