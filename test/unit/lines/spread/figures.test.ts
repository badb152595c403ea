/** What the law of weights comes to on simulated lines. `npm run lines` prints all cases; docs/lines.md explains them. */
import { describe, expect, test } from 'vitest'
import { byCapacity, fixed } from '../../../lab/lines/balancers.ts'
import { type Case, cases } from '../../../lab/lines/cases.ts'
import { figuresOf, type Summary, summaryOf } from '../../../lab/lines/figures.ts'
import { type Balancer, simulate } from '../../../lab/lines/world.ts'

const seeds = [1, 2, 3, 4, 5]

function caseOf(name: string): Case {
  const found = cases.find((one) => one.name === name)
  if (!found) throw new Error(`no case ${name}`)
  return found
}

function summary(one: Case, balancer: () => Balancer): Summary {
  return summaryOf(seeds.map((seed) => figuresOf(simulate(one, balancer(), { seed }), one.ways)))
}

const byItself = (one: Case) => summary(one, () => byCapacity(one.lines.length))
const byHand = (one: Case) => summary(one, () => fixed(one.ideal))
const equal = (one: Case) => summary(one, () => fixed(null))

describe('unequal lines', () => {
  test.each<[string, number, number, number, number]>([
    ['40/10', 92, 86, 96, 92],
    ['100/20', 92, 88, 95, 92],
    ['100/20, uploads (5/20)', 92, 85, 92, 85],
    ['100/20, uploads (5/20), lost behind the modems', 92, 85, 92, 85],
    ['15 + LTE 30-10-40', 92, 85, 92, 85],
    ['40/20/10', 92, 85, 92, 85],
    ['40/10, fair queues', 82, 70, 95, 90],
    ['40/10, an upload without end on both', 92, 85, 92, 85],
  ])(
    '%s: %i (%i) per cent of the sum in the first half minute, %i (%i) then, and transfers as short as by hand',
    (name, ...wanted) => {
      const one = caseOf(name)
      const [ours, ideal] = [byItself(one), byHand(one)]
      const shares = [ours.median.first, ours.worst.first, ours.median.after, ours.worst.after]
      for (const [i, share] of shares.entries()) expect(share, `${shares}`).toBeGreaterThanOrEqual(wanted[i] ?? 0)
      expect(ours.median.mean / ideal.median.mean).toBeLessThanOrEqual(1.15)
      expect(ours.median.p95 / ideal.median.p95).toBeLessThanOrEqual(1.5)
    },
  )

  test('40/10, web-like at 70 %: transfers take as long as with weights by hand, and much less than with equal ones', () => {
    const one = caseOf('40/10, web-like at 70 %')
    const [ours, ideal, without] = [byItself(one), byHand(one), equal(one)]
    expect(ours.median.mean / ideal.median.mean).toBeLessThanOrEqual(1.15)
    expect(ours.median.p95 / ideal.median.p95).toBeLessThanOrEqual(1.5)
    expect(ours.median.p95).toBeLessThan(without.median.p95 / 5)
  })
})

describe('equal lines', () => {
  test.each([
    '20/20',
    '20/20, eight clients',
    '20/20, policers',
    '20/20, uploads, lost behind the modems',
    '20/20, wandering round trips',
    '20/20, a target that delays, eight clients',
    '20/20, a target that falls silent, web-like at 70 %',
    '20/20, a slow target, eight clients',
    '20/20, one target alone, that delays, eight clients',
  ])('%s: as much as equal weights carry', (name) => {
    const one = caseOf(name)
    const [ours, without] = [byItself(one), equal(one)]
    expect(ours.median.first).toBeGreaterThanOrEqual(0.97 * without.median.first)
    expect(ours.median.after).toBeGreaterThanOrEqual(0.97 * without.median.after)
    expect(ours.median.mean).toBeLessThanOrEqual(1.15 * without.median.mean)
  })
})

test('one of two equal lines loses uploads behind its modem: after half a minute it counts for no more than the other', () => {
  const one = caseOf('20/20, uploads, lost behind one modem')
  expect(byItself(one).median.after).toBeGreaterThanOrEqual(0.97 * equal(one).median.after)
})

test('weights rest when the lines do, and change six times a minute at most under a steady load', () => {
  expect(byItself(caseOf('40/10, next to nothing')).worst.mostChanges).toBe(0)
  const steady = [
    ...['40/10', '20/20', '40/10, policers', '40/10, web-like at 70 %', '40/20/10', '100/20, uploads (5/20)'],
    ...['40/10, fair queues', '20/20, policers', '15 + LTE 30-10-40', '40/10, wandering round trips'],
    ...['20/20, one target alone, that delays', '20/20, a target that falls silent, web-like at 70 %'],
  ]
  for (const name of steady) expect(byItself(caseOf(name)).worst.mostChanges, name).toBeLessThanOrEqual(6)
})

test('an hour at rest after a load, on paths whose round trips wander: weights stay what they are', () => {
  const { seconds } = simulate(caseOf('40/10, half a minute of load, then next to nothing'), byCapacity(2), {
    seconds: 3660,
  })
  expect(seconds.slice(0, 30).some(({ changed }) => changed)).toBe(true)
  expect(seconds.slice(60).filter(({ changed }) => changed)).toEqual([])
})

test.each(['', ', eight clients', ', web-like'])(
  'a line falls to a tenth%s: transfers that begin ten seconds later are as short as with weights that fit',
  (load) => {
    const one = caseOf(`40/40, one falls to 4 at 30 s${load}`)
    const p95 = (balancer: () => Balancer) => {
      const all = seeds.flatMap((seed) => simulate(one, balancer(), { seed, seconds: 85 }).done)
      const times = all
        .filter(({ size, began }) => size <= 300e3 && began >= 40 && began < 60)
        .map(({ began, ended }) => ended - began)
      return times.toSorted((first, second) => first - second)[Math.floor(0.95 * times.length)] ?? Number.NaN
    }
    expect(p95(() => byCapacity(2))).toBeLessThanOrEqual(1.5 * p95(() => fixed(one.ideal)))
  },
)

test('new connections leave a line that falls to a tenth, within ten seconds', () => {
  const one = caseOf('100 falls to 10 for 30 s beside 100')
  for (const seed of seeds) {
    const { seconds } = simulate(one, byCapacity(2), { seed, seconds: 60 })
    const [fallen = 1, other = 1] = seconds[40]?.weights ?? []
    expect(other / fallen, `${seed}`).toBeGreaterThan(4)
  }
})
