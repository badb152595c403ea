import { expect, test } from 'vitest'
import type { Paint } from '../../../src/cli/output.ts'
import { statusText } from '../../../src/cli/status-text.ts'
import type { Link, Nexthop, Route } from '../../../src/model/kernel.ts'
import { type Facts, type Status, statusOf } from '../../../src/status/status.ts'
import { configOf } from '../../config-of.ts'
import { checked } from '../../json.ts'
import { hopOf, linkOf, observedOf, pathOf, routeOf, uplinkOf } from '../builders.ts'

const plain: Paint = (_, text) => text

const config = configOf('')

const link = (name: string, carrier = true) => linkOf(name, { carrier })
const hop = (device: string, weight: number) => hopOf(device, '192.0.2.1', weight)

function balanced(nexthops: readonly Nexthop[], other: Partial<Route> = {}): Route {
  return routeOf('default', nexthops, { table: 30098, protocol: 98, ...other })
}

const home = uplinkOf(1, {
  ...{ name: 'home', index: 2, weight: 3 },
  inet: pathOf('192.0.2.1', ['192.0.2.2', '192.0.2.3']),
  inet6: pathOf('fe80::1', ['2001:db8::2']),
})
const narrow = pathOf(null, ['198.51.100.7'], { mtu: 1492, narrowed: { by: 'probes', from: 1500 } })
const lte = uplinkOf(2, { name: 'lte', interface: 'ppp0', index: 3, inet: narrow })
const gone = uplinkOf(3, { name: 'gone', index: null, state: 'absent' })

function facts(routes: readonly Route[], links: readonly Link[], warnings: readonly string[] = []): Facts {
  const observed = observedOf({
    ...{ links, routes },
    rules: (['inet', 'inet6'] as const).map((family) => ({
      ...{ family, priority: 32765, protocol: 2, spec: 'lookup 30098' },
    })),
  })
  const desired = {
    ...{ uplinks: [home, lte, gone], routes: [], rules: [], ruleset: null, sysctls: {} },
    ...{
      state: { uplinks: {}, sysctls: {} },
      tableNames: '',
      warnings: [{ kind: 'overlap' as const, reason: 'lan overlaps' }],
    },
  }
  return { config, observed, desired, pending: 0, daemon: true, heldDown: false, warnings }
}

function sharesOf(routes: readonly Route[], links = [link('wan1'), link('ppp0')]) {
  return statusOf(facts(routes, links)).uplinks.map(({ inet, inet6 }) => [inet?.share, inet6?.share])
}

test('shares are those of the balanced default in the kernel, a family each', () => {
  const inet = balanced([hop('wan1', 3), hop('ppp0', 1)])
  const inet6 = balanced([hop('wan1', 1)], { family: 'inet6', metric: 1024 })
  const worse = balanced([hop('ppp0', 9)], { metric: 7 })
  const elsewhere = balanced([hop('ppp0', 9)], { table: 254 })
  const closing = balanced([], { type: 'unreachable', metric: 4294967295 })
  expect(sharesOf([elsewhere, closing, worse, inet, inet6])).toEqual([
    [0.75, 1],
    [0.25, undefined],
    [undefined, undefined],
  ])
})

test('a nexthop without carrier has no share, and no route none at all', () => {
  const inet = balanced([hop('wan1', 3), hop('ppp0', 1)])
  expect(sharesOf([inet], [link('wan1', false), link('ppp0')]).slice(0, 2)).toEqual([
    [0, 0],
    [1, undefined],
  ])
  expect(sharesOf([]).slice(0, 2)).toEqual([
    [0, 0],
    [0, undefined],
  ])
})

