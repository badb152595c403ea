/** What the kernel counts for rules: connections that they take, once each, whatever becomes of the ruleset meanwhile. */
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { parseListing } from '../../src/kernel/nft/table.ts'
import { nftTable } from '../../src/layout.ts'
import { hitsOf } from '../../src/reconcile/decide/steering/hits.ts'
import { reconcile, survey } from '../../src/reconcile/reconcile.ts'
import type { Packet } from '../lab/programs/send.ts'
import { run } from '../lab/run.ts'
import { scenario } from './namespace.ts'
import { load, makeSteeringWorld, setCarrier, type Wished, wishes } from './steering-world.ts'
import { ip } from './world.ts'

const failover = 'mode = failover'
const udp = '[rule by-port]\nport = 1000-1009\nprotocol = udp\nuplinks = b\n'
const tcp = '[rule tcp]\nprotocol = tcp\nuplinks = b c\n'
const all = '[rule all]\nuplinks = c\n'

const four = '203.0.113.9'
const six = '2001:db8:ffff::9'
const datagram = (to: string, port: number, sourcePort: number): Packet => ({ protocol: 'udp', to, port, sourcePort })

const sender = fileURLToPath(new URL('../lab/programs/send.ts', import.meta.url))

/** From the LAN or from the host itself. */
async function send(packets: readonly Packet[], from: 'lan' | 'host'): Promise<void> {
  const node = [process.execPath, sender, '{}']
  const [program = '', ...args] = from === 'lan' ? ['/usr/sbin/ip', 'netns', 'exec', 'lan', ...node] : node
  await run(program, args, { input: JSON.stringify(packets) })
}

/** So many datagrams of one flow, to where nobody answers. */
const flood = `import socket, sys
to, sport, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
s = socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", sport))
for _ in range(count): s.sendto(b"x", (to, 1000))
`

const play = await scenario(import.meta, async () => {
  await makeSteeringWorld()
  await ip('link', 'add', 'lan1', 'type', 'veth', 'peer', 'name', 'other')
  await ip('address', 'add', '192.168.78.1/24', 'dev', 'lan1')
  await ip('link', 'set', 'lan1', 'up')
  await ip('link', 'set', 'other', 'up')
  await ip('neighbour', 'add', '192.168.78.9', 'lladdr', '02:00:00:00:00:09', 'dev', 'lan1')
  const seen: Record<string, Readonly<Record<string, number>>> = {}
  const differences: Record<string, number> = {}
  const look = async (name: string, ...wished: Wished) => {
    const config = wishes(...wished)
    const { observed, steps } = await survey(config)
    seen[name] = Object.fromEntries(hitsOf(observed.ruleset, config.rules))
    differences[name] = steps.length
  }

  const first: Wished = [failover, udp + tcp + all]
  await load(...first)
  await look('nothing sent', ...first)
  await send([datagram(four, 1000, 5000), datagram(six, 1001, 5001), datagram(four, 1002, 5002)], 'lan')
  await send([datagram(four, 1003, 5003), datagram(six, 1004, 5004)], 'host')
  await look('of the LAN and the host, both families', ...first)
  await send([{ protocol: 'tcp', to: four, port: 80, sourcePort: 5010 }], 'lan')
  await send([datagram(four, 9, 5011), datagram(six, 9, 5012)], 'lan')
  await look('each rule its own', ...first)

  const many = (to: string, port: number) =>
    run('/usr/sbin/ip', ['netns', 'exec', 'lan', '/usr/bin/python3', '-c', flood, to, String(port), '20'])
  await many(four, 5020)
  await many(six, 5021)
  await run('/usr/bin/python3', ['-c', flood, four, '5022', '20'])
  await look('twenty packets each of three flows', ...first)

  await send([datagram('192.168.77.1', 1000, 5030), datagram('192.168.78.9', 1000, 5031)], 'lan')
  await many('192.168.78.9', 5032)
  await look('to the host itself, and to another LAN', ...first)

  // What changes the ruleset.

  const { applied } = await reconcile(wishes(...first))
  const idle = applied.length
  await setCarrier(2, 'down')
  await load(...first)
  await look('an uplink failed', ...first)
  await setCarrier(2, 'up')
  await load(...first)
  const other: Wished = [failover, `[rule more]\nport = 1000\nuplinks = a\n${udp}${all}`, [1, 2, 3]]
  await load(...other)
  await look('other rules', ...other)
  await send([datagram(four, 1000, 5040), datagram(four, 1001, 5041)], 'lan')
  await look('other rules, later', ...other)
  const { stdout: counters } = await run('/usr/sbin/nft', ['list', 'counters'])

  await run('/usr/sbin/nft', ['flush', 'ruleset'])
  const healed = await reconcile(wishes(...other))
  await look('flushed by others', ...other)
  await send([datagram(four, 1000, 5050), datagram(four, 1001, 5051), datagram(six, 1001, 5052)], 'lan')
  await look('flushed by others, later', ...other)

  // Rules that share what they do.

  const alike = Array.from({ length: 6 }, (_, i) => {
    const source = `192.168.77.${i * 4}-192.168.77.${i * 4 + 3}, fd00:77::${i * 4}-fd00:77::${i * 4 + 3}`
    return `[rule r${i}]\nsource = ${source}\nuplinks = ${i % 2 ? 'b' : 'c'}\n`
  })
  const shared: Wished = [
    failover,
    `${alike.join('')}[rule p0]\nport = 70\nprotocol = udp\nuplinks = b\n[rule p1]\nport = 71-79\nprotocol = udp\nuplinks = b\n`,
  ]
  await load(...shared)
  const from = (host: number, sourcePort: number): Packet => ({
    ...datagram(four, 9, sourcePort),
    from: `192.168.77.${host}`,
  })
  await send([from(2, 5100), from(3, 5101), from(4, 5102), from(15, 5103), from(30, 5104)], 'lan')
  await send([{ ...datagram(six, 9, 5105), from: 'fd00:77::9' }], 'lan')
  await send([datagram(four, 70, 5106), datagram(six, 75, 5107), datagram(six, 79, 5108)], 'host')
  await look('shared', ...shared)
  await load(...other)

  // At rest, nothing is written.

  const before = await generation()
  await send([datagram(four, 1000, 5060)], 'lan')
  await reconcile(wishes(...other))
  await setTimeout(50)
  const written = (await generation()) - before
  return { seen, differences, idle, counters, healed: [...healed.errors, ...healed.remaining], written }
})

