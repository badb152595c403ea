/** Lines that are not good enough for rules that ask for quality: when they are, and when no more. */
import { expect, test } from 'vitest'
import { askedOf } from '../../../src/lines/asked-quality.ts'
import { advance, newLine } from '../../../src/lines/machine.ts'
import { inheritedStandings, judgeFor, missesOf, type Standings } from '../../../src/lines/standing.ts'
import type { LineQuality } from '../../../src/model/line-quality.ts'
import { configOf } from '../../config-of.ts'
import { settingsOf } from './simulation.ts'

/** One answer each second, null for a lost one; gives the seconds at which it changed. */
function play(asked: LineQuality, answers: readonly (number | null)[], begin: Standings = new Map()) {
  let line = { ...newLine(0, settingsOf()), state: 'online' as const } as ReturnType<typeof newLine>
  let standings = begin
  const changes: number[] = []
  for (const [second, rttMs] of answers.entries()) {
    const before = Object.keys(missesOf(standings)).length
    const event = rttMs === null ? ({ kind: 'miss' } as const) : ({ kind: 'answer', rttMs } as const)
    line = { ...advance(line, event, 1000 * second, settingsOf()).line, state: 'online' }
    standings = judgeFor(standings, line, [asked], 1000 * second)
    if (Object.keys(missesOf(standings)).length !== before) changes.push(second)
  }
  return { changes, misses: missesOf(standings) }
}

const so = (seconds: number, rttMs: number | null) => Array.from({ length: seconds }, () => rttMs)

test('a line that becomes late is left within seconds, and is back ten seconds after it is well below', () => {
  const { changes } = play({ maxLatencyMs: 50 }, [...so(30, 20), ...so(60, 120), ...so(60, 20)])
  expect(changes).toHaveLength(2)
  expect(changes[0]).toBeLessThan(40)
  expect(changes[1]).toBeGreaterThan(100)
  expect(changes[1]).toBeLessThan(120)
})

test('a line at the bound does not swing', () => {
  const swinging = Array.from({ length: 600 }, (_, second) => (second % 40 < 20 ? 44 : 56))
  expect(play({ maxLatencyMs: 50 }, swinging).changes).toHaveLength(1)
})

test('a line that is bad again and again is left alone longer each time', () => {
  const bad = Array.from({ length: 3600 }, (_, second) => (second % 90 < 30 ? 200 : 20))
  const { changes } = play({ maxLatencyMs: 50 }, bad)
  // Forty such minutes and a half, and each would be two changes.
  expect(changes.length).toBeLessThanOrEqual(9)
})

test('jitter and loss count from twenty answers on', () => {
  const jumpy = Array.from({ length: 60 }, (_, second) => (second % 2 === 0 ? 20 : 80))
  expect(play({ maxJitterMs: 20 }, jumpy.slice(0, 15)).misses).toEqual({})
  expect(play({ maxJitterMs: 20 }, jumpy).misses).toEqual({
    'max-jitter 20': expect.stringMatching(/^answers vary by \d+ ms, more than 20$/),
  })
  expect(play({ maxJitterMs: 20 }, so(60, 80)).misses).toEqual({})
  const lossy = Array.from({ length: 100 }, (_, second) => (second % 20 === 0 ? null : 20))
  expect(play({ maxLoss: 0.02 }, lossy).misses).toEqual({ 'max-loss 2': '5 % of probes are lost, more than 2 %' })
  expect(play({ maxLoss: 0.1 }, lossy).misses).toEqual({})
})

test('an earlier daemon is believed until the figures tell', () => {
  const begin = inheritedStandings({ 'max-latency 50': 'answers take 90 ms, more than 50', 'max-loss 1': 'old' })
  expect(play({ maxLatencyMs: 50 }, so(5, 20), begin).misses).toEqual({
    'max-latency 50': 'answers take 90 ms, more than 50',
  })
  expect(play({ maxLatencyMs: 50 }, so(15, 20), begin).misses).toEqual({})
})

test('what is asked of an uplink: of its rules, each wish once', () => {
  const config = configOf(`[uplink a]
[uplink b]
[uplink c]
[rule phones]
dscp = ef
uplinks = a b
max-latency = 50
max-jitter = 10
[rule games]
port = 3074
uplinks = a b
max-latency = 50
max-jitter = 10
[rule other]
port = 22
max-loss = 2
[rule off]
port = 23
uplinks = b c
max-loss = off
`)
  expect(askedOf('a', config)).toMatchObject([{ maxLatencyMs: 50, maxJitterMs: 10 }, { maxLoss: 0.02 }])
  expect(askedOf('c', config)).toMatchObject([{ maxLoss: 0.02 }])
})
