/** What becomes of the ends of connections after they have waited. */
import { expect, test } from 'vitest'
import type { Observed } from '../../../src/model/observed.ts'
import type { Step } from '../../../src/model/step.ts'
import { decide } from '../../../src/reconcile/decide/decide.ts'
import { diff, forgetConnections } from '../../../src/reconcile/diff.ts'
import { endsConnections, stillDue } from '../../../src/reconcile/still-due.ts'
import { configOf } from '../../config-of.ts'
import { healthOf, linkOf, worldOf } from '../builders.ts'

const config = configOf('[ha]\naddress = 172.20.0.1\n[uplink wan1]\nnumber = 1\n[uplink wan2]\nnumber = 2\n')
const calm = worldOf('two-dhcp-uplinks')
const dead = { ...calm, health: { wan1: { inet: healthOf('offline') } } }
const worldAt = (observed: Observed) => ({ observed, desired: decide(config, observed) })
const dueIn = (observed: Observed, step: Step) => stillDue(step, worldAt(observed), config)

const { uplinks } = decide(config, dead)
const [wan1] = uplinks
if (!wan1) throw new Error('no uplink')
const lost = forgetConnections(wan1, 'inet', uplinks, config.layout)

const lan = linkOf('lan0', {
  index: 40,
  addresses: [{ family: 'inet', address: '172.20.0.1', prefixLength: 24, peer: null, global: true, usable: true }],
})
/** The world of a standby that has just become active. */
const active = (world: Observed): Observed => ({
  ...world,
  links: [...world.links, lan],
  state: { ...world.state, role: 'standby' },
})

test('of a dead uplink, as long as it is dead', () => {
  expect(dueIn(dead, lost)).toEqual([lost])
  expect(dueIn(calm, lost)).toEqual([])
})

test('of a number that was given back, unless its uplink has it again', () => {
  const of = (number: number): Step => {
    const mark = (0x40000000 | (number << 24)) >>> 0
    return { kind: 'forget-connections', uplink: 'wan1', mark, mask: 0x7f000000 }
  }
  expect(dueIn(calm, of(1))).toEqual([])
  expect(dueIn(calm, of(7))).toEqual([of(7)])
})

test('sockets, with addresses that are still away', () => {
  const of = (...addresses: readonly string[]): Step => ({ kind: 'close-sockets', uplink: 'wan1', addresses })
  expect(dueIn(calm, of('10.1.0.2', '10.1.0.77'))).toEqual([of('10.1.0.77')])
  expect(dueIn(calm, of('10.1.0.2'))).toEqual([])
})

test('who becomes active ends what it cannot carry, by the addresses that it has then', () => {
  const now = active(dead)
  const first = diff(now, decide(config, now), config.layout).filter(endsConnections)
  expect(first.map(({ kind }) => kind)).toContain('forget-stranded')
  const stranded = first.find(({ kind }) => kind === 'forget-stranded')
  if (!stranded) throw new Error('no step')
  expect(first).toContainEqual(lost)
  const due = dueIn(now, stranded)
  expect(due.map(({ kind }) => kind)).toEqual(['forget-stranded'])
  expect(due[0]).toMatchObject({
    addresses: expect.arrayContaining(['172.20.0.1', '10.1.0.2', '10.2.0.2']),
    owners: { '10.1.0.2': 0x01000000, '10.2.0.2': 0x02000000 },
  })
  // It is so already in the round after.
  const later = { ...now, state: decide(config, now).state }
  const kinds = diff(later, decide(config, later), config.layout).map(({ kind }) => kind)
  expect(kinds).not.toContain('forget-stranded')
})

test('what dies just after a handover is no reason of the handover, and waits for itself', () => {
  const steps = diff(active(calm), decide(config, active(calm)), config.layout)
  const step = steps.find(({ kind }) => kind === 'forget-stranded')
  expect(steps.map(({ kind }) => kind)).not.toContain('forget-connections')
  if (step) expect(dueIn(active(dead), step).map(({ kind }) => kind)).toEqual(['forget-stranded'])
})
