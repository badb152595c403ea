import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Ask,
  advanceSearch,
  askOf,
  beginSearch,
  type Found,
  type MtuSearch,
} from '../../../../src/lines/mtu/search.ts'

const targets = ['1.1.1.1', '8.8.8.8', '9.9.9.9']

interface Run {
  readonly found: Found
  readonly asked: readonly Ask[]
}

/** Runs a search in which `answers` says who answers what is asked. */
function search(begun: MtuSearch, answers: (ask: Ask, step: number) => readonly string[]): Run {
  const asked: Ask[] = []
  let state: MtuSearch | Found = begun
  while ('phase' in state) {
    const ask = askOf(state)
    asked.push(ask)
    state = advanceSearch(state, answers(ask, asked.length))
  }
  return { found: state, asked }
}

/** A path that takes so much, with targets that all answer. */
const path = (mtu: number) => (ask: Ask) => (ask.size <= mtu ? ask.targets : [])

test('a path that takes what the link takes costs one question', () => {
  const { found, asked } = search(beginSearch('inet', targets, 1500), path(1500))
  expect(found).toEqual({ kind: 'wide' })
  expect(asked).toEqual([{ size: 1500, targets, all: false }])
})

test('of a wider link, no more is asked than the internet sends', () => {
  const { found, asked } = search(beginSearch('inet', targets, 9000), path(9000))
  expect(found).toEqual({ kind: 'wide' })
  expect(asked.map(({ size }) => size)).toEqual([1500])
})

test.each([1492, 1480, 1476, 1452, 1420, 1400, 1360, 1280])('%i is found', (mtu) => {
  for (const family of ['inet', 'inet6'] as const)
    expect(search(beginSearch(family, targets, 1500), path(mtu)).found).toEqual({ kind: 'narrow', mtu })
})

test('whatever a path takes is found, to the byte, by few questions', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1280, max: 1500 }), fc.integer({ min: 1281, max: 1500 }), (mtu, most) => {
      const { found, asked } = search(beginSearch('inet6', targets, most), path(mtu))
      expect(found).toEqual(mtu >= most ? { kind: 'wide' } : { kind: 'narrow', mtu })
      expect(asked.length).toBeLessThan(20)
      for (const { size } of asked) expect(size >= 1280 && size <= most).toBe(true)
    }),
  )
})

test('what was found before is asked first, and costs few questions', () => {
  const { found, asked } = search(beginSearch('inet', targets, 1500, 1413), path(1413))
  expect(found).toEqual({ kind: 'narrow', mtu: 1413 })
  expect(asked.map(({ size }) => size)).toEqual([1500, 1200, 1413, 1414, 1413, 1414, 1413])
  expect(search(beginSearch('inet', targets, 1500, 1413), path(1300)).found).toEqual({ kind: 'narrow', mtu: 1300 })
})

test('below the least size nothing is found', () => {
  expect(search(beginSearch('inet6', targets, 1500), path(1279)).found).toEqual({ kind: 'unknown' })
  expect(search(beginSearch('inet', targets, 1500), path(1199)).found).toEqual({ kind: 'unknown' })
  expect(search(beginSearch('inet6', targets, 1280), path(1279)).found).toEqual({ kind: 'unknown' })
  expect(search(beginSearch('inet6', targets, 1000), path(1000)).found).not.toMatchObject({ kind: 'narrow' })
})

test('a target that answers no large echo requests says nothing, and one alone is not enough', () => {
  const only = (able: readonly string[], most: number) => (ask: Ask) =>
    ask.targets.filter((target) => ask.size <= (able.includes(target) ? most : 100))
  expect(search(beginSearch('inet', targets, 1500), only(targets.slice(0, 2), 1400)).found).toEqual({
    kind: 'narrow',
    mtu: 1400,
  })
  expect(search(beginSearch('inet', targets, 1500), only(targets.slice(0, 1), 1400)).found).toEqual({ kind: 'unknown' })
  // One answers all that arrives, and another limits it: the one who answers counts.
  const limited = (ask: Ask) => ask.targets.filter((target) => ask.size <= (target === '1.1.1.1' ? 1300 : 1500))
  expect(search(beginSearch('inet', targets, 1500), limited).found).toEqual({ kind: 'wide' })
})

test('of a single target, its word counts', () => {
  expect(search(beginSearch('inet', ['192.0.2.9'], 1500), path(1400)).found).toEqual({ kind: 'narrow', mtu: 1400 })
})

test('an outage in the middle, of any length, lowers nothing', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1280, max: 1500 }),
      fc.nat(20),
      fc.integer({ min: 1, max: 30 }),
      (mtu, from, length) => {
        const isOut = (step: number) => step >= from && step < from + length
        const { found } = search(beginSearch('inet', targets, 1500), (ask, step) => (isOut(step) ? [] : path(mtu)(ask)))
        if (found.kind === 'narrow') expect(found.mtu).toBe(mtu)
      },
    ),
  )
})

test('answers by chance end, and never below the least size', () => {
  fc.assert(
    fc.property(fc.array(fc.subarray(targets), { maxLength: 60 }), fc.integer({ min: 0, max: 9000 }), (all, most) => {
      const { found } = search(beginSearch('inet6', targets, most), (_, step) => all[step] ?? [])
      if (found.kind === 'narrow') expect(found.mtu).toBeGreaterThanOrEqual(1280)
    }),
  )
})
