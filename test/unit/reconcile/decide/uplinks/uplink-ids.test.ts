/** A phone that is plugged in each day under another name does not take a number each day for good. */
import { expect, test } from 'vitest'
import type { State } from '../../../../../src/model/state.ts'
import { decide } from '../../../../../src/reconcile/decide/decide.ts'
import { rememberedSeconds } from '../../../../../src/reconcile/decide/uplinks/uplink-ids.ts'
import { diff } from '../../../../../src/reconcile/diff.ts'
import { configOf } from '../../../../config-of.ts'
import { healthOf, worldOf } from '../../../builders.ts'

const world = worldOf('two-dhcp-uplinks')
const config = configOf('[uplink spare]\n')
const numbersIn = ({ uplinks }: State) => Object.entries(uplinks).map(([name, { number }]) => `${name} ${number}`)

function round(state: State, uptime: number) {
  const observed = { ...world, uptime, state }
  const desired = decide(config, observed)
  const cut = diff(observed, desired, config.layout).flatMap((step) =>
    step.kind === 'forget-connections' ? [step.uplink] : [],
  )
  return { state: desired.state, numbers: numbersIn(desired.state), cut: [...new Set(cut)] }
}

test('the number of what is long gone is given back, that of what is configured never', () => {
  const gone = { number: 1, interface: 'enx0a1b2c3d4e5f' }
  const start = round({ uplinks: { phone: gone }, sysctls: {} }, 1000)
  expect(start.numbers).toEqual(['phone 1', 'wan1 2', 'wan2 3', 'spare 4'])
  const later = round(start.state, 1000 + rememberedSeconds - 1)
  expect(later).toMatchObject({ numbers: start.numbers, cut: [] })
  const end = round(later.state, 1000 + rememberedSeconds)
  expect(end).toMatchObject({ numbers: ['wan1 2', 'wan2 3', 'spare 4'], cut: ['phone'] })
})

test('what was back in between is missed anew', () => {
  const state = { uplinks: { wan1: { number: 1, interface: 'wan1', goneSince: 5 } }, sysctls: {} }
  expect(round(state, 99_999).state.uplinks['wan1']?.goneSince).toBeUndefined()
})

test('connections that nothing else could carry keep their number', () => {
  const uplinks = { phone: { number: 1, interface: 'enx0a1b2c3d4e5f', goneSince: 0, drains: ['inet' as const] } }
  const dead = { inet: healthOf('offline') }
  const health = { wan1: dead, wan2: dead }
  const observed = { ...world, health, uptime: 99_999, state: { uplinks, sysctls: {} } }
  expect(numbersIn(decide(config, observed).state)).toContain('phone 1')
})
