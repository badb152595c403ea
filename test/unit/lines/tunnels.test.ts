import { expect, test } from 'vitest'
import { parseUdpFlow } from '../../../src/kernel/conntrack/udp-flows.ts'
import { parsePeers } from '../../../src/kernel/wireguard.ts'
import { conversationOf, type Moved, strayed } from '../../../src/lines/tunnels.ts'
import { type TunnelPeer, tunnelKey, type UdpFlow } from '../../../src/model/tunnel.ts'

const key = `${'A'.repeat(43)}=`
const peer: TunnelPeer = {
  ...{ device: 'wg0', key, endpoint: '203.0.113.1:51820', family: 'inet', address: '203.0.113.1', port: 51820 },
  listenPort: 40000,
  mark: 0,
}
/** A packet of ours by an uplink, whose number is the mark here. */
const by = (mark: number, more: Partial<UdpFlow> = {}): UdpFlow => ({
  ...{ source: '10.0.0.2', sourcePort: 40000, destination: '203.0.113.1', destinationPort: 51820, mark },
  answeredAt: '10.0.0.2',
  isAnswered: true,
  ...more,
})
const theirs: UdpFlow = {
  ...{ source: '203.0.113.1', sourcePort: 51820, destination: '10.0.0.2', destinationPort: 40000, mark: 2 },
  answeredAt: '203.0.113.1',
  isAnswered: true,
}
const none = new Set<number>()

/** How many are moved by these flows, where new connections take uplink 1, and 1 and 2 are alive unless said. */
function moves(
  flows: readonly UdpFlow[],
  now = 100_000,
  alive: readonly number[] = [1, 2],
  before: Moved = new Map(),
  carrying = [1],
  home: readonly number[] | null = null,
  since = 0,
  since6 = since,
) {
  const ways = {
    carrying: { inet: new Set(carrying), inet6: none },
    alive: { inet: new Set(alive), inet6: none },
    numberOf: ({ mark }: UdpFlow) => mark,
    since: { inet: since, inet6: since6 },
    homes: new Map(home === null ? [] : [[tunnelKey(peer), new Set(home)]]),
  }
  return strayed(before, [peer], flows, ways, now)
}

test.each<[string, readonly UdpFlow[], number, readonly number[], number]>([
  ['where new connections go', [by(1)], 100_000, [1, 2], 0],
  ['on a dead line: at once', [by(2)], 0, [1], 1],
  ['nobody knows where: at once', [], 0, [1], 1],
  ['on a line that works: not yet', [by(2)], 2000, [1, 2], 0],
  ['on a line that works: when the better one has stayed', [by(2)], 3000, [1, 2], 1],
  ['with one connection where it should be, and one by a line that works: not yet', [by(2), by(1)], 2000, [1, 2], 0],
  ['with one connection where it should be, and one by a line that works', [by(2), by(1)], 3000, [1, 2], 1],
  ['with one connection where it should be, and one by a dead line: at once', [by(2), by(1)], 0, [1], 1],
  ["of the peer's making", [theirs], 100_000, [1, 2], 0],
  ["of the peer's making, on a dead line: at once", [theirs], 0, [1], 1],
  ['that a late packet of the peer looks like: at once', [{ ...theirs, isAnswered: false }], 0, [1], 1],
  ['of both makings, on a dead line', [theirs, by(2)], 0, [1], 1],
  ['another port of ours', [by(1, { sourcePort: 40001 })], 0, [1], 1],
])('a tunnel %s', (_, flows, now, alive, count) => {
  expect(moves(flows, now, alive).moves).toHaveLength(count)
})

/** What `ifbalance explain` would say of it, where new connections take uplink 1; 0 is no uplink. */
test.each<[string, readonly UdpFlow[], readonly number[], readonly number[], number]>([
  ['stays where a rule has it', [by(2)], [1, 2], [2], 0],
  ['goes where a rule has it', [by(1)], [1, 2], [2], 1],
  ['leaves the dead line of its rule', [by(2)], [1], [1], 1],
  ['stays on the dead line of a rule that names no other', [by(2)], [1], [2], 0],
  ['stays where its rule spreads it', [by(2)], [1, 2], [1, 2], 0],
  ['in the LAN, or in a VPN, is not ours', [by(0)], [1, 2], [0], 0],
  ['that would begin in the LAN now is not ours', [by(2)], [1], [0], 0],
  ['that nobody has heard, and that is in the LAN, is not ours', [], [1], [0], 0],
  ['that goes by no uplink is left to who had it so', [by(0)], [1], [1], 0],
  ['for which there is no way stays', [by(2)], [1], [], 0],
])('a tunnel %s', (_, flows, alive, home, count) => {
  expect(moves(flows, 3000, alive, new Map(), [1], home).moves).toHaveLength(count)
})

