import { expect, test } from 'vitest'
import { binomialBounds, checkShare, enoughForEach } from '../../lab/shares.ts'

test('bounds of a few choices are those of the exact distribution', () => {
  // Of ten coins none, or all, fall on one side once in 1024 times each.
  expect(binomialBounds(10, 0.5, 2 / 1023)).toEqual({ least: 1, most: 9 })
  expect(binomialBounds(10, 0.5, 2 / 1025)).toEqual({ least: 0, most: 10 })
  // 0.8^20 = 0.0115, 0.2^20 = 1.0e-14, and 19 or more of 20: 8.5e-13.
  expect(binomialBounds(20, 0.2, 2 * 0.0116).least).toBe(1)
  expect(binomialBounds(20, 0.2, 2 * 0.0115).least).toBe(0)
  expect(binomialBounds(20, 0.2, 2e-12).most).toBe(18)
})

test('an alarm once in a thousand million is more patient than any rule of thumb, and not blind', () => {
  expect(binomialBounds(40, 0.5)).toEqual({ least: 2, most: 38 })
  expect(binomialBounds(300, 0.5)).toEqual({ least: 98, most: 202 })
  expect(binomialBounds(300, 0.8)).toEqual({ least: 195, most: 278 })
  expect(() => checkShare(38, 40, 0.5)).not.toThrow()
  expect(() => checkShare(39, 40, 0.5)).toThrow('39 of 40, where 2 to 38 are to be expected of a share of 0.5')
  expect(() => checkShare(undefined, 40, 0.5)).toThrow('0 of 40')
})

test('so many that each side is chosen', () => {
  expect(enoughForEach(0.5, 2 / 1024)).toBe(10)
  const count = enoughForEach(0.2)
  expect(binomialBounds(count, 0.2, 2e-9 * 0.2).least).toBe(1)
  expect(binomialBounds(count - 1, 0.2, 2e-9 * 0.2).least).toBe(0)
})
