/** Established connections while rules, weights and members change; and what no rule moves. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { run } from '../lab/run.ts'
import { scenario } from './namespace.ts'
import { load, makeSteeringWorld, type Wished, whereTo } from './steering-world.ts'
import { ip } from './world.ts'

interface Session {
  readonly protocol: 'tcp' | 'udp'
  /** All addresses that the far end saw, with blanks between. */
  readonly peer: string
  readonly answered: number
  readonly lost: number
  readonly error: string | null
}

const program = (name: string) => fileURLToPath(new URL(`../lab/programs/${name}.ts`, import.meta.url))
const server = '203.0.113.1'

const node = (name: string, ...args: readonly string[]) => [process.execPath, program(name), ...args]

// Another program's marks, on every packet of half of the connections.
const others = `table inet others {
  chain prerouting { type filter hook prerouting priority -300; iifname "lan0" th sport & 1 == 1 meta mark set 0x10; }
  chain output { type filter hook output priority -300; oifname "wan*" th sport & 1 == 1 meta mark set 0x10; }
  chain forwarded { type nat hook prerouting priority dstnat; iifname "wan2" tcp dport 8081 dnat ip to 192.168.77.2:7000; }
}
`
const marked = '[rule marked]\nmark = 0x10\nuplinks = c:2 b\n'
const everything = (uplinks: string) => `${marked}[rule everything]\nprotocol = tcp udp\nuplinks = ${uplinks}\n`
const plan = JSON.stringify({ host: server, port: 7001, tcp: 16, udp: 16, everyMs: 40 })

const changes: readonly Wished[] = [
  ['mode = failover', everything('a b c'), [1, 9, 1]],
  ['mode = failover', everything('a'), [1, 9, 1]],
  ['mode = failover', everything('b\nsticky = 1h'), [1, 9, 1]],
  ['mode = failover', everything('b c\nmode = random\nsticky = 1h'), [1, 9, 1]],
  ['mode = failover', everything('none'), [1, 9, 1]],
  ['mode = random', marked, [1, 1, 9]],
  ['mode = connection', marked, [1, 1, 1]],
  ['mode = source', everything('c'), [3, 1, 1]],
  ['mode = random\nmasquerade = yes', '[rule other]\nmark = 0x10\nuplinks = a\n', [1, 1, 1]],
]

/** A socket with options that Node.js has not. */
const bind = `import socket, sys
device, mark, to, sport, dport = sys.argv[1:]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
if device: s.setsockopt(socket.SOL_SOCKET, 25, device.encode() + b"\\0")
if mark != "0": s.setsockopt(socket.SOL_SOCKET, 36, int(mark, 0))
s.bind(("", int(sport)))
s.sendto(b"x", (to, int(dport)))
`
const client = `const socket = require('net').connect({ host: '10.2.0.2', port: +process.argv[1], localAddress: '${server}' })
socket.setTimeout(3000, () => socket.destroy())
socket.on('data', (data) => process.stdout.write(data))
socket.on('error', (error) => process.stdout.write(error.code))`

