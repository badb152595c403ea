/** What is refused is tried again in growing pauses, or when the world around it is another. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { defaultLayout } from '../../../../src/layout.ts'
import type { Step } from '../../../../src/model/step.ts'
import { isHeldBack, noteRefusals, refusalsOf, refusedPaths } from '../../../../src/reconcile/apply/refusals.ts'
import { hopOf, observedOf, routeOf } from '../../builders.ts'

beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => {
  refusalsOf([], world, defaultLayout)
  vi.useRealTimers()
})

const step: Step = {
  kind: 'replace-route',
  route: routeOf('default', [hopOf('wan2', '10.2.0.1')], { table: 30002, protocol: 2 }),
}
const world = observedOf()

function refuse(times: number): void {
  for (let i = 0; i < times; i++) noteRefusals([step], [{ step, why: 'no' }], world, defaultLayout)
}

test('the first is tried again at once, then pauses grow to ten minutes', () => {
  const pauses: number[] = []
  for (let round = 0; round < 10; round++) {
    refuse(1)
    expect(refusedPaths(world, defaultLayout)).toEqual([
      { family: 'inet', device: 'wan2', gateway: '10.2.0.1', why: 'no' },
    ])
    const began = performance.now()
    while (isHeldBack(step, world, defaultLayout)) vi.advanceTimersByTime(1000)
    pauses.push(Math.round((performance.now() - began) / 1000))
  }
  expect(pauses).toEqual([0, 5, 10, 20, 40, 80, 160, 320, 600, 600])
  noteRefusals([step], [], world, defaultLayout)
  refuse(2)
  vi.advanceTimersByTime(5000)
  expect(isHeldBack(step, world, defaultLayout)).toBe(false)
})

test('no pause where the interface or what others route by it has changed', () => {
  refuse(2)
  expect(isHeldBack(step, world, defaultLayout)).toBe(true)
  const nexthops = [{ device: 'wan2', gateway: null, weight: 1, onlink: false }]
  const route = { ...step.route, destination: '10.2.0.0/24', table: 254, protocol: 2, nexthops }
  expect(isHeldBack(step, { ...world, routes: [route] }, defaultLayout)).toBe(false)
  expect(isHeldBack(step, { ...world, routes: [{ ...route, protocol: 2, table: 30001 }] }, defaultLayout)).toBe(true)
  expect(isHeldBack(step, { ...world, routes: [{ ...route, nexthops: [] }] }, defaultLayout)).toBe(true)
})

test('what nobody wants any more is forgotten', () => {
  refuse(1)
  expect(refusalsOf([step], world, defaultLayout)).toEqual([])
  refuse(1)
  expect(refusalsOf([step], world, defaultLayout)).toEqual([{ step, why: 'no' }])
  expect(refusalsOf([], world, defaultLayout)).toEqual([])
  expect(isHeldBack(step, world, defaultLayout)).toBe(false)
})
