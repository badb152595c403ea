/** What people are told of a line: why it is in its state now, and since when. */
import { expect, test } from 'vitest'
import { toHealth, verdict } from '../../../../src/daemon/lines/texts.ts'
import { advanceTogether } from '../../../../src/lines/family.ts'
import { newLine } from '../../../../src/lines/machine.ts'
import type { BurstEnded, PathHealth } from '../../../../src/lines/path-health.ts'
import { settingsOf } from '../../lines/simulation.ts'

const settings = settingsOf()
const egress = { uplink: 'wan1', family: 'inet', device: 'wan1', gateway: null, source: null } as const
const begun: PathHealth = { ...newLine(0, settings), state: 'online', why: '2 of 3 targets answered', since: 0 }
const told = (line: PathHealth) => ({ egress, settings, line, told: line.state, lastProbe: null, standings: new Map() })
const why = (line: PathHealth, now = 100_000) => toHealth(told(line), now).why

test('degraded: what degrades it, not what it was last asked', () => {
  const outcomes = Array.from({ length: 50 }, (_, i) => i % 3 !== 0)
  expect(why({ ...begun, degraded: true, outcomes })).toBe('34 % of probes are lost, more than 10 %')
  expect(why({ ...begun, degraded: true, rtt: { smooth: 2100, deviation: 10, last: 2100, least: 2100 } })).toBe(
    'answers take 2100 ms, more than 750',
  )
  expect(verdict(told({ ...begun, degraded: true, outcomes }), 0)).toMatch(/^wan1 degraded over IPv4: 34 % of probes/)
  expect(why(begun)).toBe('2 of 3 targets answered')
})

test('held down: that it answers, and how long it is held yet', () => {
  const held = { ...begun, state: 'offline', why: '0 of 3 targets answered', since: 99_000 } as const
  const penalty = { penalty: 3, penaltyAt: 99_000 }
  expect(why({ ...held, ...penalty, answers: 2 })).toBe(
    'it answers again, and is held down for 14 s more, as it failed before',
  )
  expect(why({ ...held, ...penalty })).toBe('0 of 3 targets answered')
})

test('silent while others are asked, and while no other answers either', () => {
  const silent = { ...begun, state: 'suspect', why: '0 of 3 targets answered', silent: true } as const
  expect(toHealth(told(silent), 0)).toMatchObject({ state: 'suspect', why: '0 of 3 targets answered' })
  const general = { ...told(silent), told: 'offline' } as const
  expect(toHealth(general, 0).why).toBe('0 of 3 targets answered, and no other line answers')
})

test("another line's failure is no news of a line that answers", () => {
  const lines = new Map([
    ['wan1', begun],
    ['wan2', begun],
  ])
  const send = (key: string, event: BurstEnded | { readonly kind: 'ask' }, now: number) => {
    const members = new Map([...lines].map(([name, line]) => [name, { line, settings }]))
    const next = advanceTogether(members, [{ key, event }], now, false)
    for (const [name, line] of next.lines) lines.set(name, line)
    return next.effects.map((effect) => effect.key)
  }
  const ended = { kind: 'burst', targets: 3, unknown: 0, spanMs: 150 } as const
  send('wan2', { kind: 'ask' }, 50_000)
  expect(send('wan2', { ...ended, answered: 0, rttMs: null }, 50_400)).toEqual(['wan1'])
  expect(send('wan1', { ...ended, answered: 2, rttMs: 20 }, 50_450)).toEqual(['wan2'])
  send('wan2', { ...ended, answered: 0, rttMs: null }, 50_900)
  expect(lines.get('wan2')).toMatchObject({ state: 'offline', since: 50_900 })
  expect(lines.get('wan1')).toMatchObject({ state: 'online', since: 0, why: '2 of 3 targets answered' })
})

test('what an outage has lost is no measure of quality, however it ended', () => {
  const answered = Array.from({ length: 25 }, () => true)
  let line: PathHealth = { ...begun, outcomes: answered }
  const send = (event: Parameters<typeof advanceTogether>[1][number]['event'], now: number) => {
    const next = advanceTogether(new Map([['wan1', { line, settings }]]), [{ key: 'wan1', event }], now, false)
    line = next.lines.get('wan1') ?? line
  }
  for (let i = 0; i < 15; i++) send({ kind: 'miss' }, 1000 * i)
  expect(line.degraded).toBe(false)
  send({ kind: 'answer', rttMs: 20 }, 16_000)
  expect(toHealth(told(line), 16_000)).toMatchObject({ degraded: false, loss: 0 })
})
