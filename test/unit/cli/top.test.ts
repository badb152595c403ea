import { expect, test } from 'vitest'
import type { Paint } from '../../../src/cli/output.ts'
import { addLook, noRates, type Rates, ratesOf } from '../../../src/cli/rates.ts'
import { rateText, sparkline, type TopState, topLines } from '../../../src/cli/top-text.ts'
import { createClients } from '../../../src/kernel/conntrack/clients.ts'
import { defaultLayout } from '../../../src/layout.ts'
import type { Status, UplinkStatus } from '../../../src/status/status.ts'
import { healthOf } from '../builders.ts'

const plain: Paint = (_, text) => text

const fibre: UplinkStatus = {
  ...{ name: 'fibre', number: 1, interface: 'eth0', state: 'online', weight: 3, metric: 10 },
  inet: {
    ...{ gateway: '192.0.2.1', addresses: ['192.0.2.2'], mtu: 1500, share: 0.75 },
    health: { ...healthOf('online'), latencyMs: 12.3, loss: 0 },
  },
  inet6: {
    ...{ gateway: 'fe80::1', addresses: ['2001:db8::2'], mtu: 1500, share: 1 },
    health: { ...healthOf('online'), latencyMs: 14, loss: 0.02 },
  },
}
const lte: UplinkStatus = {
  ...{ name: 'lte', number: 2, interface: 'wwan0', state: 'offline', weight: 1, metric: 10 },
  ...{ inet: { gateway: null, addresses: ['198.51.100.7'], mtu: 1500, share: 0.25 }, inet6: null },
}

const status: Status = {
  ...{ format: 1, mode: 'connection', daemon: true, heldDown: false, pending: 0, warnings: [] },
  uplinks: [fibre, lte],
}

/** A look a second; fibre carries more and more downwards, and the same upwards. */
const rates = [0, 1, 3, 6, 10].reduce<Rates>(
  (before, megabytes, second) =>
    addLook(before, new Map([['eth0', { rxBytes: megabytes * 1e6, txBytes: second * 12_500 }]]), second * 1000),
  noRates,
)

const none = { out: 0, in: 0, share: 0, bytes: null }
const state: TopState = {
  ...{ now: new Date(2026, 10, 27, 8, 42, 5).getTime(), status, rates, note: null },
  connections: {
    uplinks: [{ name: 'fibre', number: 1, inet: { ...none, out: 120, in: 3 }, inet6: { ...none, out: 4 } }],
  },
  clients: [
    {
      source: '192.168.77.10',
      connections: 42,
      by: new Map([
        [2, 12],
        [1, 30],
      ]),
    },
    { source: '2001:db8:77::10', connections: 2, by: new Map([[9, 2]]) },
  ],
  rules: [
    { name: 'telephones', connections: 12_345, perSecond: 0.25 },
    { name: 'web', connections: 1, perSecond: null },
  ],
}

test('the picture', () => {
  expect(topLines(state, { columns: 80, rows: 24 }, plain)).toEqual([
    'ifbalance  08:42:05  mode connection, 1 of 2 uplinks work                q quits',
    '',
    'UPLINK  STATE           SHARE  LATENCY  LOSS  CONNS         DOWN          UP',
    'fibre   online   75 % / 100 %  12.3 ms   2 %    127  32.0 Mbit/s  100 kbit/s',
    `  down ${'▃▅▇█'.padStart(34)}  up ${'████'.padStart(34)}`,
    'lte     offline          25 %        -     -      -            -           -',
    '',
    'CLIENT           CONNS  BY',
    '192.168.77.10       42  fibre 30, lte 12',
    '2001:db8:77::10      2  (9) 2',
    '',
    'RULE         HITS  PER SECOND',
    'telephones  12345         0.3',
    'web             1           -',
  ])
})

test('clients and rules share what room is left, half and half where both have more', () => {
  const clients = Array.from({ length: 20 }, (_, i) => ({
    ...{ source: `10.0.0.${i}`, connections: 1, by: new Map([[1, 1]]) },
  }))
  const rules = Array.from({ length: 20 }, (_, i) => ({ name: `r${i}`, connections: 1, perSecond: 0 }))
  const shown = (more: Partial<TopState>) => {
    const lines = topLines({ ...state, ...more }, { columns: 80, rows: 24 }, plain)
    return [lines.length, ...[/^10\.0/, /^r\d/].map((which) => lines.filter((line) => which.test(line)).length)]
  }
  expect(shown({ clients, rules })).toEqual([24, 7, 7])
  expect(shown({ clients, rules: rules.slice(0, 2) })).toEqual([24, 12, 2])
  expect(shown({ clients: clients.slice(0, 2), rules })).toEqual([24, 2, 12])
  expect(shown({ clients, rules: [] })).toEqual([24, 16, 0])
})

