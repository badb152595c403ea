/** Providers that answer some echo requests, or none, while everything else works. */
import { describe, expect, test } from 'vitest'
import { type Outage, type Plan, simulateFleet } from './fleet.ts'
import { settingsOf } from './simulation.ts'

const quick = settingsOf()
const begins = 60_000

/** By a token bucket of a provider, over all echo requests that a line sends. */
function limiter(perSecond: number, burst: number): (now: number) => boolean {
  let [tokens, last] = [burst, 0]
  return (now) => {
    tokens = Math.min(burst, tokens + ((now - last) / 1000) * perSecond)
    last = now
    if (tokens < 1) return false
    tokens--
    return true
  }
}

type Limits = readonly ((now: number) => boolean)[]
const whole = () => true
const kinds: readonly (readonly [string, () => (now: number) => boolean])[] = [
  ['none is answered', () => () => false],
  ['one in two seconds', () => limiter(0.5, 1)],
  ['one a second', () => limiter(1, 1)],
  ['three a second', () => limiter(3, 3)],
  ['five at once, and four in five seconds', () => limiter(0.8, 5)],
]

function play(limits: Limits, outages: readonly Outage[] = [], rest: Partial<Plan> = {}) {
  return simulateFleet({
    ...{ settings: limits.map(() => quick), rttMs: 20, outages, traffic: 3, latencyMs: 0, seed: 1 },
    ...{ durationMs: begins + 40_000, echo: (i, now) => limits[i]?.(now) ?? true },
    ...rest,
  })
}

describe.each(kinds)('%s', (_, kind) => {
  test.each([0, 3])('the line is used as ever (%i packets a tick)', (traffic) => {
    for (const latencyMs of [0, 100])
      for (const limits of [[kind(), whole], [kind(), kind()], [kind()]]) {
        const { told, lines } = play(limits, [], { traffic, latencyMs, durationMs: 150_000 })
        expect(told.flatMap(({ states }) => states)).not.toContain('offline')
        expect(told.flatMap(({ degraded }) => degraded)).not.toContain(true)
        for (const line of lines) expect(line).toMatchObject({ penalty: 0, silent: false })
      }
  })

  const dead = (line: number): Outage => ({ lines: [line], from: begins, to: begins + 30_000, way: 'both' })
  const outAfter = ({ told }: ReturnType<typeof play>, line: number) =>
    (told.find(({ at, states }) => at > begins && states[line] === 'offline')?.at ?? Number.POSITIVE_INFINITY) - begins

  test('it is out when it is dead, as is the other; each comes back', () => {
    for (const limits of [() => [kind(), whole], () => [kind(), kind()]])
      for (const line of [0, 1])
        for (const traffic of [0, 3]) {
          const history = play(limits(), [dead(line)], { traffic, durationMs: begins + 50_000 })
          expect(outAfter(history, line)).toBeLessThan(traffic > 0 ? 1700 : 4000)
          expect(history.told.at(-1)?.states).not.toContain('offline')
          expect(history.told.flatMap(({ states }) => states[1 - line])).not.toContain('offline')
        }
  })

  test('what is dark together cuts nothing', () => {
    for (const duration of [700, 1500, 3000])
      for (const latencyMs of [0, 100])
        for (const seed of [1, 2]) {
          const outage: Outage = { lines: [0, 1], from: begins, to: begins + duration + seed * 37, way: 'both' }
          const { told } = play([kind(), whole], [outage], { seed, latencyMs })
          const cuts = told.filter(
            ({ states }) => states.includes('offline') && states.some((state) => state !== 'offline'),
          )
          expect(cuts, JSON.stringify({ duration, latencyMs, seed })).toEqual([])
        }
  })
})

test('a line that loses questions as well is degraded', () => {
  const { told, lines } = play([whole, whole], [], { loss: [0.35, 0], durationMs: 300_000 })
  expect(lines.map(({ degraded }) => degraded)).toEqual([true, false])
  expect(told.flatMap(({ states }) => states)).not.toContain('offline')
})
