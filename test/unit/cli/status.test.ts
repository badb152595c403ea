import { expect, test } from 'vitest'
import type { Paint } from '../../../src/cli/output.ts'
import { type Shown, statusText as textOf } from '../../../src/cli/status-text.ts'
import type { Link, Nexthop, Route } from '../../../src/model/kernel.ts'
import type { UplinkState } from '../../../src/model/uplink.ts'
import { type Facts, isAllDead, type Status, statusOf } from '../../../src/status/status.ts'
import { configOf } from '../../config-of.ts'
import { checked } from '../../json.ts'
import { healthOf, hopOf, linkOf, observedOf, pathOf, routeOf, uplinkOf } from '../builders.ts'

const plain: Paint = (_, text) => text

const now = new Date(2026, 10, 27, 8, 42, 5).getTime()

function statusText(status: Status, paint: Paint, shown: Partial<Shown> = {}): string {
  return textOf(status, paint, { verbose: false, width: 80, breaks: false, now, ...shown })
}

const config = configOf('')

const link = (name: string, carrier = true) => linkOf(name, { carrier })
const hop = (device: string, weight: number) => hopOf(device, '192.0.2.1', weight)

function balanced(nexthops: readonly Nexthop[], other: Partial<Route> = {}): Route {
  return routeOf('default', nexthops, { table: 30098, protocol: 2, ...other })
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
    'LINE     STATE   SINCE  LATENCY  JITTER  LOSS',
    'gone  -  absent  -            -       -     -',
    '  there is no interface wan3',
    '',
    'Mode connection, 2 of 3 uplinks online; the daemon is running.',
    'Warning: lan overlaps',
  ])
})

test('how large packets may be, where it is asked for', () => {
  expect(
    statusText(statusOf(facts([], [])), plain, { verbose: true })
      .split('\n')
      .slice(10, 13),
  ).toEqual([
    'Packets of home: up to 1500 bytes in IPv4 (its interface); up to 1500 bytes in IPv6 (its interface).',
    'Packets of lte: up to 1492 bytes in IPv4 (found out by probes).',
    '',
  ])
})

test('an uplink without a link has a row among the lines, which says why', () => {
  const given = facts([], [link('wan1', false), link('ppp0')])
  const [down, unconfigured] = [{ ...home, state: 'down' } as const, { ...lte, state: 'unconfigured' } as const]
  // What was seen of another state says nothing of this one.
  const times = { home: { state: 'down', since: now - 90_000 }, lte: { state: 'online', since: now - 1000 } } as const
  const status = statusOf({ ...given, times, desired: { ...given.desired, uplinks: [down, unconfigured, gone] } })
  expect(status.uplinks.map(({ since }) => since)).toEqual([now - 90_000, undefined, undefined])
  expect(statusText(status, plain, { width: 100 }).split('\n').slice(6, 12)).toEqual([
    'LINE     STATE         SINCE               LATENCY  JITTER  LOSS',
    'home  -  down          08:40:35, for 90 s        -       -     -',
    '  no carrier',
    'lte   -  unconfigured  -                         -       -     -',
    '  no address',
    'gone  -  absent        -                         -       -     -',
  ])
})

const ago = (ms: number) => ({
  ...healthOf('online'),
  since: now - ms,
  why: 'probed',
  lastProbe: 'answered',
  latencyMs: 12.34,
  jitterMs: 1.5,
  loss: 0,
})
const hour = 3_600_000
const dead = {
  ...{ ...healthOf('offline'), since: now - 30 * hour, why: '0 of 3 targets answered, 2 needed, for the third time' },
  lastProbe: '192.0.2.1 did not answer within 1000 ms, nor did it answer a question by DNS',
}

/** A host whose tables are as wide as they get: long addresses in both families. */
function wide(): Status {
  const status = statusOf(facts([], []))
  const [first, ...others] = status.uplinks
  if (!first?.inet || !first.inet6) throw new Error('no first uplink')
  const inet6 = {
    ...{ ...first.inet6, gateway: 'fe80::1234:56ff:fe78:9abc', health: dead },
    addresses: ['2001:db8:1234:5678:9abc:def0:1234:5678', '2001:db8::1'],
  }
  return { ...status, uplinks: [{ ...first, inet: { ...first.inet, health: ago(12 * hour) }, inet6 }, ...others] }
}

