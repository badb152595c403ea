import { expect, test } from 'vitest'
import { parseUdpFlow } from '../../../src/kernel/conntrack/udp-flows.ts'
import { parsePeers } from '../../../src/kernel/wireguard.ts'
import { conversationOf, type Moved, strayed } from '../../../src/lines/tunnels.ts'
import type { TunnelPeer, UdpFlow } from '../../../src/model/tunnel.ts'

const key = `${'A'.repeat(43)}=`
const peer: TunnelPeer = {
  ...{ device: 'wg0', key, endpoint: '203.0.113.1:51820', family: 'inet', address: '203.0.113.1', port: 51820 },
  listenPort: 40000,
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
) {
  const ways = {
    carrying: { inet: new Set(carrying), inet6: none },
    alive: { inet: new Set(alive), inet6: none },
    numberOf: (mark: number) => mark,
    since: 0,
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

test('looking goes on only while one is astray', () => {
  expect(moves([by(1)]).astray).toBe(false)
  expect(moves([theirs]).astray).toBe(false)
  expect(moves([by(2)], 0).astray).toBe(true)
  expect(moves([by(2), by(1)], 0).astray).toBe(true)
  expect(moves([]).astray).toBe(true)
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

test('what wg(8) lists', () => {
  const ports = 'wg0\t40000\nwg1\t0\n'
  const lines = [
    `wg0\t${key}\t203.0.113.1:51820`,
    `wg0\t${key}\t[2001:db8::1]:51821`,
    `wg0\t${key}\t(none)`,
    `wg0\tno key\t203.0.113.1:1`,
    `wg1\t${key}\t203.0.113.1:51820`,
    `wg0\t${key}\t[fe80::1%wan1]:51820`,
  ]
  expect(parsePeers(ports, `${lines.join('\n')}\n`).map(({ endpoint }) => endpoint)).toEqual([
    '203.0.113.1:51820',
    '[2001:db8::1]:51821',
  ])
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
