import { beforeAll, expect, test } from 'vitest'
import { inNamespace } from './namespace.ts'

interface Session {
  readonly protocol: 'tcp' | 'udp'
  /** All addresses that the far end saw, with blanks between. */
  readonly peer: string
  readonly answered: number
  readonly lost: number
  readonly error: string | null
}

let sessions: readonly (readonly Session[])[]
let afterwards: typeof sessions
let went: Readonly<Record<string, unknown>>

beforeAll(async () => {
  const { stdout } = await inNamespace(new URL('play-steering-flows.ts', import.meta.url), [], { timeoutMs: 110_000 })
  ;({ sessions, afterwards, went } = JSON.parse(stdout))
}, 120_000)

test.each([
  ['forwarded', 0],
  ['local', 1],
])(
  'established connections, %s, marked by others or not, stay while rules, weights, members and modes change',
  (_, at) => {
    const all = sessions[at] ?? []
    expect(all.filter(({ lost, error }) => lost > 0 || error !== null)).toEqual([])
    expect(all).toHaveLength(32)
    const peers = new Set(all.map(({ peer }) => peer))
    expect([...peers].sort()).toEqual(['10.1.0.2', '10.2.0.2', '10.3.0.2'])
    // Something was said between any two of nine changes.
    for (const { answered } of all) expect(answered).toBeGreaterThan(9)
  },
)

test('and when the last rule is gone', () => {
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
  expect(went[what]).toEqual(where)
})

test('what comes in by an uplink is answered by it, whatever rules say', () => {
  expect(went).toMatchObject({ 'inbound 7000': 'host', 'inbound 8081': 'lan' })
})
