/** Whole days of a line, in fast motion. */
import { expect, test } from 'vitest'
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

test('B3 a blackhole under traffic is found in well under a second, an idle one in two', () => {
  const dies = 60_050
  const dead = (now: number) => (now < dies ? 30 : null)
  const found = (history: ReturnType<typeof simulate>) =>
    (history.changes.find(({ state }) => state === 'offline')?.at ?? Number.POSITIVE_INFINITY) - dies
  const busy = simulate({ answer: dead, traffic: () => ({ sent: 3 }) }, 70_000, settingsOf())
  const idle = simulate({ answer: dead }, 70_000, settingsOf())
  const metered = simulate(
    { answer: dead, traffic: (now) => ({ sent: [70_000, 71_000, 73_000].includes(now) ? 1 : 0 }) },
    90_000,
    settingsOf({ metered: true }),
  )
  expect(found(busy)).toBeLessThan(900)
  expect(found(idle)).toBeLessThan(2000)
  // A connection attempt at 70 s is the first packet that is not answered.
  expect(found(metered) - (70_000 - dies)).toBeLessThan(2000)
})

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
