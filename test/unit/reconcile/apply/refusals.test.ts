/** What is refused is tried again in growing pauses, or when the world around it is another. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { defaultLayout } from '../../../../src/layout.ts'
import type { Step } from '../../../../src/model/step.ts'
import { isHeldBack, noteRefusals, refusalsOf, refusedPaths } from '../../../../src/reconcile/apply/refusals.ts'
import { hopOf, observedOf, routeOf } from '../../builders.ts'

beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => vi.useRealTimers())

const step: Step = {
  kind: 'replace-route',
  route: routeOf('default', [hopOf('wan2', '10.2.0.1')], { table: 30002, protocol: 98 }),
}
const world = observedOf()

test('pauses grow to ten minutes', () => {
  const pauses: number[] = []
  for (let round = 0; round < 10; round++) {
    noteRefusals([step], [{ step, why: 'no' }], world)
    expect(refusedPaths(world, defaultLayout)).toEqual([
      { family: 'inet', device: 'wan2', gateway: '10.2.0.1', why: 'no' },
    ])
    const began = performance.now()
    while (isHeldBack(step, world)) vi.advanceTimersByTime(1000)
    pauses.push(Math.round((performance.now() - began) / 1000))
  }
  expect(pauses).toEqual([5, 10, 20, 40, 80, 160, 320, 600, 600, 600])
  noteRefusals([step], [], world)
  noteRefusals([step], [{ step, why: 'no' }], world)
  vi.advanceTimersByTime(5000)
  expect(isHeldBack(step, world)).toBe(false)
})

test('no pause where the interface or what others route by it has changed', () => {
  noteRefusals([step], [{ step, why: 'no' }], world)
  expect(isHeldBack(step, world)).toBe(true)
  const nexthops = [{ device: 'wan2', gateway: null, weight: 1, onlink: false }]
  const route = { ...step.route, destination: '10.2.0.0/24', table: 254, protocol: 2, nexthops }
  expect(isHeldBack(step, { ...world, routes: [route] })).toBe(false)
  expect(isHeldBack(step, { ...world, routes: [{ ...route, protocol: 98, table: 30001 }] })).toBe(true)
  expect(isHeldBack(step, { ...world, routes: [{ ...route, nexthops: [] }] })).toBe(true)
})

test('what nobody wants any more is forgotten', () => {
  noteRefusals([step], [{ step, why: 'no' }], world)
  expect(refusalsOf([step], world)).toEqual([{ step, why: 'no' }])
  expect(refusalsOf([], world)).toEqual([])
  expect(isHeldBack(step, world)).toBe(false)
})