/** A number that each change of a ruleset in this namespace makes higher. */
async function generation(): Promise<number> {
  const { stdout } = await run('/usr/sbin/nft', ['-j', 'list', 'table', nftTable.family, nftTable.name])
  const handles = [...stdout.matchAll(/"handle": (\d+)/g)].map(([, handle]) => Number(handle))
  if (parseListing(stdout, new Map()) === null) throw new Error('no table')
  return Math.max(...handles)
}

let played: Awaited<ReturnType<typeof play>>

beforeAll(async () => {
  played = await play({})
})

test('a rule counts the connections that it takes, of the LAN and of the host, in both families, once each', () => {
  const { seen } = played
  expect(seen['nothing sent']).toEqual({ 'by-port': 0, tcp: 0, all: 0 })
  expect(seen['of the LAN and the host, both families']).toEqual({ 'by-port': 5, tcp: 0, all: 0 })
  expect(seen['each rule its own']).toEqual({ 'by-port': 5, tcp: 1, all: 2 })
  expect(seen['twenty packets each of three flows']).toEqual({ 'by-port': 8, tcp: 1, all: 2 })
})

test('so it does what stays inside, which it does not move', () => {
  expect(played.seen['to the host itself, and to another LAN']).toEqual({ 'by-port': 11, tcp: 1, all: 2 })
})

test('rules that do the same count each for itself', () => {
  expect(played.seen['shared']).toEqual({ r0: 2, r1: 1, r2: 1, r3: 1, r4: 0, r5: 0, p0: 1, p1: 2 })
})

test('counts are kept while the ruleset changes, and go with their rules', () => {
  const { seen, counters } = played
  expect(seen['an uplink failed']).toEqual({ 'by-port': 11, tcp: 1, all: 2 })
  expect(seen['other rules']).toEqual({ more: 0, 'by-port': 11, all: 2 })
  expect(seen['other rules, later']).toEqual({ more: 1, 'by-port': 12, all: 2 })
  expect(counters).not.toContain('tcp')
})

test('they begin anew where others flush everything', () => {
  const { seen, healed } = played
  expect(healed).toEqual([])
  expect(seen['flushed by others']).toEqual({ more: 0, 'by-port': 0, all: 0 })
  expect(seen['flushed by others, later']).toEqual({ more: 1, 'by-port': 2, all: 0 })
})

test('what was counted is no difference, and nothing is written because of it', () => {
  expect(new Set(Object.values(played.differences))).toEqual(new Set([0]))
  expect([played.idle, played.written]).toEqual([0, 0])
})
