/** What comes from outside into the health of lines: ping's words, counters, files, name servers' answers, settings. */
import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../../src/config/parse.ts'
import { parseCounters } from '../../../src/kernel/devices/counters.ts'
import { parseAnswer, question } from '../../../src/lines/probes/dns.ts'
import { parsePing } from '../../../src/lines/probes/icmp.ts'
import { count, verdictOf } from '../../../src/lines/quota.ts'
import { probeSettings } from '../../../src/lines/settings.ts'
import { isTrusted } from '../../../src/os/trusted.ts'
import { parseHealth } from '../../../src/store/health.ts'
import { quotaFile, type Used } from '../../../src/store/quota.ts'
import { healthOf } from '../builders.ts'
import { config } from './simulation.ts'

test.each([
  ['24 bytes from 1.1.1.1: icmp_seq=1 ttl=64 time=0.041 ms', { kind: 'answer', rttMs: 0.041 }],
  ['24 bytes from 2606:4700:4700::1111: icmp_seq=2 ttl=57 time=3000 ms', { kind: 'answer', rttMs: 3000 }],
  ['no answer yet for icmp_seq=7', { kind: 'miss', sequence: 7 }],
  ['4 packets transmitted, 0 received, 100% packet loss, time 170ms', { kind: 'summary', sent: 4 }],
  ['2 packets transmitted, 0 received, +2 errors, 100% packet loss, time 50ms', { kind: 'summary', sent: 2 }],
  ['ping: sendmsg: Operation not permitted', { kind: 'refused' }],
  ['ping: sendmsg: Network is unreachable', null],
  ['24 bytes from 1.1.1.1: icmp_seq=1 ttl=64 time=0.1 ms (DUP!)', null],
  ['From 10.9.0.2 icmp_seq=1 Destination Host Unreachable', null],
  ['PING 1.1.1.1 (1.1.1.1) from 10.9.0.2 wan1: 16(44) bytes of data.', null],
  ['', null],
])('ping says %j', (line, expected) => expect(parsePing(line)).toEqual(expected))

test('counters, also of devices with odd names', () => {
  const text = [
    'Inter-|   Receive                                                |  Transmit',
    ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed',
    '  wan1: 5000 50 0 0 0 0 0 10 7000 70 0 0 0 0 0 0',
    'a:b: 1 2 0 0 0 0 0 0 3 4 0 0 0 0 0 0',
    '',
  ].join('\n')
  const counters = parseCounters(text)
  const [rxBytes, rxPackets, rxMulticast, txBytes, txPackets] = [5000, 50, 10, 7000, 70]
  expect(counters.get('wan1')).toMatchObject({ rxBytes, rxPackets, rxMulticast, txBytes, txPackets })
  expect(counters.get('a:b')).toMatchObject({ rxBytes: 1, rxPackets: 2, rxMulticast: 0, txBytes: 3, txPackets: 4 })
  expect(counters.size).toBe(2)
  const later = parseCounters(text.replace('5000 50', '5001 51'), counters)
  expect(later.get('wan1')).toMatchObject({ rxBytes: 5001, rxPackets: 51 })
  expect(later.get('a:b')).toBe(counters.get('a:b'))
})

describe('the file of the daemon', () => {
  const line = { ...healthOf('offline'), since: 1, why: 'x' }
  const text = (at: number, health: unknown) => JSON.stringify({ at, health })

  test('counts while it is fresh', () => {
    expect(parseHealth(text(1000, { wan1: { inet: line } }), 2000)).toEqual({ wan1: { inet: line } })
    expect(parseHealth(text(1000, { wan1: { inet: line } }), 32_000)).toEqual({})
    // T1 is no matter: this clock does not jump. A file of an earlier boot may be ahead of it.
    expect(parseHealth(text(99_000, { wan1: { inet: line } }), 2000)).toEqual({})
  })

  test.each([
    ['another state', text(1, { wan1: { inet: { ...line, state: 'great' } } })],
    ['a path for a name', text(1, { '../x': { inet: line } })],
    ['other types', text(1, { wan1: 7, wan2: [], wan3: { inet: 'offline' } })],
    ['nothing', text(1, null)],
  ])('%s judges nobody', (_, content) => expect(parseHealth(content, 2)).toEqual({}))

  test('P6 garbage is an error, which its reader logs', () => expect(() => parseHealth('{"at":1,', 2)).toThrow())
})