test('times are those of the host, and how long ago they are; lines that are well need no reason', () => {
  const text = statusText(wide(), plain).split('\n')
  expect(text.slice(9, 14)).toEqual([
    'LINE        STATE    SINCE                  LATENCY  JITTER  LOSS',
    'home  IPv4  online   20:42:05, for 12 h    12.34 ms  1.5 ms   0 %',
    'home  IPv6  offline  2026-11-26, for 30 h         -       -   0 %',
    '  0 of 3 targets answered, 2 needed, for the third time; last probe: 192.0.2.1',
    '  did not answer within 1000 ms, nor did it answer a question by DNS',
  ])
  expect(statusText(wide(), plain, { verbose: true })).toContain('  probed; last probe: answered')
})

test('nothing is wider than the terminal, down to 80 columns; what is too wide has a row of its own', () => {
  const longest = (shown: Partial<Shown>) =>
    Math.max(
      ...statusText(wide(), plain, { breaks: true, ...shown })
        .split('\n')
        .map(({ length }) => length),
    )
  expect(longest({ verbose: true })).toBeLessThanOrEqual(80)
  expect(longest({ width: 200 })).toBeGreaterThan(80)
  expect(statusText(wide(), plain).split('\n').slice(0, 7)).toEqual([
    'UPLINK  INTERFACE  STATE   SHARE  WEIGHT  METRIC',
    'home    wan1       online    0 %       3      10',
    '  192.0.2.2 (+1) by 192.0.2.1',
    '                             0 %',
    '  2001:db8:1234:5678:9abc:def0:1234:5678 (+1) by fe80::1234:56ff:fe78:9abc',
    'lte     ppp0       online    0 %       1      10',
    '  198.51.100.7, direct',
  ])
})

test('nothing works: only where something should', () => {
  const status = statusOf(facts([], []))
  const all = (state: UplinkState) => ({ ...status, uplinks: status.uplinks.map((uplink) => ({ ...uplink, state })) })
  expect(isAllDead(status)).toBe(false)
  for (const state of ['offline', 'down', 'absent', 'unconfigured'] as const) expect(isAllDead(all(state))).toBe(true)
  for (const state of ['disabled', 'suspect', 'degraded'] as const) expect(isAllDead(all(state))).toBe(false)
  expect(isAllDead({ ...all('offline'), heldDown: true })).toBe(false)
  const pair = { why: '', usable: null }
  expect(isAllDead({ ...all('offline'), pair: { ...pair, role: 'standby' } })).toBe(false)
  expect(isAllDead({ ...all('offline'), pair: { ...pair, role: 'active' } })).toBe(true)
})

test('an uplink whose traffic costs money is called so: by its section, or as it is a modem', () => {
  const given = facts([], [])
  const costs = (text: string, device: string) => {
    const desired = { ...given.desired, uplinks: [{ ...lte, interface: device }] }
    return statusOf({ ...given, desired, config: configOf(text) }).uplinks.map(({ metered }) => metered)
  }
  expect(costs('', 'ppp0')).toEqual([undefined])
  expect(costs('[uplink lte]\nmetered = yes\n', 'ppp0')).toEqual([true])
  expect(costs('', 'wwan0')).toEqual([true])
  expect(costs('[uplink lte]\nmetered = no\n', 'wwan0')).toEqual([undefined])
})

test('who is standby or metered, and what is left of a quota, is said below the tables', () => {
  const status = statusOf(facts([], []))
  const special = status.uplinks.map((uplink, index) => ({
    ...{ ...uplink, metered: true as const },
    ...(index === 1 && { standby: true as const, quota: { bytes: 20e9, used: 12.34e9 } }),
    ...(index === 2 && { quota: { bytes: 1e9, used: 1.002e9 } }),
  }))
  const text = statusText({ ...status, uplinks: special }, plain).split('\n')
  const from = text.indexOf('Standby: lte.')
  expect(text.slice(from, from + 5)).toEqual([
    'Standby: lte.',
    'Metered: home, lte, gone.',
    'Quota of lte: 12.3 GB of 20 GB used, 7.66 GB left.',
    'Quota of gone: 1 GB of 1 GB used, 2 MB too many.',
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