test('of which nothing is known is moved once for each change of its family', () => {
  const first = moves([], 100, [1])
  expect(first.moves).toHaveLength(1)
  expect(moves([], 300, [1], first.moved, [1], null, 200).moves).toHaveLength(1)
  expect(moves([], 300, [1], first.moved, [1], null, 0, 200)).toMatchObject({ moves: [], lookUntil: 60_000 })
  expect(moves([], 50_000, [1], first.moved)).toMatchObject({ moves: [], lookUntil: 60_000 })
})

test('looking goes on for a moment, and longer while one is astray', () => {
  expect(moves([by(1)]).lookUntil).toBe(5000)
  expect(moves([theirs]).lookUntil).toBe(5000)
  expect(moves([by(2)], 0).lookUntil).toBe(60_000)
  expect(moves([by(2), by(1)], 0).lookUntil).toBe(60_000)
  expect(moves([]).lookUntil).toBe(60_000)
})

test('what a move leaves is what goes by lines that do not carry, by the address that the peer knows', () => {
  const translated = by(2, { answeredAt: '10.0.1.2' })
  const [move] = moves([theirs, translated], 100_000).moves
  expect(move?.leaves.map((flow) => conversationOf(flow, peer))).toEqual([
    { address: '10.0.0.2', port: 40000, peer: '203.0.113.1', peerPort: 51820 },
    { address: '10.0.1.2', port: 40000, peer: '203.0.113.1', peerPort: 51820 },
  ])
})

test('where nothing carries, it stays', () => {
  expect(moves([by(2)], 0, [], new Map(), []).moves).toEqual([])
})

test('after a move it is waited for, twice as long each time, and in the end forgotten', () => {
  let moved: Moved = new Map()
  const at: number[] = []
  for (let now = 0; now <= 20_000; now += 500) {
    const next = moves([by(2)], now, [1], moved)
    moved = next.moved
    if (next.moves.length > 0) at.push(now)
  }
  expect(at).toEqual([0, 2000, 6000, 14_000])
  expect(moves([by(1)], 700_000, [1], moved).moved.size).toBe(0)
})

test('patience is for lines that are poor, and outlasts a minute', () => {
  const often: Moved = new Map([[tunnelKey(peer), { at: 10_000, times: 7 }]])
  const back = (now: number) => moves([by(2)], now, [1, 2], often, [1], null, 20_000)
  expect(back(80_000)).toMatchObject({ moves: [], lookUntil: 198_000 })
  expect(back(138_000).moves).toHaveLength(1)
  const left = moves([by(2)], 20_000, [1], often, [1], null, 20_000)
  expect(left.moves).toHaveLength(1)
  expect([...left.moved.values()]).toEqual([{ at: 20_000, times: 7 }])
})

test('what wg(8) lists', () => {
  const ports = 'wg0\t40000\nwg1\t0\n'
  // As it is: an interface is named before its first peer alone, and one that has none ends without a line.
  const lines = [
    `wg2\twg0\t${key}\t203.0.113.1:51820`,
    `${key}\t[2001:db8::1]:51821`,
    `${key}\t(none)`,
    'no key\t203.0.113.1:1',
    `${key}\t[fe80::1%wan1]:51820`,
    `wg1\t${key}\t203.0.113.1:51820`,
  ]
  expect(parsePeers(ports, 'wg0\t0xca6c\nwg1\toff\n', `${lines.join('\n')}\n`)).toMatchObject([
    { device: 'wg0', endpoint: '203.0.113.1:51820', mark: 0xca6c },
    { device: 'wg0', endpoint: '[2001:db8::1]:51821', mark: 0xca6c },
  ])
  expect(parsePeers('wg1\t1\n', 'wg1\toff\n', `${lines[5]}\n`)).toMatchObject([{ device: 'wg1', mark: 0 }])
})

test('what conntrack(8) lists', () => {
  const line =
    'udp      17 59 src=10.2.0.50 dst=203.0.113.1 sport=40000 dport=51820 src=203.0.113.1 dst=10.2.0.50 sport=51820 dport=40000 [ASSURED] mark=1107296256 use=1'
  expect(parseUdpFlow(line)).toEqual({
    ...{ source: '10.2.0.50', sourcePort: 40000, destination: '203.0.113.1', destinationPort: 51820 },
    answeredAt: '10.2.0.50',
    mark: 0x42000000,
    isAnswered: true,
  })
  expect(parseUdpFlow('tcp      6 59 ESTABLISHED src=1.2.3.4 dst=1.1.1.1 sport=1 dport=2 ')).toBeNull()
})
