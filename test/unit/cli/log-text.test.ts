import { expect, test } from 'vitest'
import { journalArgs, logLine } from '../../../src/cli/log-text.ts'
import { localTime, readTime, spanText } from '../../../src/cli/points-in-time.ts'

const plain = (_: string, text: string) => text
const line = (fields: object) => logLine(JSON.stringify({ __REALTIME_TIMESTAMP: '1790000000000000', ...fields }), plain)

test('a message is one line with its local time, and does not steer the terminal', () => {
  const at = localTime(1_790_000_000_000)
  expect(at).toMatch(/^2026-09-2\d \d\d:\d\d:\d\d$/)
  expect(line({ MESSAGE: 'lte is online', PRIORITY: '5' })).toBe(`${at}  lte is online`)
  expect(line({ MESSAGE: 'a\u001b[2Jb\nc' })).toBe(`${at}  a\uFFFD[2Jb`)
  expect(
    logLine('{"MESSAGE":"x","PRIORITY":"4","__REALTIME_TIMESTAMP":"1"}', (style, text) => `<${style}>${text}`),
  ).toMatch(/<yellow>x$/)
  for (const strange of ['', 'x', 'null', '[]', '{"MESSAGE":[1]}', '{"MESSAGE":"x"}'])
    expect(logLine(strange, plain)).toBe(null)
})

test('only what the unit said is asked for, as anyone may write our fields', () => {
  expect(journalArgs({ uplink: 'lte', since: 7.5, follow: false })).toEqual(
    expect.arrayContaining(['--since=@7', '_SYSTEMD_UNIT=ifbalance.service', 'IFBALANCE_UPLINK=lte']),
  )
  expect(journalArgs({ uplink: null, since: 0, follow: true }).join(' ')).toMatch(/--follow --lines=all/)
})

test('times are a time ago, or a date of here', () => {
  expect(['90m', '2d', '1w'].map((text) => readTime(text, 1e9))).toEqual([1e9 - 5400, 1e9 - 172_800, 1e9 - 604_800])
  expect(readTime('2026-11-26', 0)).toBe(new Date(2026, 10, 26).getTime() / 1000)
  expect(readTime('2026-11-26 08:30', 0)).toBe(new Date(2026, 10, 26, 8, 30).getTime() / 1000)
  for (const strange of ['', 'x', '5', '5y', '-5m', '2026-13-01', '2026-11-26 25:00'])
    expect(readTime(strange, 0)).toBe(null)
  expect([45, 600, 12_000, 180_000].map(spanText)).toEqual(['45 s', '10 min', '3 h 20 min', '2 d 2 h'])
})
