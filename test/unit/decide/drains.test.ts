/** Old connections of uplinks that take no new ones: cut when the line dies, if there is another, and only then. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseConfig } from '../../../src/config/parse.ts'
import { decide } from '../../../src/decide/decide.ts'
import { diff } from '../../../src/diff.ts'
import type { Health, LineState, Observed } from '../../../src/model.ts'

const world: Observed = JSON.parse(
  readFileSync(new URL('../../cases/two-dhcp-uplinks/observed.json', import.meta.url), 'utf8'),
)
const parsed = parseConfig([{ path: 'ifbalance.conf', text: '[uplink wan1]\nmetric = 1\n[uplink wan2]\nmetric = 2\n' }])
if (!parsed.ok) throw new Error(parsed.errors.join('\n'))
const { config } = parsed

const line = (state: LineState, degraded = false) => ({
  inet: { state, degraded, since: 0, why: '', latencyMs: null, loss: 0, lastProbe: null },
})
const lines = (wan1: LineState, wan2: LineState): Health => ({ wan1: line(wan1), wan2: line(wan2) })

/** What each round after another cuts, the kernel being as the round before wanted it. */
function cutBy(rounds: readonly Health[], forgetState = false): readonly (readonly string[])[] {
  let observed = world
  return rounds.map((health) => {
    observed = { ...observed, health }
    const desired = decide(config, observed)
    const steps = diff(observed, desired, config.numbers)
    observed = {
      ...observed,
      routes: [...world.routes, ...desired.routes],
      state: forgetState ? world.state : desired.state,
    }
    return steps.flatMap((step) => (step.kind === 'forget-connections' ? [`${step.uplink} ${step.family}`] : []))
  })
}

test('an uplink that dies after it gave way to a better one', () => {
  const rounds = [
    lines('offline', 'online'),
    lines('online', 'online'),
    lines('online', 'suspect'),
    lines('online', 'offline'),
    lines('online', 'offline'),
    lines('online', 'online'),
    lines('online', 'offline'),
  ]
  expect(cutBy(rounds)).toEqual([[], [], [], ['wan2 inet'], [], [], ['wan2 inet']])
})

test('nothing is cut while all are dead, and what is still dead when another is back is', () => {
  const rounds = [
    lines('online', 'online'),
    lines('offline', 'online'),
    lines('offline', 'offline'),
    lines('offline', 'offline'),
    lines('online', 'offline'),
    lines('online', 'offline'),
  ]
  expect(cutBy(rounds)).toEqual([[], ['wan1 inet'], [], [], ['wan2 inet'], []])
  const bothBack = [lines('online', 'online'), lines('offline', 'offline'), lines('online', 'online')]
  expect(cutBy(bothBack)).toEqual([[], [], []])
})

test('without memory, the balanced default tells of those that took new ones', () => {
  const rounds = [lines('online', 'online'), lines('offline', 'online'), lines('online', 'offline')]
  expect(cutBy(rounds, true)).toEqual([[], ['wan1 inet'], ['wan2 inet']])
})

test('a degraded line works', () => {
  const degraded = { wan1: line('online', true), wan2: line('online') }
  expect(cutBy([lines('online', 'online'), degraded, lines('offline', 'online')])).toEqual([[], [], ['wan1 inet']])
})