describe('quota', () => {
  const quota = { bytes: 1000, resetDay: 5, atQuota: 'demote' } as const
  const reading = (counter: number, day: string, other: Partial<{ boot: string; device: string }> = {}) => ({
    ...{ counter, boot: 'a', device: 'wwan0', today: day },
    ...other,
  })
  const run = (...readings: readonly ReturnType<typeof reading>[]) =>
    readings.reduce<Used | undefined>((used, next) => count(used, next, quota), undefined)

  test('counts on over a reboot, another device and a counter that began anew', () => {
    const bytes = (...readings: readonly ReturnType<typeof reading>[]) => run(...readings)?.periods
    expect(bytes(reading(500, '2026-11-10'), reading(700, '2026-11-10'))).toEqual({ '2026-11-05': 200 })
    expect(bytes(reading(500, '2026-11-10'), reading(700, '2026-11-10', { boot: 'b' }))).toEqual({ '2026-11-05': 700 })
    expect(bytes(reading(500, '2026-11-10'), reading(30, '2026-11-10'))).toEqual({ '2026-11-05': 30 })
  })

  test('begins anew on the reset day, also when the machine was off then', () => {
    const before = [reading(0, '2026-11-10'), reading(900, '2026-12-04')]
    expect(run(...before)?.periods).toEqual({ '2026-11-05': 900 })
    expect(run(...before, reading(950, '2026-12-05'))?.periods).toMatchObject({ '2026-12-05': 50 })
    expect(run(...before, reading(950, '2027-03-01'))?.periods).toMatchObject({ '2027-02-05': 50 })
  })

  test('T3 a clock at 1970 begins nothing anew, and the end of a quota is one', () => {
    const used = run(reading(0, '2026-11-10'), reading(999, '2026-11-11'), reading(1000, '1970-01-01'))
    expect(used?.periods).toEqual({ '2026-11-05': 1000 })
    for (const today of ['2026-11-11', '1970-01-01']) expect(verdictOf(used, today, quota)).toBe('demote')
    expect(verdictOf(used, '2026-12-05', quota)).toBe(null)
    expect(verdictOf({ periods: { '2026-11-05': 999 } }, '2026-11-11', quota)).toBe(null)
    expect(verdictOf(undefined, '2026-11-11', quota)).toBe(null)
  })

  test.for(['2026-12-05', '2099-01-01'])('T1 a clock that is set to %s and back has changed nothing', (ahead) => {
    const used = run(
      reading(0, '2026-12-04'),
      reading(900, '2026-12-04'),
      reading(950, ahead),
      reading(1050, '2026-12-04'),
    )
    expect(used?.periods['2026-11-05']).toBe(1000)
    expect(verdictOf(used, '2026-12-04', quota)).toBe('demote')
    // And the next period begins when it does.
    expect(verdictOf(used, '2026-12-05', quota)).toBe(null)
    expect(verdictOf(used, '2027-01-05', quota)).toBe(null)
  })

  test('a few periods are kept, and the present one always', () => {
    const months = Array.from({ length: 12 }, (_, i) => `2027-${String(i + 1).padStart(2, '0')}-10`)
    const used = run(...months.map((day, i) => reading(i * 100, day)))
    expect(used?.periods).toEqual({ '2027-09-05': 100, '2027-10-05': 100, '2027-11-05': 100, '2027-12-05': 100 })
  })

  test('P6 a broken file counts from 0', () => {
    for (const text of ['{}', '{"a":1}', '{"a":{"bytes":-1}}']) expect([...quotaFile.parse(text)]).toEqual([])
    for (const text of ['', '{', 'null', '[]']) expect(() => quotaFile.parse(text)).toThrow()
  })
})

