import { beforeAll, expect, test } from 'vitest'
import { checkShare } from '../lab/shares.ts'
import { inNamespace } from './namespace.ts'

/** By what was loaded; by side and family, for each packet the uplink that it took. */
let seen: Readonly<Record<string, Readonly<Record<string, readonly (number | null)[]>>>>
let errors: Readonly<Record<string, Readonly<Record<'host' | 'lan', readonly string[]>>>>

beforeAll(async () => {
  const { stdout } = await inNamespace(new URL('play-steering-actions.ts', import.meta.url), [], { timeoutMs: 170_000 })
  ;({ seen, errors } = JSON.parse(stdout))
}, 180_000)

const sides = ['lan 4', 'lan 6', 'host 4', 'host 6']

function of(what: string, side: string): readonly (number | null)[] {
  const packets = seen[what]?.[side]
  if (packets === undefined) throw new Error(`nothing was sent: ${what}, ${side}`)
  return packets
}

/** How many packets of the same clients and hosts went elsewhere. */
function moved(before: string, after: string, side: string): number {
  return of(after, side).filter((uplink, at) => uplink !== of(before, side)[at]).length
}

test.each(['connection', 'random', 'random for everything'])('%s: by weight', (what) => {
  for (const side of sides) {
    const packets = of(what, side)
    for (const [at, weight] of [1, 2, 5].entries()) {
      const hits = packets.filter((uplink) => uplink === at + 1).length
      checkShare(hits, packets.length, weight / 8, `${side} by uplink ${at + 1}`)
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

test.each([
  ['failover', [3, 3, 3, 3]],
  ['failover, the first is dead', [2, 2, 2, 2]],
  ['failover, both are dead: balance', [1, 1, 1, 1]],
  ['last-resort main', [1, 1, 1, 1]],
  ['last-resort unreachable', [null, null]],
  ['last-resort prohibit', [null, null]],
  ['last-resort blackhole', [null, null]],
  ['none', [1, 1, 1, 1]],
  ['first match', [2, 2, 2, 3, 3, 1, 1]],
])('%s', (what, expected) => {
  for (const side of sides) expect(of(what, side), side).toEqual(expected)
})

const four = '203.0.113.9'
const six = '2001:db8:ffff::9'

test.each([
  ['unreachable', [`tcp ${six} No route to host`, `tcp ${four} No route to host`], [`udp ${six}`, `udp ${four}`]],
  [
    'prohibit',
    [`tcp ${six} Permission denied`, `tcp ${four} No route to host`],
    [`udp ${six} Permission denied`, `udp ${four} No route to host`],
  ],
  ['blackhole', [`tcp ${six}`, `tcp ${four}`], [`udp ${six}`, `udp ${four}`]],
])('last-resort %s: what programs hear', (resort, tcp, udp) => {
  const heard = (side: 'host' | 'lan') => errors[resort]?.[side].map((line) => line.trim())
  expect(heard('lan')).toEqual([...tcp, ...udp])
  // nftables refuses what a local program sends at once, except that TCP tries again.
  expect(heard('host')).toEqual([...tcp, ...[six, four].map((to) => `udp ${to} Operation not permitted`)])
})

test('sticky: other weights move nobody, a dead uplink only its own clients, and they stay where they went', () => {
  for (const side of sides) {
    expect(new Set(of('sticky', side)).size, side).toBeGreaterThan(1)
    expect(moved('sticky', 'sticky, new weights', side), side).toBe(0)
    expect(moved('sticky', 'sticky, weights as before', side), side).toBe(0)
    const dead = of('sticky', side).filter((uplink) => uplink === 2).length
    expect(moved('sticky', 'sticky, the second is dead', side), side).toBe(dead)
    expect(of('sticky, the second is dead', side)).not.toContain(2)
    expect(of('sticky, the second is back', side)).toEqual(of('sticky, the second is dead', side))
    expect(new Set(of('sticky, two', side)), side).toEqual(new Set([1, 2]))
    expect(of('sticky, two, the first is back', side), side).toEqual(Array(40).fill(2))
  }
})
