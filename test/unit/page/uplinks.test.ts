import { describe, expect, test } from 'vitest'
import { inOrder, lookAt, ratesBetween, summaryText, uplinkView } from '../../../src/page/uplinks.ts'

const now = 1_790_000_000_000
/** As cockpit.js gives what org.ifbalance1(5) describes. */
const lte = {
  ...{ Name: 'lte', Number: 2, Interface: 'wwan0', State: 'online', StateReason: '2 of 3 targets answered' },
  ...{
    Since: (now - 90_000) * 1000,
    Drained: '',
    Gateway4: '',
    Gateway6: 'fe80::1',
    Addresses: ['10.64.0.2', '2001:db8::2'],
  },
  ...{ Weight: 3, WeightReason: '', Metric: 10, Share: 0.254, Line4: { latencyMs: 41.26, loss: 0.1 }, Line6: {} },
  ...{ RxBytes: 1000, TxBytes: 100 },
}

describe('an uplink', () => {
  test('is shown with state, share, line and reasons', () => {
    expect(uplinkView(lte, { down: 12_345_678, up: 999 }, now)).toEqual({
      ...{ name: 'lte', interface: 'wwan0', state: 'online', colour: 'green', since: '90 s' },
      ...{
        why: '2 of 3 targets answered',
        share: 0.254,
        shareText: '25 %',
        weight: 'weight 3',
        weightReason: '',
        role: '',
      },
      ...{ lines: ['IPv4 41 ms, 10 % lost'], down: '12.3 Mbit/s', up: '999 bit/s' },
      ...{ gateways: ['fe80::1'], addresses: ['10.64.0.2', '2001:db8::2'] },
      ...{ isDisabled: false, isDrained: false, canDrain: true },
    })
  })

  test('that is drained and works is said to be drained; one that does not work, not to work', () => {
    expect(uplinkView({ ...lte, Drained: 'command' }, null, now)).toMatchObject({
      state: 'drained',
      isDrained: true,
      canDrain: false,
    })
    expect(uplinkView({ ...lte, Drained: 'weight' }, null, now)).toMatchObject({
      state: 'drained',
      isDrained: false,
      canDrain: false,
    })
    expect(uplinkView({ ...lte, State: 'offline', Drained: 'command' }, null, now)).toMatchObject({
      state: 'offline',
      colour: 'red',
    })
    expect(uplinkView({ ...lte, State: 'disabled' }, null, now)).toMatchObject({
      isDisabled: true,
      canDrain: false,
      colour: 'grey',
      lines: [],
    })
  })

  test('that is not like others says what it is', () => {
    const view = uplinkView({ ...lte, Standby: true, Metered: true, QuotaUsed: 0.804 }, null, now)
    expect(view.role).toBe('standby, metered, 80 % of its quota used')
  })

  test('of a later version, with a state and types that nobody knows, is shown all the same', () => {
    const view = uplinkView({ Name: 'x', State: 'asleep', Share: 'much', Addresses: 7, Line4: null }, null, now)
    expect(view).toMatchObject({
      name: 'x',
      state: 'asleep',
      colour: 'grey',
      share: 0,
      addresses: [],
      lines: [],
      down: '',
    })
  })
})

test('rates are of two looks at the same device', () => {
  const before = lookAt(lte, now)
  expect(ratesBetween(undefined, before)).toBe(null)
  expect(ratesBetween(before, before)).toBe(null)
  const later = lookAt({ RxBytes: 126_000, TxBytes: 350 }, now + 2000)
  expect(ratesBetween(before, later)).toEqual({ down: 500_000, up: 1000 })
  expect(ratesBetween(later, { ...before, atMs: now + 4000 })).toBe(null)
})

test('uplinks are in the order of their numbers', () => {
  const uplinks = new Map([
    ['/a', { Number: 10 }],
    ['/b', { Number: 2 }],
  ])
  expect(inOrder(uplinks).map(([path]) => path)).toEqual(['/b', '/a'])
})

test('the summary says how many work, and which take new connections', () => {
  const view = (name: string, share: number, State = 'online') =>
    uplinkView({ ...lte, Name: name, Share: share, State }, null, now)
  const all = [view('dsl', 0.75), view('lte', 0.25), view('sat', 0, 'offline')]
  expect(summaryText({ Mode: 'connection' }, all)).toBe(
    '2 of 3 uplinks work. New connections by dsl, lte. Mode connection.',
  )
  expect(summaryText({ Mode: 'failover' }, all.slice(2))).toBe(
    '0 of 1 uplinks work. None takes new connections. Mode failover.',
  )
})
