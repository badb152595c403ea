/** Old connections of uplinks that take no new ones: cut when the line dies, if there is another, and only then. */
import { expect, test } from 'vitest'
import { isBalancedDefault } from '../../../../../src/model/active-uplinks.ts'
import type { Config } from '../../../../../src/model/config.ts'
import type { Health, LineState } from '../../../../../src/model/health.ts'
import type { Observed } from '../../../../../src/model/observed.ts'
import { decide } from '../../../../../src/reconcile/decide/decide.ts'
import { diff } from '../../../../../src/reconcile/diff.ts'
import { configOf } from '../../../../config-of.ts'
import { healthOf, worldOf } from '../../../builders.ts'

const world = worldOf('two-dhcp-uplinks')
const config = configOf('[uplink wan1]\nmetric = 1\n[uplink wan2]\nmetric = 2\n')

const line = (state: LineState, degraded = false) => ({ inet: healthOf(state, degraded) })
const lines = (wan1: LineState, wan2: LineState): Health => ({ wan1: line(wan1), wan2: line(wan2) })

/** What each round after another cuts in one world, where only lines die and come back. */
function cutBy(rounds: readonly Health[], forgetState = false): readonly (readonly string[])[] {
  return cutIn(
    rounds.map((health) => ({ ...world, health })),
    config,
    forgetState,
  )
}

/** The same where the world around our routes and memory, which are as the round before wanted them, changes, too. */
function cutIn(worlds: readonly Observed[], settings: Config, forgetState = false): readonly (readonly string[])[] {
  let ours: Pick<Observed, 'routes' | 'state'> = { routes: [], state: world.state }
  return worlds.map((around) => {
    const observed = { ...around, routes: [...around.routes, ...ours.routes], state: ours.state }
    const desired = decide(settings, observed)
    const steps = diff(observed, desired, settings.layout)
    ours = { routes: desired.routes, state: forgetState ? world.state : desired.state }
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

test('an uplink that nobody configured and whose device goes while all are dead is cut once', () => {
  const automatic = configOf('')
  const without: Pick<Observed, 'links' | 'routes'> = {
    links: world.links.filter(({ name }) => name !== 'wan1'),
    routes: world.routes.filter(({ nexthops }) => nexthops.every(({ device }) => device !== 'wan1')),
  }
  const rounds = [
    { ...world, health: lines('online', 'online') },
    { ...world, ...without, health: { wan2: line('offline') } },
    { ...world, ...without, health: { wan2: line('online') } },
    { ...world, ...without, health: { wan2: line('online') } },
  ]
  expect(cutIn(rounds, automatic)).toEqual([[], [], ['wan1 inet'], []])
})

/** What is wanted of a world with lines and switches, and what it cuts. */
const around = (health: Health, more: Partial<Observed> = {}): Observed => ({ ...world, health, ...more })
const fine = lines('online', 'online')
const carriers = (observed: Observed, text = '') => {
  const settings = configOf(text)
  const { routes } = decide(settings, observed)
  return routes
    .filter((route) => isBalancedDefault(route, settings.layout) && route.metric === 0)
    .flatMap(({ nexthops }) => nexthops.map(({ device }) => device))
}

test('a drained uplink takes nothing new, alone as well, and is cut only when it dies', () => {
  const drained = { drained: ['wan1'] }
  expect(carriers(around(fine, drained))).toEqual(['wan2'])
  expect(carriers(around(fine), '[uplink wan1]\nweight = 0\n')).toEqual(['wan2'])
  expect(carriers(around(lines('online', 'offline'), drained))).toEqual(['wan2'])
  expect(carriers(around(fine, { drained: ['wan1', 'wan2'] }))).toEqual([])
  const settings = configOf('')
  const rounds = [around(fine), around(fine, drained), around(lines('offline', 'online'), drained)]
  expect(cutIn(rounds, settings)).toEqual([[], [], ['wan1 inet']])
})

test('what is disabled after a drain keeps its rules while its link is there; without a drain all is cut', () => {
  const settings = configOf('')
  const drained = { drained: ['wan1'] }
  const disabled = { ...drained, disabled: ['wan1'] }
  const unplugged = world.links.map((link) => (link.name === 'wan1' ? { ...link, carrier: false } : link))
  const rounds = [
    around(fine),
    around(fine, drained),
    around(fine, disabled),
    around(fine, { ...disabled, links: unplugged }),
  ]
  expect(cutIn(rounds, settings)).toEqual([[], [], [], ['wan1 inet']])
  expect(cutIn([around(fine), around(fine, { disabled: ['wan1'] })], settings)).toEqual([[], ['wan1 inet']])
  const [lingering] = decide(settings, around(fine, disabled)).uplinks
  // Sockets with its addresses are ended, too, when the link goes.
  const [gone] = decide(settings, around(fine, { ...disabled, links: unplugged })).uplinks
  expect(gone).toMatchObject({ state: 'disabled', lingers: false, inet: { addresses: ['10.1.0.2'] } })
  expect(lingering).toMatchObject({ state: 'disabled', lingers: true, drained: 'command' })
})

test('a weight of 0 leaves the weights of others to what was found out', () => {
  const spreading = { spread: 'weight', weights: { wan2: 60 }, lines: {} } as const
  const [one, other] = decide(configOf('[uplink wan1]\nweight = 0\n'), around(fine, { spreading })).uplinks
  expect([one?.weight, other?.weight, other?.auto]).toEqual([0, 60, true])
})
