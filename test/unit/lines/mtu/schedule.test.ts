import { expect, test } from 'vitest'
import { afterSearch, isDue } from '../../../../src/lines/mtu/schedule.ts'

const hour = 3_600_000
const search = { identity: 'a', at: 0, sent: 1500, isKnown: true }
const known = afterSearch(undefined, search)

test('a line is asked at first, once a day, and when it was out or is another', () => {
  expect(isDue(undefined, 'a', true, 0)).toBe(true)
  expect(isDue(known, 'a', true, 23 * hour)).toBe(false)
  expect(isDue(known, 'a', true, 24 * hour)).toBe(true)
  const back = { ...known, wasOut: true }
  expect([9000, 10_000].map((now) => isDue(back, 'a', false, now))).toEqual([false, true])
  expect([9000, 10_000].map((now) => isDue(known, 'b', false, now))).toEqual([false, true])
})

test('where nothing is found out, the pauses grow to a day', () => {
  let asked = known
  for (const [failures, pause] of [10_000, 20_000, 40_000].entries()) {
    asked = afterSearch(asked, { ...search, isKnown: false })
    expect(asked.failures).toBe(failures + 1)
    expect([pause - 1, pause].map((now) => isDue(asked, 'a', false, now))).toEqual([false, true])
  }
  expect(isDue({ ...asked, failures: 40 }, 'a', false, 24 * hour)).toBe(true)
  expect(afterSearch(asked, search).failures).toBe(0)
  expect(afterSearch(asked, { ...search, identity: 'b', isKnown: false }).failures).toBe(1)
})

test('a metered line is asked for 300 kB a day, whatever happens', () => {
  let asked: ReturnType<typeof afterSearch> | undefined
  let [sent, mostADay] = [0, 0]
  for (let now = 0; now < 24 * hour; now += 1000) {
    // Another gateway each time.
    if (!isDue(asked, String(now), true, now)) continue
    asked = afterSearch(asked, { identity: String(now), at: now, sent: 20_000, isKnown: true })
    sent += 20_000
    mostADay = Math.max(mostADay, sent)
  }
  expect(mostADay).toBe(300_000)
  expect(isDue(asked, 'x', true, 24 * hour)).toBe(true)
})
