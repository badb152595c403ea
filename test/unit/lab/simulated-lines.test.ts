/** The simulated lines that the law of weights is measured on behave as lines do. */
import { describe, expect, test } from 'vitest'
import { fixed } from '../../lab/lines/balancers.ts'
import { figuresOf } from '../../lab/lines/figures.ts'
import { clients, web, webBytes } from '../../lab/lines/loads.ts'
import { randomOf } from '../../lab/lines/random.ts'
import { type Balancer, simulate, type World } from '../../lab/lines/world.ts'

const down = ['down'] as const
const of = (lines: World['lines'], loads: World['loads']): World => ({ lines, loads })

test('the same seed is the same world, another one another', () => {
  const world = of(
    [
      { down: 40, up: 40 },
      { down: 10, up: 10 },
    ],
    [web(35)],
  )
  const run = (seed: number) => simulate(world, fixed(null), { seed, seconds: 20 })
  expect(run(1)).toEqual(run(1))
  expect(run(1)).not.toEqual(run(2))
})

test('what is wanted does not depend on the balancer', () => {
  const world = of(
    [
      { down: 40, up: 40 },
      { down: 40, up: 40 },
    ],
    [web(10)],
  )
  const sizes = (balancer: Balancer) =>
    simulate(world, balancer, { seconds: 20 })
      .done.map(({ size }) => size)
      .toSorted()
  expect(sizes(fixed([9, 1])).slice(0, 50)).toEqual(sizes(fixed(null)).slice(0, 50))
})

test('lines are full where many clients are, and share what they have in equal parts', () => {
  const world = of(
    [
      { down: 40, up: 40 },
      { down: 10, up: 10 },
    ],
    [clients(64, 250e3)],
  )
  const { first, after, mean } = figuresOf(simulate(world, fixed([4, 1])), down)
  expect(Math.min(first, after)).toBeGreaterThan(85)
  // 64 transfers of 2 Mbit at a time, 50 Mbit/s.
  expect(mean).toBeGreaterThan(2.3)
  expect(mean).toBeLessThan(3.2)
  const long = of([{ down: 40, up: 40 }], [clients(1, 1e9, { most: 1e6 }), clients(4, 1e9)])
  expect(simulate(long, fixed(null), { seconds: 10 }).seconds.at(-1)?.carried[0]?.down).toBeCloseTo(5e6, -4)
})

describe('answers', () => {
  const answersOf = (line: World['lines'][number], loads = [clients(16, 250e3)]) => {
    const readings: (number | null)[] = []
    simulate(
      of([line], loads),
      ([reading]) => {
        readings.push(...(reading?.answers.map(({ rttMs }) => rttMs) ?? []))
        return null
      },
      { seconds: 400 },
    )
    return { rest: readings.slice(0, 20), load: readings.slice(25) }
  }
  const share = (values: readonly (number | null)[], is: (ms: number | null) => boolean) =>
    values.filter(is).length / values.length

  test('are late where one queue is for all, in time where queues are fair, and lost where a policer is', () => {
    const isLate = (ms: number | null) => ms !== null && ms > 30
    const tail = answersOf({ down: 20, up: 20 })
    expect([share(tail.rest, isLate), share(tail.load, isLate) > 0.9]).toEqual([0, true])
    expect(share(answersOf({ down: 20, up: 20, shaper: 'fair' }).load, isLate)).toBeLessThan(0.1)
    const policed = answersOf({ down: 20, up: 20, shaper: 'policer' })
    expect(share(policed.load, (ms) => ms === null)).toBeGreaterThan(0)
    expect(share(policed.load, (ms) => ms === null)).toBeLessThan(0.15)
  })
})

test('objects of the web are small for the most part, and about 100 kB by the mean', () => {
  const random = randomOf(1)
  const sizes = Array.from({ length: 50_000 }, () => webBytes(random))
  expect(sizes.reduce((sum, size) => sum + size, 0) / sizes.length).toBeGreaterThan(60e3)
  expect(sizes.reduce((sum, size) => sum + size, 0) / sizes.length).toBeLessThan(120e3)
  expect(sizes.toSorted((one, other) => one - other)[25_000]).toBeLessThan(30e3)
})