describe('answers of name servers', () => {
  const asked = question(0x1234, 'portal.test', 1)
  const reply = (code: number, ...records: readonly Buffer[]) => {
    const header = Buffer.from(asked)
    header[2] = 0x81
    header[3] = 0x80 | code
    header[7] = records.length
    return Buffer.concat([header, ...records])
  }
  const record = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 203, 0, 113, 1])

  test('are read', () => {
    expect(parseAnswer(reply(0, record), 0x1234, 1)).toEqual(['203.0.113.1'])
    expect(parseAnswer(reply(3), 0x1234, 1)).toEqual([])
    expect(parseAnswer(reply(2), 0x1234, 1)).toBeNull()
  })

  test('are not believed when they answer something else, and do no harm when they are cut', () => {
    expect(parseAnswer(reply(0, record), 0x1235, 1)).toBeUndefined()
    expect(parseAnswer(asked, 0x1234, 1)).toBeUndefined()
    const whole = reply(0, record)
    for (let length = 12; length < whole.length; length++)
      expect(parseAnswer(whole.subarray(0, length), 0x1234, 1)).toBeNull()
  })
})

describe('settings', () => {
  test('defaults: three operators, of whom two must answer; metered ones are left in peace', () => {
    const settings = probeSettings('wan1', 'wan1', 'inet', config())
    expect(settings).toMatchObject({ kind: 'icmp', quorum: 2, intervalMs: 1000, countUp: 3, countDown: 1 })
    expect(settings.targets).toHaveLength(3)
    expect(probeSettings('lte', 'wwan0', 'inet', config()).intervalMs).toBe(60_000)
    expect(probeSettings('wan1', 'wan1', 'inet', config({ metered: true })).intervalMs).toBe(60_000)
  })

  test('targets of one family leave the other its own', () => {
    const uplink = { probe: { targets: ['192.0.2.1'] } }
    expect(probeSettings('wan1', 'wan1', 'inet', config(uplink))).toMatchObject({ targets: ['192.0.2.1'], quorum: 1 })
    expect(probeSettings('wan1', 'wan1', 'inet6', config(uplink)).targets).toHaveLength(3)
  })

  const parse = (keys: string) => parseConfig([{ path: 'f', text: `[uplink wan1]\n${keys}\n` }])

  test.each([
    'probe-targets = -f',
    'probe-targets = ; reboot',
    'probe-targets = 1.1.1.1 && reboot',
    'probe-targets = $(reboot)',
    'probe-targets = example.org',
    'probe-targets = 1.1.1.1%wan2',
    'probe-targets = 1.1.1.1:70000\nprobe = tcp',
    'probe-targets = http://a b/\nprobe = http',
    'probe-targets = http://user:pw@example.org/\nprobe = http',
    'probe-targets = file:///etc/passwd\nprobe = http',
    'probe-targets = https://example.org/\nprobe = http',
    'probe-targets = /etc/../bin/sh\nprobe = script',
    'probe-targets = bin/sh\nprobe = script',
    'probe = script',
    'probe-targets = 1.1.1.1:80',
    'probe-interval = 0.1',
    'probe-interval = 1e3',
    'count-up = 0',
    'max-loss = 101',
    'quota = 5',
    'quota-reset-day = 29\nquota = 1G',
    'at-quota = disable',
  ])('C14 refuses %j', (keys) => {
    expect(parse(keys).ok).toBe(false)
  })

  test('takes what is meant', () => {
    const loaded = parse(
      'probe = tcp\nprobe-targets = 192.0.2.1:443 [2001:db8::1]:53\nmax-latency = off\nmax-loss = 5\nquota = 1.5G\nstandby = yes',
    )
    expect(loaded).toMatchObject({
      ok: true,
      config: {
        uplinks: [
          {
            standby: true,
            probe: { kind: 'tcp', targets: ['192.0.2.1:443', '[2001:db8::1]:53'], maxLatencyMs: null, maxLoss: 0.05 },
            quota: { bytes: 1.5e9, resetDay: 1, atQuota: 'demote' },
          },
        ],
      },
    })
  })
})

test('programs are trusted when root alone can have written them', () => {
  expect(isTrusted('/usr/bin/true')).toBeNull()
  expect(isTrusted('/etc/passwd')).toMatch(/not executable/)
  expect(isTrusted('/usr/bin')).toMatch(/no regular file/)
  expect(isTrusted('/nowhere')).toMatch(/ENOENT/)
  expect(isTrusted('/tmp/../usr/bin/true')).toMatch(/others may write|^$/)
})
