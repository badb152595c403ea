/** How many uplinks keepalived is told to be usable, and when. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createUsableCount } from '../../../src/daemon/usable.ts'
import { configOf } from '../../config-of.ts'
import { pathOf, uplinkOf } from '../builders.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const config = configOf('[ha]\naddress = 172.20.0.1\n')
const some = (count: number) =>
  Array.from({ length: count }, (_, index) => uplinkOf(index + 1, { inet: pathOf('10.1.0.1', ['10.1.0.2']) }))

function counting(there: number | null) {
  const said: (number | 'ready' | null)[] = []
  const count = createUsableCount({
    load: () => there,
    save: (number) => void said.push(number),
    onReady: () => void said.push('ready'),
  })
  return { ...count, said }
}

test('none for ten seconds after the start, then those that are', () => {
  const { before, after, said } = counting(null)
  before(some(2), config)
  after(some(2), config)
  expect(said).toEqual([0])
  vi.advanceTimersByTime(9000)
  after(some(3), config)
  expect(said).toEqual([0])
  vi.advanceTimersByTime(1100)
  expect(said).toEqual([0, 3, 'ready'])
})

test('what is lost is told before the routes change, what is won after that', () => {
  const { before, after, said } = counting(2)
  before(some(1), config)
  expect(said).toEqual([1])
  after(some(1), config)
  before(some(2), config)
  expect(said).toEqual([1])
  after(some(2), config)
  expect(said).toEqual([1, 2])
})

test('a restarted daemon goes on with what is there', () => {
  const { before, after, said } = counting(2)
  before(some(2), config)
  after(some(2), config)
  expect(said).toEqual([])
})

test('without a peer there is no such file', () => {
  const alone = counting(null)
  alone.before(some(2), configOf(''))
  alone.after(some(2), configOf(''))
  expect(alone.said).toEqual([])
  const former = counting(2)
  former.after(some(2), configOf(''))
  expect(former.said).toEqual([null])
})