test('what --json prints is this, and changes only with `format`', () => {
  const status = statusOf(facts([balanced([hop('wan1', 3), hop('ppp0', 1)])], [link('wan1'), link('ppp0')], ['a typo']))
  expect(checked('status', status)).toEqual({
    format: 1,
    mode: 'connection',
    daemon: true,
    heldDown: false,
    uplinks: [
      {
        ...{ name: 'home', number: 1, interface: 'wan1', state: 'online', weight: 3, metric: 10 },
        inet: { gateway: '192.0.2.1', addresses: ['192.0.2.2', '192.0.2.3'], mtu: 1500, share: 0.75 },
        inet6: { gateway: 'fe80::1', addresses: ['2001:db8::2'], mtu: 1500, share: 0 },
      },
      {
        ...{ name: 'lte', number: 2, interface: 'ppp0', state: 'online', weight: 1, metric: 10 },
        inet: { gateway: null, addresses: ['198.51.100.7'], mtu: 1492, mtuBy: 'probes', share: 0.25 },
        inet6: null,
      },
      {
        ...{ name: 'gone', number: 3, interface: 'wan3', state: 'absent', weight: 1, metric: 10 },
        why: 'there is no interface wan3',
        inet: null,
        inet6: null,
      },
    ],
    pending: 0,
    warnings: ['a typo', 'lan overlaps'],
  })
})

test('the table that people read', () => {
  const status = statusOf(facts([balanced([hop('wan1', 3), hop('ppp0', 1)])], [link('wan1'), link('ppp0')]))
  expect(statusText(status, plain).split('\n')).toEqual([
    'UPLINK  INTERFACE  STATE   SHARE  WEIGHT  METRIC  GATEWAY    ADDRESS',
    'home    wan1       online   75 %       3      10  192.0.2.1  192.0.2.2 (+1)',
    '                             0 %                  fe80::1    2001:db8::2',
    'lte     ppp0       online   25 %       1      10  (direct)   198.51.100.7',
    'gone    wan3       absent      -       1      10  -          -',
    '',
    'Mode connection, 2 of 3 uplinks online; the daemon is running.',
    'Warning: lan overlaps',
  ])
})

test('how large packets may be, where it is asked for', () => {
  expect(
    statusText(statusOf(facts([], [])), plain, true)
      .split('\n')
      .slice(6, 9),
  ).toEqual([
    'Packets of home: up to 1500 bytes in IPv4 (its interface); up to 1500 bytes in IPv6 (its interface).',
    'Packets of lte: up to 1492 bytes in IPv4 (found out by probes).',
    '',
  ])
})

test('an uplink without a link has a row among the lines, which says why', () => {
  const given = facts([], [link('wan1', false), link('ppp0')])
  const [down, unconfigured] = [{ ...home, state: 'down' } as const, { ...lte, state: 'unconfigured' } as const]
  const status = statusOf({ ...given, desired: { ...given.desired, uplinks: [down, unconfigured, gone] } })
  expect(statusText(status, plain).split('\n').slice(6, 10)).toEqual([
    'LINE     STATE         SINCE  LATENCY  JITTER  LOSS  WHY         LAST PROBE',
    'home  -  down          -            -       -     -  no carrier  -',
    'lte   -  unconfigured  -            -       -     -  no address  -',
    '',
  ])
})

test('what is wrong is told', () => {
  const empty: Status = { ...statusOf(facts([], [])), uplinks: [], warnings: ['evil \u001b[31m'], daemon: false }
  const told = (change: Partial<Status>) => statusText({ ...empty, ...change }, plain).split('\n')
  expect(told({ pending: 1 })).toEqual([
    'No uplinks.',
    '',
    'Mode connection, 0 of 0 uplinks online; no daemon is running: only hooks keep this up to date.',
    'Warning: 1 change is pending: see "ifbalance plan".',
    'Warning: evil \uFFFD[31m',
  ])
  expect(told({ pending: 12 })[3]).toBe('Warning: 12 changes are pending: see "ifbalance plan".')
  expect(told({ pending: 12, heldDown: true }).slice(3)).toEqual([
    'Warning: Held down: nothing is balanced until "ifbalance apply".',
    'Warning: evil \uFFFD[31m',
  ])
})

test('one of two routers says which it is, and nobody else does', () => {
  const given = facts([], [])
  expect(statusOf(given)).not.toHaveProperty('pair')
  const status = statusOf({ ...given, config: configOf('[ha]\naddress = 172.20.0.1\n'), usable: 2 })
  expect(status.pair).toEqual({ role: 'standby', why: '172.20.0.1 is not here', usable: 2 })
  expect(statusText(status, plain)).toContain(
    'One of two routers, standby: 172.20.0.1 is not here; 2 uplinks are usable.',
  )
})
