/**
 * A phone that is plugged in each day under another name does not take a number each day for good; what the configuration
 * says is one uplink's alone, and the rest is after a boot as it was before.
 */
import { expect, test } from 'vitest'
import type { State } from '../../../../../src/model/state.ts'
import { decide } from '../../../../../src/reconcile/decide/decide.ts'
import { numbersToKeep, rememberedSeconds } from '../../../../../src/reconcile/decide/uplinks/uplink-ids.ts'
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

test('where all numbers are taken, those come first that have been gone for longest and have no connections', () => {
  const uplinks = Object.fromEntries(
    Array.from({ length: 63 }, (_, index) => [
      `phone${index}`,
      {
        ...{ number: index + 1, interface: `enx${index}`, goneSince: 1000 - index },
        ...(index === 62 && { drains: ['inet' as const] }),
      },
    ]),
  )
  const { state, numbers } = round({ uplinks, sysctls: {} }, 1000)
  expect(numbers).toEqual(expect.arrayContaining(['wan1 62', 'wan2 61', 'spare 60', 'phone62 63']))
  expect(Object.keys(state.uplinks)).toHaveLength(63)
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

test("a number of the configuration is that uplink's, and what had it begins anew with another", () => {
  const fixed = configOf('[uplink wan2]\nnumber = 1\n[uplink spare]\nnumber = 40\n')
  const of = (state: State) => {
    const observed = { ...world, uptime: 1000, state }
    const desired = decide(fixed, observed)
    const cut = diff(observed, desired, fixed.layout).flatMap((step) =>
      step.kind === 'forget-connections' ? [`${step.uplink} ${step.mark.toString(16)}/${step.mask.toString(16)}`] : [],
    )
    return { numbers: numbersIn(desired.state), cut, state: desired.state }
  }
  const before = { wan1: { number: 1, interface: 'wan1' }, wan2: { number: 2, interface: 'wan2' } }
  const first = of({ uplinks: before, sysctls: {} })
  expect(first).toMatchObject({
    numbers: ['wan2 1', 'wan1 2', 'spare 40'],
    cut: ['wan1 41000000/7f000000', 'wan2 42000000/7f000000'],
  })
  expect(of(first.state)).toMatchObject({ numbers: first.numbers, cut: [] })
  expect(of({ uplinks: {}, sysctls: {} })).toMatchObject({ numbers: ['wan2 1', 'wan1 2', 'spare 40'], cut: [] })
})

test('an uplink that gets a section has its connections on, unless its number is another then', () => {
  const state = { uplinks: { wan1: { number: 1, interface: 'wan1' } }, sysctls: {} }
  const cut = (text: string) => {
    const observed = { ...world, uptime: 1000, state }
    const { layout } = config
    return diff(observed, decide(configOf(text), observed), layout).filter(({ kind }) => kind === 'forget-connections')
  }
  expect(cut('[uplink fibre]\ninterface = wan1\n')).toEqual([])
  expect(cut('[uplink fibre]\ninterface = wan1\nnumber = 1\n')).toEqual([])
  expect(cut('[uplink fibre]\ninterface = wan1\nnumber = 7\n')).toMatchObject([{ uplink: 'wan1', mark: 0x41000000 }])
  // The other one of the two has the number now.
  expect(cut('[uplink lte]\ninterface = wan2\nnumber = 1\n')).toMatchObject([{ uplink: 'wan1', mark: 0x41000000 }])
})

const day = 86_400
/** 2026-11-27. */
const today = 1_795_737_600
type Kept = ReturnType<typeof numbersToKeep>
const kept = (numbers: Readonly<Record<string, number>>): Kept =>
  Object.fromEntries(Object.entries(numbers).map(([name, number]) => [name, { number }]))

test('numbers are after a boot as they were before it, whoever comes first', () => {
  const boot = (earlierNumbers: Kept) => {
    const observed = { ...world, uptime: 5, earlierNumbers }
    const desired = decide(config, observed)
    return { numbers: numbersIn(desired.state), kept: numbersToKeep(desired.state.uplinks, observed, today) }
  }
  const first = boot({})
  expect(first).toEqual({ numbers: ['wan1 1', 'wan2 2', 'spare 3'], kept: kept({ wan1: 1, wan2: 2, spare: 3 }) })
  // One that is not here yet keeps its number, too, and a new one gets none of before.
  expect(boot(kept({ phone: 1, wan2: 3, wan1: 2 }))).toEqual({
    numbers: ['wan1 2', 'wan2 3', 'spare 4'],
    kept: { ...kept({ wan1: 2, wan2: 3, spare: 4 }), phone: { number: 1, goneSince: today } },
  })
  const all = kept(Object.fromEntries(Array.from({ length: 63 }, (_, index) => [`phone${index}`, index + 1])))
  expect(boot(all)).toMatchObject({ numbers: ['wan1 1', 'wan2 2', 'spare 3'] })
  expect(boot(all).kept).toMatchObject({ wan1: { number: 1 }, phone3: { number: 4, goneSince: today } })
})

test('a phone is away: out of sight after an hour, the same number within a month, and then nothing is kept of it', () => {
  const wan1 = { wan1: { number: 2, interface: 'wan1' } }
  const left = numbersToKeep(wan1, { earlierNumbers: kept({ phone: 1, wan1: 2, other: 2 }) }, today)
  expect(left).toEqual({ phone: { number: 1, goneSince: today }, wan1: { number: 2 } })
  const later = (seconds: number) => numbersToKeep(wan1, { earlierNumbers: left }, today + seconds)
  expect(later(30 * day - 1)).toEqual(left)
  expect(later(30 * day)).toEqual(kept({ wan1: 2 }))
  // A machine without a clock begins in 1970.
  expect(numbersToKeep(wan1, { earlierNumbers: left }, 5)).toEqual({ ...left, phone: { number: 1, goneSince: 5 } })
  const observed = { ...world, uptime: 99_999, earlierNumbers: { wan2: { number: 7, goneSince: today } } }
  expect(numbersIn(decide(config, observed).state)).toEqual(['wan1 1', 'spare 2', 'wan2 7'])
})

test('a new phone each day for a year: sixty-three numbers are enough, and a month of them is kept', () => {
  let earlierNumbers: Kept = {}
  for (let one = 0; one < 365; one++) {
    const known = {
      wan1: { number: 1, interface: 'wan1' },
      [`phone${one}`]: { number: 2 + (one % 62), interface: `enx${one}` },
    }
    earlierNumbers = numbersToKeep(known, { earlierNumbers }, today + one * day)
  }
  expect(Object.keys(earlierNumbers)).toHaveLength(32)
  expect(earlierNumbers).toHaveProperty('phone335')
})