test('where there is no line, why and since when stand in place of what it carries', () => {
  const dsl: UplinkStatus = { ...lte, state: 'down', why: 'no carrier', since: state.now - 3 * 3600_000 }
  const rates = addLook(addLook(noRates, counted(0), 0), counted(1e6), 1000)
  const shown = (uplink: UplinkStatus) =>
    topLines(
      { ...state, rates, clients: [], rules: [], status: { ...status, uplinks: [uplink] } },
      { columns: 80, rows: 24 },
      plain,
    )
  expect(shown(dsl).at(-1)).toBe('  no carrier, for 3 h')
  const { since: _, ...unseen } = dsl
  expect(shown(unseen).at(-1)).toBe('  no carrier')
  expect(shown(lte).at(-1)).toMatch(/^ {2}down +█ {2}up/)
})

function counted(bytes: number) {
  return new Map([['wwan0', { rxBytes: bytes, txBytes: bytes }]])
}

test('it fits in any size, and what is most important stays', () => {
  const long = { ...status, warnings: Array.from({ length: 9 }, (_, index) => `${index} ${'x'.repeat(300)}`) }
  const uplinks = Array.from({ length: 30 }, (_, index) => ({ ...fibre, name: `uplink${index}` }))
  for (const shown of [state, { ...state, status: long }, { ...state, status: { ...long, uplinks } }])
    for (const size of [1, 2, 5, 10, 24, 100].flatMap((rows) =>
      [1, 20, 79, 80, 300].map((columns) => ({ columns, rows })),
    )) {
      const lines = topLines(shown, size, plain)
      expect(lines.length).toBeLessThanOrEqual(size.rows)
      expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(size.columns)
    }
  const [title, , , first] = topLines(state, { columns: 40, rows: 4 }, plain)
  expect([title, first]).toEqual([
    expect.stringMatching(/^ifbalance {2}08:42:05/),
    expect.stringMatching(/^fibre +online/),
  ])
})

test('what is wrong is told, and names do not steer the terminal', () => {
  const evil = { ...status, daemon: false, heldDown: true, warnings: ['evil \u001b[31m\nline'] }
  const lines = topLines({ ...state, status: evil, note: 'a note' }, { columns: 80, rows: 24 }, plain)
  expect(lines.slice(6, 10)).toEqual([
    'No daemon is running.',
    'Held down: nothing is balanced until "ifbalance apply".',
    'evil \uFFFD[31m line',
    'a note',
  ])
})

test('rates come of two looks; a device whose counters went back begins anew', () => {
  expect(ratesOf(rates, 'eth0').map(({ down }) => down / 8e6)).toEqual([1, 2, 3, 4])
  expect(ratesOf(rates, 'none')).toEqual([])
  const again = addLook(rates, new Map([['eth0', { rxBytes: 5, txBytes: 1e9 }]]), 5000)
  expect(ratesOf(again, 'eth0')).toEqual([])
  const many = Array.from({ length: 1000 }, (_, second) => second).reduce<Rates>(
    (before, second) => addLook(before, new Map([['eth0', { rxBytes: second, txBytes: 0 }]]), second * 1000),
    noRates,
  )
  expect(ratesOf(many, 'eth0')).toHaveLength(512)
})

test('figures have three digits, and a line of blocks its own scale', () => {
  expect([0, 0.4, 1, 999, 1000, 12_340, 999_000, 5e9, 1e18].map(rateText)).toEqual([
    ...['0', '0', '1 bit/s', '999 bit/s', '1.0 kbit/s', '12.3 kbit/s', '999 kbit/s', '5.0 Gbit/s'],
    '1000000 Tbit/s',
  ])
  expect(sparkline([0, 0], 5)).toBe('▁▁')
  expect(sparkline([9, 0, 4, 8], 3)).toBe('▁▅█')
  expect(sparkline([], 3)).toBe('')
})

test('clients are those whose connections left by an uplink, the busiest first, and not endlessly many', () => {
  const clients = createClients(defaultLayout)
  const entry = (source: string, mark: number) =>
    `ipv4     2 tcp      6 99 ESTABLISHED src=${source} dst=192.0.2.9 sport=1 dport=80 src=192.0.2.9 dst=192.0.2.2 sport=80 dport=1 mark=${mark} use=1`
  const [left, leftBy2, cameIn] = [0x41000000, 0x42000000, 0xc1000000]
  for (const [source, mark] of [
    ...[
      ['192.0.2.2', left],
      ['10.0.0.1', left],
      ['10.0.0.1', leftBy2],
      ['10.0.0.1', leftBy2],
    ],
    ...[
      ['203.0.113.1', cameIn],
      ['10.0.0.9', 0],
    ],
  ] as const)
    clients.add(entry(String(source), Number(mark)))
  clients.add('conntrack v1.4.7 (conntrack-tools): 6 flow entries have been shown.')
  clients.add(entry('\u001b[31m', left))
  expect(clients.busiest(5)).toEqual([
    {
      source: '10.0.0.1',
      connections: 3,
      by: new Map([
        [1, 1],
        [2, 2],
      ]),
    },
    { source: '192.0.2.2', connections: 1, by: new Map([[1, 1]]) },
  ])
  for (let i = 0; i < 30_000; i++) clients.add(entry(`10.1.${i >> 8}.${i & 255}`, left))
  expect(clients.busiest(Number.POSITIVE_INFINITY)).toHaveLength(20_000)
  clients.add(entry('192.0.2.2', left))
  expect(clients.busiest(2)[1]).toMatchObject({ connections: 2 })
})
