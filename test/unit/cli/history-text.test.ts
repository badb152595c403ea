/** What `ifbalance history` shows people. */
import { expect, test } from 'vitest'
import { graphWidth, historyText, type Shown } from '../../../src/cli/history-text.ts'
import type { Paint } from '../../../src/cli/output.ts'

const plain: Paint = (_, text) => text
const at = (hours: number, minutes = 0) => new Date(2026, 10, 26, hours, minutes).getTime()
const about = { uplink: 'dsl', family: 'inet' } as const

const shown: Shown = {
  ...{ since: at(0) / 1000, until: at(24) / 1000 },
  lines: [
    {
      ...{
        ...about,
        seconds: { online: 86_399, degraded: 0, offline: 1, down: 0, disabled: 0 },
        availability: 0.999999,
      },
      ...{ latencyMs: { min: 8, p50: 9, p95: 20, p99: 41.5, max: 90 }, jitterMs: 0.8, loss: 0, lossBy: null },
      ...{ received: 1_234_567_890, sent: 999 },
    },
  ],
  courses: [
    {
      ...about,
      // One that was out for half of it; nothing is known of the fourth, and nobody wanted the sixth.
      pieces: [
        [0, 5, 0, 1800],
        [1, 40, 0, 1800],
        [2, 20, 900, 1800],
        [4, 39.9, 0, 1800],
        [5, null, 0, 0],
      ],
    },
  ],
  outages: [
    { uplink: 'dsl', state: 'down', begin: at(1), end: at(1, 12), reason: 'no carrier' },
    { ...about, state: 'offline', begin: at(23, 30), end: null, reason: 'evil \u001b[31m' },
  ],
}

test('what was out for a second was not there all the time; a course has the highest at its top, and x where the line was out', () => {
  expect(historyText(shown, plain).split('\n')).toEqual([
    '2026-11-26 00:00:00 to 2026-11-27 00:00:00',
    '',
    'LINE        AVAILABLE  MS 50 %  95 %  99 %  JITTER  LOSS     DOWN     UP',
    'dsl   IPv4   99.999 %        9    20  41.5     0.8   0 %  1.23 GB  999 B',
    '',
    'dsl IPv4, 0 to 40 ms',
    `  |${'▂█x █'.padEnd(graphWidth)}|`,
    '',
    'OUT SINCE            UNTIL                   FOR  LINE      WHY',
    '2026-11-26 01:00:00  2026-11-26 01:12:00  12 min  dsl       no carrier',
    '2026-11-26 23:30:00  now                  30 min  dsl IPv4  evil \uFFFD[31m',
  ])
})

test('nothing is shown of a course that nobody has measured, and nothing at all of a time without rows', () => {
  const dark = historyText({ ...shown, courses: [{ ...about, pieces: [[0, null, 60, 60]] }], outages: [] }, plain)
  expect(dark).not.toContain('|')
  expect(dark.split('\n').at(-1)).toBe('No outages.')
  expect(historyText({ ...shown, lines: [], courses: [], outages: [] }, plain)).toMatch(/^Nothing is known of /)
})
