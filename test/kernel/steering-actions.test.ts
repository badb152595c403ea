/** What rules do with a connection: where packets go that each takes, of the LAN and of the host, in both families. */
import { beforeAll, expect, test } from 'vitest'
import type { Packet } from '../lab/programs/send.ts'
import { type Result, run } from '../lab/run.ts'
import { checkShare } from '../lab/shares.ts'
import { scenario } from './namespace.ts'
import { lanHosts, load, makeSteeringWorld, setCarrier, type Wished, whereTo } from './steering-world.ts'

/** By side and family, for each packet the uplink that it took. */
type Where = Readonly<Record<string, readonly (number | null)[]>>

const sides = ['lan 4', 'lan 6', 'host 4', 'host 6']
const failover = 'mode = failover'

/** By weight, 1 to 2 to 5. */
const shares: Readonly<Record<string, Wished>> = {
  connection: [failover, '[rule x]\nprotocol = udp\nuplinks = a:1 b:2 c:5\n'],
  random: [failover, '[rule x]\nprotocol = udp\nuplinks = a:1 b:2 c:5\nmode = random\n'],
  'random for everything': ['mode = random', '', [1, 2, 5]],
}

interface Scene {
  readonly dead?: readonly number[]
  readonly rules: string
  /** That packets to ports 1000, 1001, ... take. */
  readonly uplinks: readonly (number | null)[]
}

const order = '[rule x]\nprotocol = udp\nuplinks = c b\nmode = failover\n'
const bothDead = (resort: string) => ({
  dead: [3, 2],
  rules: `[rule x]\nprotocol = udp tcp\nuplinks = c b\nlast-resort = ${resort}\n`,
  uplinks: [null, null],
})

const scenes: Readonly<Record<string, Scene>> = {
  failover: { rules: order, uplinks: [3, 3, 3, 3] },
  'failover, the first is dead': { dead: [3], rules: order, uplinks: [2, 2, 2, 2] },
  'failover, both are dead: balance': { dead: [3, 2], rules: order, uplinks: [1, 1, 1, 1] },
  'last-resort main': { dead: [3, 2], rules: `${order}last-resort = main\n`, uplinks: [1, 1, 1, 1] },
  'last-resort unreachable': bothDead('unreachable'),
  'last-resort prohibit': bothDead('prohibit'),
  'last-resort blackhole': bothDead('blackhole'),
  none: {
    rules: '[rule x]\nprotocol = udp\nuplinks = none\n[rule y]\nport = 1-65535\nuplinks = c\n',
    uplinks: [1, 1, 1, 1],
  },
  'first match': {
    rules: '[rule one]\nport = 1000-1002\nuplinks = b\n[rule two]\nport = 1002-1004\nuplinks = c\n',
    uplinks: [2, 2, 2, 3, 3, 1, 1],
  },
}

const four = '203.0.113.9'
const six = '2001:db8:ffff::9'

/** What programs of the LAN hear where nothing is left, by TCP and by UDP. */
const heard: Readonly<Record<string, readonly [tcp: readonly string[], udp: readonly string[]]>> = {
  'last-resort unreachable': [
    [`tcp ${six} No route to host`, `tcp ${four} No route to host`],
    [`udp ${six}`, `udp ${four}`],
  ],
  'last-resort prohibit': [
    [`tcp ${six} Permission denied`, `tcp ${four} No route to host`],
    [`udp ${six} Permission denied`, `udp ${four} No route to host`],
  ],
  'last-resort blackhole': [
    [`tcp ${six}`, `tcp ${four}`],
    [`udp ${six}`, `udp ${four}`],
  ],
}

const sticky = (uplinks: string): Wished => [
  failover,
  `[rule x]\nprotocol = udp\nuplinks = ${uplinks}\nmode = flow\nsticky = 1h\n`,
]

/** One after the other: what was remembered before counts. */
const stickyScenes: Readonly<Record<string, { readonly dead?: readonly number[]; readonly uplinks: string }>> = {
  sticky: { uplinks: 'a b c' },
  'new weights': { uplinks: 'a:1 b:200 c:1' },
  'weights as before': { uplinks: 'a b c' },
  'the second is dead': { dead: [2], uplinks: 'a b c' },
  'the second is back': { uplinks: 'a b c' },
  // While one of two is dead there is nothing to choose.
  two: { uplinks: 'a b' },
  'two, the first is dead': { dead: [1], uplinks: 'a b' },
  'two, the first is back': { uplinks: 'a b' },
}

/** bash names the error. */
const say = `for server in ${four} ${six}; do for kind in tcp udp; do
  (
    heard=$(timeout 3 bash -c "exec 3<>/dev/$kind/$server/9 && echo x >&3 && sleep 0.3 && echo x >&3" 2>&1 | head -n 1)
    echo "$kind $server \${heard##*: }"
  ) &
done; done; wait`

let sourcePort = 10_000
const down = new Set<number>()

