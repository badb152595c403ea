/** What may be downloaded to load a line, what the devices' counters say of it, and what is believed. */
import { expect, test } from 'vitest'
import { parseRequest } from '../../../../src/daemon/control/protocol.ts'
import { aimOf } from '../../../../src/lines/learning/aim.ts'
import { aimed } from '../../../../src/lines/learning/begin.ts'
import { newLearning, spreadingOf } from '../../../../src/lines/learning/learning.ts'
import { withMeasured } from '../../../../src/lines/learning/measured.ts'
import { cameBy, measuredRate } from '../../../../src/lines/measure/rate.ts'
import { readSource } from '../../../../src/lines/measure/url.ts'
import { configOf } from '../../../config-of.ts'
import { pathOf, uplinkOf } from '../../builders.ts'

test('a URL of http or https, and nothing else', () => {
  expect(readSource('https://[2001:db8::1]:8443/a?b=1#c')).toEqual({
    ...{ secure: true, host: '2001:db8::1', port: 8443, path: '/a?b=1', hostHeader: '[2001:db8::1]:8443' },
  })
  expect(readSource('http://example.org')).toMatchObject({ host: 'example.org', port: 80, path: '/' })
  for (const text of ['', 'ftp://a/b', 'http://', 'http://a b/', 'http://a/\n', 'http://u@a/', 'http://:p@a/', '-x'])
    expect(readSource(text), text).toBeNull()
  expect(readSource(`http://a/${'x'.repeat(2000)}`)).toBeNull()
})

const samples = (...bytes: readonly number[]) => bytes.map((one, i) => ({ at: 250 * i, bytes: one }))

test('the rate is that of the time after the first third', () => {
  const slowStart = samples(...Array.from({ length: 41 }, (_, i) => (i < 12 ? 1000 * i : 12_000 + 250_000 * (i - 12))))
  expect(measuredRate(slowStart)).toBe(1e6)
  expect(measuredRate(samples(0, 1, 2))).toBeNull()
  expect(measuredRate([])).toBeNull()
  expect(cameBy(slowStart, 7e6)).toBe(true)
  expect(cameBy(slowStart, 9e6)).toBe(false)
})

test('it is kept as what the line can carry, within the contract, unless the line has carried more lately', () => {
  const uplinks = [1, 2].map((i) => uplinkOf(i, { auto: true, inet: pathOf(`10.${i}.0.1`, [`10.${i}.0.2`]) }))
  const config = configOf('[uplink wan2]\nbandwidth = 16M/1M\n')
  const nothing = { spreading: null, lines: new Map(), wallMs: 1e12 }
  const begun = aimed(newLearning(0), aimOf(uplinks, config), nothing, 0)
  const down = (from: typeof begun, uplink: string, rate: number) => {
    const next = withMeasured(from, uplink, rate, 1000)
    return typeof next === 'string' ? next : spreadingOf(next).lines[uplink]?.down
  }
  expect(down(begun, 'wan1', 5e6)).toMatchObject({ sure: 'known', capacity: 40e6 })
  expect(down(begun, 'wan2', 5e6)).toMatchObject({ sure: 'known', capacity: 16e6 })
  expect(down(begun, 'wan3', 5e6)).toMatch(/nothing is learned of wan3/)
  const known = withMeasured(begun, 'wan1', 5e6, 1000)
  if (typeof known === 'string') throw new Error(known)
  expect(known.loadedAt).toBe(1000)
  expect(down(known, 'wan1', 4.5e6)).toMatchObject({ capacity: 36e6 })
  expect(down(known, 'wan1', 1e6)).toBe('wan1 has carried more lately, so the server was slower than the line')
})

test('who tells the daemon a rate that is none tells none', () => {
  const told = (bytesPerSecond: unknown) =>
    parseRequest(JSON.stringify({ do: 'measured', uplink: 'a', bytesPerSecond }))?.bytesPerSecond
  expect(told(1e6)).toBe(1e6)
  for (const rate of [0, -1, 0.5, 1e15, '1e6', null, [1], {}]) expect(told(rate), String(rate)).toBeUndefined()
})
