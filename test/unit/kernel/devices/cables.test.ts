/** What hangs on one cable. */
import { expect, test } from 'vitest'
import { withCables } from '../../../../src/kernel/devices/cables.ts'
import type { Link } from '../../../../src/model/kernel.ts'
import { linkOf } from '../../builders.ts'

const addressOf = (address: string): Link['addresses'] => [
  { family: 'inet', address, prefixLength: 32, peer: '10.64.64.1', global: true, usable: true },
]

/** A VLAN, a macvlan on it, PPPoE on that, a bond of two ports with a VLAN, and a card alone. */
const links: readonly Link[] = [
  linkOf('eth0', { index: 1 }),
  linkOf('eth0.7', { index: 2, kind: 'vlan', below: 1 }),
  linkOf('mv0', { index: 3, kind: 'macvlan', below: 2 }),
  linkOf('ppp0', { index: 4, kind: 'ppp', addresses: addressOf('10.64.0.2') }),
  linkOf('ppp1', { index: 5, kind: 'ppp', addresses: addressOf('10.64.0.9') }),
  linkOf('eth1', { index: 6, master: 8 }),
  linkOf('eth2', { index: 7, master: 8 }),
  linkOf('bond0', { index: 8, kind: 'bond' }),
  linkOf('bond0.9', { index: 9, kind: 'vlan', below: 8 }),
  linkOf('eth3', { index: 10 }),
]
const sessions = {
  ppp0: { address: '10.64.0.2', below: 'mv0' },
  // Of an earlier session of that interface, over another one.
  ppp1: { address: '10.64.0.3', below: 'eth0' },
}

function cutOff(changes: Readonly<Record<string, Partial<Link>>>) {
  const now = withCables(
    links.map((link) => ({ ...link, ...changes[link.name] })),
    sessions,
  )
  return Object.fromEntries(now.flatMap(({ name, carrier, cut }) => (carrier ? [] : [[name, cut]])))
}

const lost = { carrier: false } as const

test('with all cables in, nothing is cut off', () => expect(cutOff({})).toEqual({}))

test('a cable takes all that hangs on it', () => {
  expect(cutOff({ eth0: lost })).toEqual({ eth0: undefined, 'eth0.7': 'eth0', mv0: 'eth0', ppp0: 'eth0' })
  expect(cutOff({ eth0: { up: false } })).toEqual({ 'eth0.7': 'eth0', mv0: 'eth0', ppp0: 'eth0' })
})

test('a bond has a carrier while one of its ports has', () => {
  expect(cutOff({ eth1: lost })).toEqual({ eth1: undefined })
  expect(cutOff({ eth1: lost, eth2: lost })).toEqual({
    ...{ eth1: undefined, eth2: undefined, bond0: 'eth1', 'bond0.9': 'eth1' },
  })
})

test('links that name each other end somewhere', () => {
  const [one, other] = [linkOf('one', { index: 1, below: 2 }), linkOf('other', { index: 2, below: 1 })]
  expect(withCables([one, other], {})).toEqual([one, other])
})
