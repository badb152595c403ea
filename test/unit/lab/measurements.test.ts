import { expect, test, vi } from 'vitest'

let load = 0
let startMs = 1
let clock = 0
vi.mock('node:child_process', () => ({ spawnSync: () => (clock += startMs) }))
vi.mock('node:os', () => ({ availableParallelism: () => 2, loadavg: () => [load, 0, 0] }))
vi.mock('node:fs', () => ({ appendFileSync: () => undefined, mkdirSync: () => undefined }))

const figure = { name: 'x', unit: 'ms', release: 'none', stack: 'none' }

/** What is told of a figure with these bounds; undefined when it is well. */
async function told(value: number, bounds: { readonly limit?: number; readonly least?: number }, strict = false) {
  vi.stubEnv('IFBALANCE_FIGURES', strict ? 'strict' : '')
  vi.spyOn(performance, 'now').mockImplementation(() => clock)
  vi.resetModules()
  const { record } = await import('../../lab/measurements.ts')
  try {
    record({ ...figure, value, limit: null, ...bounds })
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

test('as a test a figure fails beyond three times its bound, in strict measurements beyond the bound', async () => {
  expect(await told(300, { limit: 100 })).toBeUndefined()
  expect(await told(301, { limit: 100 })).toBe('none none: x: 301 ms (at most 100 ms), and that 3.0 times over')
  expect(await told(101, { limit: 100 }, true)).toBe('none none: x: 101 ms (at most 100 ms)')
  expect(await told(100, { limit: 100 }, true)).toBeUndefined()
  expect(await told(1, { limit: 0 })).toContain('x: 1 ms (at most 0 ms)')
  expect(await told(-5, { limit: 10 })).toBeUndefined()
  expect(await told(30, { least: 90 })).toBeUndefined()
  expect(await told(29, { least: 90 })).toContain('at least 90 ms')
  expect(await told(89, { least: 90 }, true)).toContain('at least 90 ms')
  expect(await told(Number.POSITIVE_INFINITY, {})).toBeUndefined()
  expect(await told(Number.NaN, { limit: 100 })).toBe('x: not measured')
})

test('where programs wait for the processors, three times as much as their number; not in strict measurements', async () => {
  load = 8
  expect(await told(1200, { limit: 100 })).toBeUndefined()
  expect(await told(1201, { limit: 100 })).toContain('12.0 times over')
  expect(await told(101, { limit: 100 }, true)).toContain('at most 100 ms')
  load = 0
})

test('where starting a program takes longer than usual, as many times more', async () => {
  startMs = 8
  expect(await told(1200, { limit: 100 })).toBeUndefined()
  expect(await told(1201, { limit: 100 })).toContain('12.0 times over')
  expect(await told(101, { limit: 100 }, true)).toContain('at most 100 ms')
  load = 4
  expect(await told(2400, { limit: 100 })).toBeUndefined()
  load = 0
  startMs = 1
})
