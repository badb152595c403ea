/** Whole days of a line, in fast motion. */
import { expect, test } from 'vitest'
import { advanceTogether } from '../../../src/lines/family.ts'
import { advance, newLine } from '../../../src/lines/machine.ts'
import type { LineEvent, PathHealth } from '../../../src/lines/path-health.ts'
import { settingsOf, simulate } from './simulation.ts'

const hour = 3_600_000
const day = 24 * hour

/** 2 % loss, 30 ms and up to 200 ms of jitter on top. */
const rough = (_now: number, random: () => number) => (random() < 0.02 ? null : 30 + random() * 200)
const healthy = () => 30

test('24 hours of 2 % loss and 200 ms jitter: no false failover, idle and under traffic', { timeout: 60_000 }, () => {
  const idle = simulate({ answer: rough }, day, settingsOf())
  expect(idle.failovers).toBe(0)
  expect(idle.line.degraded).toBe(false)
  // It was not for want of looking: 1,700 losses were doubted.
  expect(idle.bursts).toBeGreaterThan(1000)
  const busy = simulate(
    { answer: rough, traffic: (_, random) => ({ sent: Math.floor(random() * 6) }) },
    4 * hour,
    settingsOf(),
    2,
  )
  expect(busy.failovers).toBe(0)
  const metered = simulate({ answer: rough }, day, settingsOf({ metered: true }), 3)
  expect(metered.failovers).toBe(0)
})

test('an idle metered line costs less than 3 MB a day, also a rough one with stray packets that nobody answers', () => {
  const settings = settingsOf({ metered: true })
  const quiet = simulate({ answer: healthy }, day, settings)
  const stray = (_now: number, random: () => number) => ({ sent: random() < 0.01 ? 1 : 0 })
  const oneWay = simulate({ answer: rough, traffic: stray }, day, settings, 4)
  process.stdout.write(
    `  idle metered line: ${quiet.probeBytes} bytes a day, rough with stray packets ${oneWay.probeBytes}\n`,
  )
  expect(quiet.probeBytes).toBeGreaterThan(10_000)
  expect(quiet.probeBytes).toBeLessThan(3_000_000)
  expect(oneWay.probeBytes).toBeLessThan(3_000_000)
  // IPv6 as well, with packets 20 bytes longer.
  expect(2.5 * oneWay.probeBytes).toBeLessThan(3_000_000)
})

// Ticks are rare on an idle line: it may die at any time between two.
test.each([0, 100, 200, 300, 400, 500, 600, 700, 800, 900])(
  'B3 a blackhole under traffic is found in well under a second, an idle one in two (%i ms later)',
  (phase) => {
    const dies = 60_050 + phase
    const asks = 70_000 + phase
    const dead = (now: number) => (now < dies ? 30 : null)
    const found = (history: ReturnType<typeof simulate>) =>
      (history.changes.find(({ state }) => state === 'offline')?.at ?? Number.POSITIVE_INFINITY) - dies
    const busy = simulate({ answer: dead, traffic: () => ({ sent: 3 }) }, 70_000, settingsOf())
    const rare = simulate({ answer: dead, traffic: (now) => ({ sent: now % 300 === 0 ? 1 : 0 }) }, 70_000, settingsOf())
    const idle = simulate({ answer: dead }, 70_000, settingsOf())
    const metered = simulate(
      { answer: dead, traffic: (now) => ({ sent: [asks, asks + 1000, asks + 3000].includes(now) ? 1 : 0 }) },
      90_000,
      settingsOf({ metered: true }),
    )
    expect(found(busy)).toBeLessThan(900)
    expect(found(rare)).toBeLessThan(1800)
    expect(found(idle)).toBeLessThan(2000)
    // A connection attempt is the first packet that is not answered.
    expect(found(metered) - (asks - dies)).toBeLessThan(2000)
  },
)