const play = await scenario(import.meta, async () => {
  await makeSteeringWorld()
  for (const number of [1, 2, 3]) {
    await ip('-n', `isp${number}`, 'link', 'set', 'lo', 'up')
    await ip('-n', `isp${number}`, 'address', 'add', `${server}/32`, 'dev', 'lo')
  }
  await ip('link', 'add', 'vpn0', 'type', 'veth', 'peer', 'name', 'vpn1')
  await ip('link', 'set', 'vpn0', 'up')
  await ip('link', 'set', 'vpn1', 'up')
  await run('/usr/sbin/nft', ['-f', '-'], { input: others })
  const internets = [1, 2, 3].map((number) => start(`isp${number}`, node('internet')))
  await Promise.all(internets.map(({ first }) => first))

  // Established connections, while rules, weights, members and modes change.

  await load('mode = failover', everything('a b c'))
  const talkers = await talk()
  // Each change has to meet some of what is said every 40 ms.
  for (const change of changes) {
    await load(...change)
    await setTimeout(150)
  }
  const sessions = await hangUp(talkers)
  await run('/usr/sbin/nft', ['flush', 'chain', 'inet', 'others', 'prerouting'])
  await run('/usr/sbin/nft', ['flush', 'chain', 'inet', 'others', 'output'])

  await load('mode = failover', everything('b c'))
  const last = await talk()
  await load('mode = failover', '')
  await setTimeout(300)
  const afterwards = await hangUp(last)

  // What no rule moves.

  const went: Record<string, unknown> = {}
  let sourcePort = 20_000
  const one = (to: string, from?: string) => ({
    ...{ protocol: 'udp' as const, to, sourcePort: sourcePort++, port: 9 },
    ...(from && { from }),
  })
  const see = async (what: string, to: string, source?: { lan?: string; host?: string }) => {
    const [lan] = await whereTo([one(to, source?.lan ?? '192.168.77.9')], 'lan')
    const [host] = await whereTo([one(to, source?.host)], 'host')
    went[what] = { lan, host }
  }

  const bound = async (device: string, mark: string) => {
    const packet = one('203.0.113.20')
    await run('/usr/bin/python3', ['-c', bind, device, mark, packet.to, String(packet.sourcePort), String(packet.port)])
    // Nothing is sent, and it is looked where that one went.
    return (await whereTo([packet], 'host', { looking: true }))[0]
  }

  await load('mode = failover', '[rule everything]\nprotocol = udp\nuplinks = c\n')
  await see('rule', '203.0.113.30')
  await see('bound to an address', '203.0.113.31', { host: '10.2.0.2' })
  went['bound to a device'] = await bound('wan2', '0')
  went['a mark of another program'] = await bound('', '0xca6c')
  await ip('route', 'add', '198.51.100.8/32', 'via', '10.2.0.1', 'dev', 'wan2')
  await see("main's specific route", '198.51.100.8')
  await ip('route', 'add', '198.51.100.9/32', 'dev', 'vpn0')
  await see("main's specific route to no uplink", '198.51.100.9')
  await ip('route', 'add', 'default', 'via', '10.2.0.1', 'dev', 'wan2', 'table', '5252')
  await ip('rule', 'add', 'priority', '5200', 'to', '198.51.100.10', 'lookup', '5252')
  await see("others' rule", '198.51.100.10')
  await ip('route', 'add', 'default', 'dev', 'vpn0', 'table', '51820')
  await ip('rule', 'add', 'priority', '32764', 'not', 'fwmark', '0xca6c', 'lookup', '51820')
  await ip('rule', 'add', 'priority', '32763', 'lookup', 'main', 'suppress_prefixlength', '0')
  await load('mode = failover', '[rule everything]\nprotocol = udp\nuplinks = c\n')
  await see('wg-quick', '203.0.113.32')
  went['wg-quick, its own'] = await bound('', '0xca6c')
  await ip('rule', 'del', 'priority', '32764')
  await ip('rule', 'del', 'priority', '32763')
  await ip('route', 'add', 'default', 'dev', 'vpn0', 'metric', '1')
  await load('mode = failover', '[rule everything]\nprotocol = udp\nuplinks = c\n')
  await see('a VPN default in main', '203.0.113.33')
  await ip('route', 'del', 'default', 'dev', 'vpn0')
  await load('mode = failover', '[rule everything]\nuplinks = c\n')

  // What comes in by an uplink.

  const services = [start(null, node('listen', '7000', 'host')), start('lan', node('listen', '7000', 'lan'))]
  await Promise.all(services.map(({ first }) => first))
  for (const port of ['7000', '8081']) {
    const asked = ['netns', 'exec', 'isp2', process.execPath, '--input-type=commonjs', '-e', client, port]
    went[`inbound ${port}`] = (await run('/usr/sbin/ip', asked)).stdout.trim()
  }
  for (const { child } of [...internets, ...services]) child.kill('SIGKILL')
  return { sessions, afterwards, went }
})

function start(namespace: string | null, argv: readonly string[]) {
  const whole = namespace === null ? argv : ['/usr/sbin/ip', 'netns', 'exec', namespace, ...argv]
  const [file = '', ...args] = whole
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })
  const said: string[] = []
  lines.on('line', (line) => said.push(line))
  return { child, said, first: once(lines, 'line'), closed: once(lines, 'close') }
}

/** From the LAN, and from the host itself. */
async function talk() {
  const talkers = ['lan', null].map((namespace) => start(namespace, node('sessions', plan)))
  await Promise.all(talkers.map(({ first }) => first))
  return talkers
}

async function hangUp(talkers: Awaited<ReturnType<typeof talk>>) {
  await setTimeout(150)
  for (const { child } of talkers) child.kill('SIGTERM')
  await Promise.all(talkers.map(({ closed }) => closed))
  return talkers.map(({ said }): readonly Session[] =>
    said.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line)),
  )
}

let played: Awaited<ReturnType<typeof play>>

beforeAll(async () => {
  played = await play({})
})

test.each([
  ['forwarded', 0],
  ['local', 1],
])(
  'established connections, %s, marked by others or not, stay while rules, weights, members and modes change',
  (_, at) => {
    const all = played.sessions[at] ?? []
    expect(all.filter(({ lost, error }) => lost > 0 || error !== null)).toEqual([])
    expect(all).toHaveLength(32)
    const peers = new Set(all.map(({ peer }) => peer))
    expect([...peers].sort()).toEqual(['10.1.0.2', '10.2.0.2', '10.3.0.2'])
    // Something was said between any two of nine changes.
    for (const { answered } of all) expect(answered).toBeGreaterThan(9)
  },
)

test('and when the last rule is gone', () => {
  const { afterwards } = played
  expect(afterwards.map((all) => all.length)).toEqual([32, 32])
  for (const all of afterwards) {
    expect(all.filter(({ lost, error, peer }) => lost > 0 || error !== null || !/^10\.[23]\.0\.2$/.test(peer))).toEqual(
      [],
    )
  }
})

test.each([
  ['rule', { lan: 3, host: 3 }],
  // Its address says nothing more than what the kernel would have chosen.
  ['bound to an address', { lan: 3, host: 3 }],
  ['bound to a device', 2],
  ['a mark of another program', 1],
  ["main's specific route", { lan: 2, host: 2 }],
  ["main's specific route to no uplink", { lan: null, host: null }],
  ["others' rule", { lan: 2, host: 2 }],
  ['wg-quick', { lan: null, host: null }],
  ['wg-quick, its own', 1],
  ['a VPN default in main', { lan: null, host: null }],
])('%s: where it goes while a rule steers everything by the third uplink', (what, where) => {
  expect(played.went[what]).toEqual(where)
})

test('what comes in by an uplink is answered by it, whatever rules say', () => {
  expect(played.went).toMatchObject({ 'inbound 7000': 'host', 'inbound 8081': 'lan' })
})
