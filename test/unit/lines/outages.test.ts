/** What fails on all lines at once, on hosts that are at rest and on such that do everything late. */
import { describe, expect, test } from 'vitest'
import { type Outage, type Plan, simulateFleet } from './fleet.ts'
import { settingsOf } from './simulation.ts'

const quick = settingsOf()
const metered = settingsOf({ metered: true })
const begins = 20_000
const all = (count: number) => Array.from({ length: count }, (_, i) => i)

function play(count: number, outages: readonly Outage[], rest: Partial<Plan> = {}) {
  const end = Math.max(...outages.map(({ to }) => to))
  const settings = all(count).map(() => quick)
  return simulateFleet({
    ...{ settings, rttMs: 20, outages, traffic: 3, latencyMs: 0, seed: 1, durationMs: end + 15_000 },
    ...rest,
  })
}

/** Somebody is told that a line is dead while another is not: that is when connections are cut. */
const cuts = ({ told }: ReturnType<typeof play>) =>
  told.filter(({ states }) => states.includes('offline') && states.some((state) => state !== 'offline'))

/** `IFBALANCE_ROUNDS=50`: so many histories of each kind; a few minutes. */
const rounds = Number(process.env['IFBALANCE_ROUNDS'] ?? 2)
const seeds = Array.from({ length: rounds }, (_, i) => i + 1)
const durations = [300, 700, 1000, 1500, 2400, 3000, 8000, 30_000].filter((_, i) => rounds > 2 || i % 2 === 0)

describe.each([2, 3, 8])('%i lines dark at once', (count) => {
  describe.each([0, 50, 300, 2000])('on a host that is up to %i ms late with everything', (latencyMs) => {
    test.each(['both', 'out', 'in', 'refused'] as const)(
      '%s: nobody is dead, and nobody is the worse for it',
      (way) => {
        for (const traffic of [0, 3])
          for (const duration of durations)
            for (const seed of seeds) {
              const from = begins + seed * 170
              const outage = { lines: all(count), from, to: from + duration, way }
              const history = play(count, [outage], { latencyMs, traffic, seed })
              const what = JSON.stringify({ count, way, duration, traffic, latencyMs, seed })
              expect(cuts(history), what).toEqual([])
              expect(
                history.told.flatMap(({ degraded }) => degraded),
                what,
              ).not.toContain(true)
              for (const line of history.lines)
                expect(line, what).toMatchObject({
                  state: latencyMs < 300 ? 'online' : expect.stringMatching(/online|suspect/),
                  penalty: 0,
                  silent: false,
                })
            }
      },
    )
  })

  test('one after the other, and back one after the other, up to a second apart', () => {
    for (const latencyMs of [0, 100])
      for (const duration of durations.filter((ms) => ms >= 1000))
        for (const seed of seeds) {
          const outages = all(count).map((i): Outage => {
            const [late, later] = [(i * 130 * seed) % 300, (i * 370 * seed) % 1000]
            return { lines: [i], from: begins + late, to: begins + duration + later, way: 'both' }
          })
          const history = play(count, outages, { latencyMs, seed })
          expect(cuts(history), JSON.stringify({ count, duration, latencyMs, seed })).toEqual([])
        }
  })

  test.each([300, 1000, 2000, 3000])('%i ms, again and again: that is no measure of quality', (duration) => {
    for (const [latencyMs, way] of [
      [0, 'both'],
      [100, 'in'],
      [100, 'refused'],
    ] as const) {
      const outages = all(12).map((i): Outage => {
        const from = begins + i * 8300
        return { lines: all(count), from, to: from + duration, way }
      })
      const history = play(count, outages, { latencyMs })
      expect(
        history.told.flatMap(({ degraded }) => degraded),
        JSON.stringify({ latencyMs, way }),
      ).not.toContain(true)
    }
  })

  test('again and again: the hold-down does not grow', () => {
    const outages = [0, 1, 2, 3, 4, 5, 6, 7].map((i): Outage => {
      const from = begins + i * 15_000
      return { lines: all(count), from, to: from + 2600, way: i % 2 === 0 ? 'in' : 'refused' }
    })
    const history = play(count, outages, { latencyMs: 100 })
    expect(cuts(history)).toEqual([])
    for (const line of history.lines) expect(line).toMatchObject({ state: 'online', penalty: 0, degraded: false })
  })
})

describe('a line that is dead alone', () => {
  const alone = (to = 60_000): Outage => ({ lines: [1], from: begins + 250, to, way: 'both' })
  const outAfter = (history: ReturnType<typeof play>) =>
    (history.told.find(({ states }) => states[1] === 'offline')?.at ?? Number.POSITIVE_INFINITY) - begins - 250

  test('is out in well under a second where there is traffic, and in two where not', () => {
    for (const count of [2, 3, 8])
      for (const seed of seeds) {
        expect(outAfter(play(count, [alone()], { seed }))).toBeLessThan(950)
        expect(outAfter(play(count, [alone()], { seed, traffic: 0 }))).toBeLessThan(2300)
      }
  })

  test('is out all the same where the host is late with everything', () => {
    for (const seed of seeds) {
      expect(outAfter(play(3, [alone()], { seed, latencyMs: 300 }))).toBeLessThan(4000)
      expect(outAfter(play(3, [alone(120_000)], { seed, latencyMs: 2000, durationMs: 90_000 }))).toBeLessThan(60_000)
    }
  })

  test('is out where the other is a metered one, which is asked then', () => {
    const settings = [metered, quick]
    const history = play(2, [alone()], { settings })
    expect(outAfter(history)).toBeLessThan(1500)
    expect(history.lines[1]).toMatchObject({ state: 'online' })
  })

  test('is out where the other is a bad one, which is seldom well for long', () => {
    const bounds = [
      [0.3, 4000],
      [0.5, 10_000],
    ] as const
    for (const [part, bound] of bounds)
      for (const traffic of [0, 3])
        for (let seed = 1; seed <= 20; seed++)
          expect(outAfter(play(2, [alone()], { seed, traffic, loss: [part, 0] })), `${part} ${seed}`).toBeLessThan(
            bound,
          )
  })

  test('and stays out when a common outage is over which it does not survive', () => {
    const outages: Outage[] = [
      { lines: [0, 1], from: begins, to: begins + 5000, way: 'both' },
      { lines: [1], from: begins, to: begins + 60_000, way: 'both' },
    ]
    const [first] = cuts(play(2, outages))
    expect(first?.states).toEqual(['online', 'offline'])
    expect(first?.at).toBeGreaterThan(begins + 5000)
    expect(first?.at).toBeLessThan(begins + 9500)
  })

  test('is used at once, however long it was to be held down, when it answers and the other line dies', () => {
    const flaps = [0, 1, 2, 3].map((i): Outage => {
      const from = begins + i * 60_000
      return { lines: [1], from, to: from + 8000, way: 'both' }
    })
    const dies = begins + 3 * 60_000 + 12_000
    const history = play(2, [...flaps, { lines: [0], from: dies, to: dies + 30_000, way: 'both' }])
    const before = history.told.findLast(({ at }) => at < dies)
    expect(before?.states).toEqual(['online', 'offline'])
    const after = history.told.find(({ at, states }) => at > dies && states[1] === 'online' && states[0] === 'offline')
    expect((after?.at ?? Number.POSITIVE_INFINITY) - dies).toBeLessThan(2000)
  })
})
