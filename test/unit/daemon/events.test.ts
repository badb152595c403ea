import { expect, test } from 'vitest'
import { eventsOf, type Scene, type Telling } from '../../../src/daemon/events.ts'
import { journalFields, levelOf, textOf } from '../../../src/model/event-text.ts'
import type { LineHealth } from '../../../src/model/health.ts'
import type { Link } from '../../../src/model/kernel.ts'
import type { Path, Uplink } from '../../../src/model/uplink.ts'

type Given = Pick<Uplink, 'name' | 'state'> & {
  why?: string
  up?: boolean
  carrier?: boolean
  lineOf6?: 'offline' | 'online'
}

/** Two uplinks with what events are made of. */
function sceneOf(given: readonly Given[], carrying: readonly string[], disabled: readonly string[] = []): Scene {
  const path = (state: 'online' | 'offline'): Path =>
    ({ gateway: '10.1.0.1', addresses: ['10.1.0.2'], line: { state, degraded: false } }) as unknown as Path
  const health = (why: string): LineHealth => ({ ...({} as LineHealth), why })
  return {
    uplinks: given.map(
      ({ name, state, lineOf6 }) =>
        ({
          ...{ name, interface: name, state, inet: path(state === 'offline' ? 'offline' : 'online') },
          inet6: lineOf6 ? path(lineOf6) : null,
        }) as Uplink,
    ),
    observed: {
      links: given.map(
        ({ name, up = true, carrier = true }) => ({ name, up, carrier, addresses: [] as unknown }) as Link,
      ),
      health: Object.fromEntries(given.map(({ name, why = '' }) => [name, { inet: health(why), inet6: health(why) }])),
      disabled,
    } as unknown as Scene['observed'],
    carrying,
  }
}

function play(...scenes: readonly Scene[]): readonly (readonly string[])[] {
  let telling: Telling | null = null
  return scenes.map((scene, index) => {
    const { events, telling: next } = eventsOf(telling, scene, index * 12_000)
    telling = next
    return events.map(textOf)
  })
}

const on = (name: string): Given => ({ name, state: 'online' })
const down = (name: string): Given => ({ name, state: 'down', carrier: false })
const both = sceneOf([on('wan1'), on('wan2')], ['wan1', 'wan2'])

test('a cable is pulled and plugged in; nothing else is told, nor anything twice', () => {
  const pulled = sceneOf([down('wan1'), on('wan2')], ['wan2'])
  expect(
    play(both, both, pulled, pulled, sceneOf([{ name: 'wan1', state: 'suspect' }, on('wan2')], ['wan1', 'wan2']), both),
  ).toEqual([
    ['new connections by wan1, wan2'],
    [],
    ['wan1 is down: no carrier; new connections by wan2'],
    [],
    ['wan1 is online again after 24 s; new connections by wan1, wan2'],
    [],
  ])
})

test('who was dead with all others is dead until it answers, though another is back', () => {
  const dead = (name: string): Given => ({ name, state: 'offline', why: '0 of 3 targets answered' })
  const suspect = (name: string): Given => ({ name, state: 'suspect' })
  const scenes = [
    both,
    sceneOf([dead('wan1'), dead('wan2')], ['wan1', 'wan2']),
    sceneOf([on('wan1'), suspect('wan2')], ['wan1', 'wan2']),
    sceneOf([on('wan1'), dead('wan2')], ['wan1']),
    sceneOf([on('wan1'), on('wan2')], ['wan1', 'wan2']),
  ]
  expect(play(...scenes).slice(2)).toEqual([
    ['wan1 is online again after 12 s'],
    ['new connections by wan1'],
    ['wan2 is online again after 36 s; new connections by wan1, wan2'],
  ])
})

