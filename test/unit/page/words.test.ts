import { expect, test } from 'vitest'
import { agoText, latencyText, percentText, rateText } from '../../../src/page/words.ts'

test('shares: what is not nothing is not shown as nothing', () => {
  expect([0, 0.004, 0.01, 0.256, 1].map(percentText)).toEqual(['0 %', '< 1 %', '1 %', '26 %', '100 %'])
})

test('rates have three digits', () => {
  expect([0, 999.4, 999.6, 12_345, 123_456, 1_500_000, 99_960_000, 2.5e9].map(rateText)).toEqual([
    '0 bit/s',
    '999 bit/s',
    '1 kbit/s',
    '12.3 kbit/s',
    '123 kbit/s',
    '1.5 Mbit/s',
    '100 Mbit/s',
    '2.5 Gbit/s',
  ])
})

test('latencies and times', () => {
  expect([0.14, 9.96, 41.4].map(latencyText)).toEqual(['0.1 ms', '10 ms', '41 ms'])
  expect([119, 120, 7199, 7200, 172_800, -5].map((seconds) => agoText(0, seconds * 1000))).toEqual([
    '119 s',
    '2 min',
    '120 min',
    '2 h',
    '2 days',
    '0 s',
  ])
})
