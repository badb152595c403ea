/** What is done before the world is looked at, of what was told to be dead. */
import { expect, test } from 'vitest'
import type { Health } from '../../../src/model/health.ts'
import type { Observed } from '../../../src/model/observed.ts'
import { afterSteps } from '../../../src/reconcile/after-steps.ts'
import { decide } from '../../../src/reconcile/decide/decide.ts'
import { diff } from '../../../src/reconcile/diff.ts'
import { withFormer, withNews, withoutTheDead, withReturned } from '../../../src/reconcile/head-start.ts'
import { configOf } from '../../config-of.ts'
import { healthOf, worldOf } from '../builders.ts'

const config = configOf('')

/** As a round leaves it. */
function settled(name: string, more: Partial<Observed> = {}): Observed {
  const observed = { ...worldOf(name), ...more }
  return afterSteps(observed, diff(observed, decide(config, observed), config.layout))
}

function changes(world: Observed, devices: readonly string[], health: Health = {}) {
  const news = withNews(world, new Set(devices), health)
  return news === null ? null : withoutTheDead(world.routes, decide(config, news).routes, config)
}

const devices = ({ now }: { readonly now: { readonly nexthops: readonly { readonly device: string }[] } }) =>
  now.nexthops.map(({ device }) => device)

test.each([
  ['two-dhcp-uplinks', 'inet'],
  ['ipv6-two-providers', 'inet6'],
] as const)('%s: a lost carrier takes a way out of the balanced default', (name, family) => {
  const found = changes(settled(name), ['wan1']) ?? []
  expect(found.map((one) => [one.now.family, ...devices(one)])).toEqual([[family, 'wan2']])
  expect(found.map(({ former }) => former.nexthops.length)).toEqual([2])
})

test('a dead line does so in its family alone', () => {
  const health = { wan1: { inet6: healthOf('offline'), inet: healthOf('online') } }
  const found = changes(settled('ipv6-two-providers'), [], health) ?? []
  expect(found.map((one) => [one.now.family, ...devices(one)])).toEqual([['inet6', 'wan2']])
})

test('nothing is decided where nothing died, or what died had died before', () => {
  expect(changes(settled('two-dhcp-uplinks'), ['lan0'])).toBeNull()
  const dead = { wan1: { inet: healthOf('offline') } }
  expect(changes(settled('two-dhcp-uplinks', { health: dead }), [], dead)).toBeNull()
})

test('where all have died, all stay', () => {
  const dead = { wan1: { inet: healthOf('offline') }, wan2: { inet: healthOf('offline') } }
  expect(changes(settled('two-dhcp-uplinks'), [], dead)).toEqual([])
})

test('the round goes on as if it had not been done, also where what died has come back by then', () => {
  const world = settled('two-dhcp-uplinks')
  const found = changes(world, ['wan1']) ?? []
  const former = found.map((one) => one.former)
  const hastened = afterSteps(
    world,
    found.map(({ now }) => ({ kind: 'replace-route', route: now }) as const),
  )
  const observed = withFormer(hastened, former)
  const { routes } = decide(config, observed)
  const steps = withReturned(diff(observed, decide(config, observed), config.layout), routes, former)
  expect(steps.filter(({ kind }) => kind === 'replace-route')).toEqual([{ kind: 'replace-route', route: former[0] }])
})