test.each([0, 300, 1050])(
  'its first answers took %i ms: a line that dies soon after is found as early as any',
  (first) => {
    for (const dies of [5000, 8000, 15_000]) {
      const answer = (now: number) => (now >= dies ? null : now < first ? first - now : 1)
      const { changes } = simulate({ answer }, 60_000, settingsOf())
      const found = changes.find(({ at, state }) => at >= dies && state === 'offline')?.at ?? Number.POSITIVE_INFINITY
      expect(found - dies).toBeLessThanOrEqual(850)
    }
  },
)

test('B5 a line with 3 s latency comes back as the last choice, and is one like the others when it is fast again', () => {
  const slow = (now: number) => (now > 30_000 && now < 300_000 ? 3000 : 30)
  const { changes, line } = simulate({ answer: slow }, 600_000, settingsOf())
  const during = changes.filter(({ at }) => at > 31_000 && at < 300_000).at(-1)
  expect(during).toMatchObject({ state: 'online', degraded: true })
  expect(line).toMatchObject({ state: 'online', degraded: false })
})

test('B9 a brown-out that comes and goes: each return takes longer', () => {
  const browning = (now: number) => (now % 20_000 < 5000 ? null : 30)
  const { changes, failovers, line } = simulate({ answer: browning }, 600_000, settingsOf())
  expect(failovers).toBeGreaterThan(3)
  // 30 brown-outs, and few of them met connections.
  expect(failovers).toBeLessThan(12)
  const returns = changes.filter(({ state, at }) => state === 'online' && at > 1000).map(({ at }) => at)
  expect(returns.length).toBeLessThan(12)
  expect(line.penalty).toBeGreaterThan(3)
})

test('30 % loss demotes and does not lose, 5 % does neither', () => {
  const lossy = (part: number) => (_: number, random: () => number) => (random() < part ? null : 30)
  const bad = simulate({ answer: lossy(0.35) }, hour, settingsOf())
  expect(bad.failovers).toBe(0)
  expect(bad.line.degraded).toBe(true)
  const fair = simulate({ answer: lossy(0.05) }, hour, settingsOf())
  expect(fair.changes.filter(({ degraded }) => degraded)).toEqual([])
})

test('T2 a gap in the clock (suspended, stopped) is no failure, also in the middle of a burst', () => {
  const settings = settingsOf()
  const tick: LineEvent = { kind: 'tick', counters: { rx: 0, tx: 0 } }
  let line: PathHealth = newLine(0, settings)
  const send = (event: LineEvent, now: number) => {
    const next = advanceTogether(new Map([['wan1', { line, settings }]]), [{ key: 'wan1', event }], now, true)
    line = next.lines.get('wan1') ?? line
    return next.effects.map(({ effect }) => effect.kind)
  }
  const ended = { kind: 'burst', targets: 3, unknown: 0, spanMs: 150 } as const
  const failed: LineEvent = { ...ended, answered: 0, rttMs: null }
  expect(send(tick, 50)).toEqual(['burst'])
  expect(send(tick, 3_600_000)).toEqual([])
  // What that burst asked was answered while nobody listened: it is asked again.
  expect(send(failed, 3_600_010)).toEqual(['burst'])
  expect(line.state).toBe('suspect')
  send({ ...ended, answered: 3, rttMs: 20 }, 3_600_100)
  expect(line.state).toBe('online')
  send(tick, 3_600_150)
  expect(send(tick, 7_200_000)).toEqual([])
  expect(send(tick, 7_200_050)).toEqual([])
  expect(line.state).toBe('online')
  // And one that goes on being unanswered is found all the same.
  for (let now = 7_200_100; now < 7_202_500; now += 100) send(tick, now)
  expect(line.state).toBe('suspect')
  send(failed, 7_202_600)
  expect(line.state).toBe('offline')
})

test('how long answers may take is a whole number of milliseconds, as timers want it', () => {
  const settings = settingsOf()
  const line = advance(newLine(0, settings), { kind: 'answer', rttMs: 113.37 }, 10, settings).line
  const { effects } = advance({ ...line, state: 'online' }, { kind: 'ask' }, 20, settings)
  expect(effects).toEqual([{ kind: 'burst', timeoutMs: 341, dueMs: 341 }])
})
