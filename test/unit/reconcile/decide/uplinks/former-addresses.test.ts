/** Addresses that left an uplink, by what our rules and the links say. */
import { expect, test } from 'vitest'
import { defaultLayout } from '../../../../../src/layout.ts'
import type { Observed } from '../../../../../src/model/observed.ts'
import type { KnownUplink } from '../../../../../src/model/state.ts'
import { replacedAddresses, withLeft } from '../../../../../src/reconcile/decide/uplinks/former-addresses.ts'
import { linkOf, observedOf } from '../../../builders.ts'

const ruleFor = (address: string) => ({
  ...{ family: address.includes(':') ? ('inet6' as const) : ('inet' as const), priority: 20301, protocol: 2 },
  spec: `from ${address} lookup 30001`,
})

/** What becomes of uplink 1, which had rules for some addresses, and is to have others; `left` was noted down before. */
function play({ had, has, here = has, left, uptime = 100 }: Scene) {
  const addresses = here.map((address) => ({
    ...{ family: 'inet' as const, address, prefixLength: 24, peer: null, global: true, usable: true },
  }))
  const before: KnownUplink = { number: 1, interface: 'ppp0', ...(left && { left }) }
  const observed: Observed = observedOf({
    links: [linkOf('ppp0', { addresses })],
    rules: had.map(ruleFor),
    state: { uplinks: { dsl: before }, sysctls: {} },
    uptime,
  })
  const known = { dsl: before }
  const rules = has.map(ruleFor)
  return {
    closed: replacedAddresses(known, observed, rules, defaultLayout).flatMap((one) => one.addresses),
    left: withLeft(known, observed, rules, defaultLayout)['dsl']?.left,
  }
}

interface Scene {
  readonly had: readonly string[]
  readonly has: readonly string[]
  readonly here?: readonly string[]
  readonly left?: Readonly<Record<string, number>>
  readonly uptime?: number
}

const [one, two, three] = ['10.64.0.2', '10.64.0.3', '10.64.0.4'] as const

test.each<[string, Scene, ReturnType<typeof play>]>([
  ['nothing changes', { had: [one], has: [one] }, { closed: [], left: undefined }],
  ['replaced at once', { had: [one], has: [two] }, { closed: [one], left: undefined }],
  ['gone for now', { had: [one], has: [] }, { closed: [], left: { [one]: 100 } }],
  ['still gone', { had: [], has: [], left: { [one]: 40 } }, { closed: [], left: { [one]: 40 } }],
  ['another one comes', { had: [], has: [two], left: { [one]: 40 } }, { closed: [one], left: undefined }],
  ['the same one comes back', { had: [], has: [one], left: { [one]: 40 } }, { closed: [], left: undefined }],
  [
    'one of two comes back',
    { had: [], has: [one], left: { [one]: 95, [two]: 95 } },
    { closed: [], left: { [two]: 95 } },
  ],
  ['one of two is gone for now', { had: [one, two], has: [two] }, { closed: [], left: { [one]: 100 } }],
  ['and does not come back', { had: [two], has: [two], left: { [one]: 40 } }, { closed: [one], left: undefined }],
  ['it is on the host still', { had: [one], has: [two], here: [one, two] }, { closed: [], left: undefined }],
  [
    'of the other family',
    { had: [one, '2001:db8::1'], has: ['2001:db8::2'] },
    { closed: ['2001:db8::1'], left: { [one]: 100 } },
  ],
  ['noted before a reboot', { had: [], has: [], left: { [three]: 5000 } }, { closed: [], left: { [three]: 100 } }],
])('an address: %s', (_, scene, expected) => expect(play(scene)).toEqual(expected))