const play = await scenario(import.meta, async () => {
  await makeSteeringWorld()
  const seen: Record<string, Where> = {}
  const errors: Record<string, Readonly<Record<'host' | 'lan', readonly string[]>>> = {}

  for (const [what, wished] of Object.entries(shares)) {
    await load(...wished)
    seen[what] = await send(400)
  }
  await load(failover, '[rule x]\nprotocol = udp\nuplinks = a b c\nmode = flow\n')
  seen['flow'] = await send(200, { clients: 5, hosts: 4 })
  await load(failover, '[rule x]\nprotocol = udp\nuplinks = a b c\nmode = source\n')
  seen['source'] = await send(200, { clients: 10 })

  for (const [what, { dead, rules, uplinks }] of Object.entries(scenes)) {
    await onlyDead(dead)
    await load(failover, rules)
    seen[what] = await send(uplinks.length)
    if (heard[what]) errors[what] = await hear()
  }
  for (const [what, { dead, uplinks }] of Object.entries(stickyScenes)) {
    await onlyDead(dead)
    await load(...sticky(uplinks))
    seen[what] = await send(what.startsWith('two') ? 40 : 80, { clients: 10, hosts: 4 })
  }
  return { seen, errors }
})

async function onlyDead(dead: readonly number[] = []): Promise<void> {
  for (const uplink of [1, 2, 3]) {
    if (dead.includes(uplink) === down.has(uplink)) continue
    await setCarrier(uplink, down.has(uplink) ? 'up' : 'down')
    if (!down.delete(uplink)) down.add(uplink)
  }
}

interface Spread {
  readonly clients?: number
  readonly hosts?: number
}

/** So many first packets of each side and family, of clients and to hosts that take turns. */
async function send(count: number, spread: Spread = {}): Promise<Where> {
  const all: Record<string, readonly (number | null)[]> = {}
  for (const from of ['lan', 'host'] as const) {
    const where = await whereTo([...packets(from, count, spread, false), ...packets(from, count, spread, true)], from)
    all[`${from} 4`] = where.slice(0, count)
    all[`${from} 6`] = where.slice(count)
  }
  return all
}

function packets(from: 'lan' | 'host', count: number, spread: Spread, isSix: boolean): readonly Packet[] {
  const { clients = lanHosts, hosts = 200 } = spread
  const lan = (client: number) => (isSix ? `fd00:77::${client.toString(16)}` : `192.168.77.${client}`)
  const far = (host: number) => (isSix ? `2001:db8:ffff::${host.toString(16)}` : `203.0.113.${host}`)
  return Array.from({ length: count }, (_, at) => ({
    ...{ protocol: 'udp' as const, to: far(1 + (at % hosts)), sourcePort: sourcePort++, port: 1000 + (at % 7) },
    ...(from === 'lan' && { from: lan(2 + (at % clients)) }),
  }))
}

async function hear(): Promise<Readonly<Record<'host' | 'lan', readonly string[]>>> {
  const lines = ({ stdout }: Result) => stdout.trim().split('\n').sort()
  const [host, lan] = await Promise.all([
    run('/bin/bash', ['-c', say]),
    run('/usr/sbin/ip', ['netns', 'exec', 'lan', '/bin/bash', '-c', say]),
  ])
  return { host: lines(host), lan: lines(lan) }
}

let played: Awaited<ReturnType<typeof play>>

beforeAll(async () => {
  played = await play({})
})

function of(what: string, side: string): readonly (number | null)[] {
  const packetsOf = played.seen[what]?.[side]
  if (packetsOf === undefined) throw new Error(`nothing was sent: ${what}, ${side}`)
  return packetsOf
}

test.each(Object.keys(shares))('%s: by weight', (what) => {
  for (const side of sides) {
    const went = of(what, side)
    for (const [at, weight] of [1, 2, 5].entries()) {
      const hits = went.filter((uplink) => uplink === at + 1).length
      checkShare(hits, went.length, weight / 8, `${side} by uplink ${at + 1}`)
    }
  }
})

test('flow: the same source and destination have the same uplink; source: a client has one', () => {
  const clients = (what: string, side: string, period: number) =>
    new Set(of(what, side).map((uplink, at) => `${at % period} ${uplink}`)).size
  for (const side of sides) expect(clients('flow', side, 20)).toBe(20)
  for (const side of ['lan 4', 'lan 6']) {
    expect(clients('source', side, 10)).toBe(10)
    expect(new Set(of('source', side)).size).toBe(3)
  }
  // The host is one client.
  for (const side of ['host 4', 'host 6']) expect(new Set(of('source', side)).size).toBe(1)
})

test.each(Object.entries(scenes))('%s', (what, { uplinks }) => {
  for (const side of sides) expect(of(what, side), side).toEqual(uplinks)
})

test.each(Object.entries(heard))('%s: what programs hear', (what, [tcp, udp]) => {
  const hears = (side: 'host' | 'lan') => played.errors[what]?.[side].map((line) => line.trim())
  expect(hears('lan')).toEqual([...tcp, ...udp])
  // nftables refuses what a local program sends at once, except that TCP tries again.
  expect(hears('host')).toEqual([...tcp, ...[six, four].map((to) => `udp ${to} Operation not permitted`)])
})

test('sticky: other weights move nobody, a dead uplink only its own clients, and they stay where they went', () => {
  for (const side of sides) {
    const before = of('sticky', side)
    const moved = (after: string) => of(after, side).filter((uplink, at) => uplink !== before[at]).length
    expect(new Set(before).size, side).toBeGreaterThan(1)
    expect(moved('new weights'), side).toBe(0)
    expect(moved('weights as before'), side).toBe(0)
    expect(moved('the second is dead'), side).toBe(before.filter((uplink) => uplink === 2).length)
    expect(of('the second is dead', side)).not.toContain(2)
    expect(of('the second is back', side)).toEqual(of('the second is dead', side))
    expect(new Set(of('two', side)), side).toEqual(new Set([1, 2]))
    expect(of('two, the first is back', side), side).toEqual(Array(40).fill(2))
  }
})
