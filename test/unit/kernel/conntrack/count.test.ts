import { expect, test } from 'vitest'
import { createCounter } from '../../../../src/kernel/conntrack/count.ts'
import { defaultLayout } from '../../../../src/layout.ts'

/** As conntrack(8) 1.4.7 prints them with `--output extended`. */
const entry = (mark: number | null, bytes: readonly [number, number] | null = null) => {
  const [original, reply] = bytes?.map((count) => ` packets=1 bytes=${count}`) ?? ['', '']
  const end = mark === null ? 'use=1' : `mark=${mark} use=1`
  return (
    `ipv4     2 udp      17 29 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2${original} [UNREPLIED] ` +
    `src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1${reply} ${end}`
  )
}

test('marks of ours are counted, others are others, and other bits are left aside', () => {
  const { add, counted } = createCounter(defaultLayout)
  add(entry(0x41000000, [60, 40]))
  add(entry(0x41ff0001))
  add(entry(0x81000000, [7, 5]))
  add(entry(0xbf000000))
  for (const mark of [null, 0, 1, 0x01000000, 0xca6c]) add(entry(mark))
  expect(counted.others).toBe(5)
  expect([...counted.uplinks]).toEqual([
    [1, { out: 2, in: 1, counted: 2, sent: 65, received: 47 }],
    [63, { out: 0, in: 1, counted: 0, sent: 0, received: 0 }],
  ])
})

test('what is no connection counts nothing', () => {
  const { add, counted } = createCounter(defaultLayout)
  for (const line of ['', 'mark=1090519040', 'conntrack v1.4.7 (conntrack-tools): 1 flow entries have been shown.'])
    add(line)
  expect(counted).toEqual({ uplinks: new Map(), others: 0 })
})