test('a total outage names everyone, and so does its end', () => {
  const dead = { state: 'offline', why: '0 of 3 targets answered' } as const
  expect(
    play(
      both,
      sceneOf(
        [
          { name: 'wan1', ...dead },
          { name: 'wan2', ...dead },
        ],
        ['wan1', 'wan2'],
      ),
      sceneOf([down('wan1'), down('wan2')], []),
      both,
    ),
  ).toEqual([
    ['new connections by wan1, wan2'],
    ['wan1 is offline: 0 of 3 targets answered', 'wan2 is offline: 0 of 3 targets answered'],
    [
      'wan1 is down: no carrier; no uplink carries new connections',
      'wan2 is down: no carrier; no uplink carries new connections',
    ],
    [
      'wan1 is online again after 12 s; new connections by wan1, wan2',
      'wan2 is online again after 12 s; new connections by wan1, wan2',
    ],
  ])
})

test('every state has its reason', () => {
  const turned = (given: Given, disabled?: readonly string[]) =>
    play(both, sceneOf([given, on('wan2')], ['wan2'], disabled))[1]?.[0]?.replace('; new connections by wan2', '')
  expect(turned({ name: 'wan1', state: 'degraded', why: 'its quota is used up' })).toBe(
    'wan1 is degraded: its quota is used up',
  )
  expect(turned({ name: 'wan1', state: 'down', up: false })).toBe('wan1 is down: the interface is down')
  expect(turned({ name: 'wan1', state: 'down' })).toBe('wan1 is down: its modem is not connected')
  expect(turned({ name: 'wan1', state: 'absent' })).toBe('wan1 is absent: there is no interface wan1')
  expect(turned({ name: 'wan1', state: 'unconfigured' })).toBe('wan1 is unconfigured: no address')
  expect(turned({ name: 'wan1', state: 'disabled' })).toBe('wan1 is disabled: by the configuration')
  expect(turned({ name: 'wan1', state: 'disabled' }, ['wan1'])).toBe('wan1 is disabled: by command')
})

test('one family alone, an uplink that comes and goes, and a change without any', () => {
  const six = (lineOf6: 'offline' | 'online') => sceneOf([{ ...on('wan1'), lineOf6, why: 'no answer' }], ['wan1'])
  expect(play(six('online'), six('offline'), six('online')).slice(1)).toEqual([
    ['wan1, IPv6 is offline: no answer'],
    ['wan1, IPv6 is online again after 12 s'],
  ])
  expect(play(six('online'), both, sceneOf([on('wan1')], ['wan1']), sceneOf([on('wan1')], [])).slice(1)).toEqual([
    ['wan2 is online; new connections by wan1, wan2'],
    ['wan2 is no uplink any more; new connections by wan1'],
    ['no uplink carries new connections'],
  ])
})

test('an event tells from what, to what, why, after how long, and who carries connections then', () => {
  const pulled = eventsOf(eventsOf(null, both, 0).telling, sceneOf([down('wan1'), on('wan2')], ['wan2']), 12_000)
  expect(pulled.events).toEqual([
    {
      ...{ event: 'uplink', uplink: 'wan1', from: 'online', to: 'down', reason: 'no carrier' },
      ...{ durationMs: 12_000, carrying: ['wan2'] },
    },
  ])
  expect(pulled.events.map(levelOf)).toEqual(['notice'])
})

test('one of two routers tells its role at the start, and each change with its reason', () => {
  const as = (role: 'active' | 'standby', why: string): Scene => ({ ...both, pair: { role, why, usable: 2 } })
  const active = as('active', '172.20.0.1 is on lan0')
  const standby = as('standby', 'lan0 has no link')
  expect(play(active, active, standby, both, active)).toEqual([
    ['one of two routers, active: 172.20.0.1 is on lan0; 2 uplinks are usable', 'new connections by wan1, wan2'],
    [],
    ['this router is now standby: lan0 has no link; 2 uplinks are usable'],
    [],
    ['one of two routers, active: 172.20.0.1 is on lan0; 2 uplinks are usable'],
  ])
  const { events } = eventsOf(eventsOf(null, active, 0).telling, standby, 1)
  expect(events.map(journalFields)).toEqual([
    {
      ...{ IFBALANCE_EVENT: 'role', IFBALANCE_FORMER_STATE: 'active', IFBALANCE_STATE: 'standby' },
      ...{ IFBALANCE_REASON: 'lan0 has no link', IFBALANCE_USABLE: '2' },
    },
  ])
})
