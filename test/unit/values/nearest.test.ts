import { expect, test } from 'vitest'
import { didYouMean, nearest } from '../../../src/values/nearest.ts'

const words = ['weight', 'metric', 'metered', 'interface', 'gateway']

test.each([
  ['wieght', 'weight'],
  ['weigth', 'weight'],
  ['wight', 'weight'],
  ['METRIC', 'metric'],
  ['meterd', 'metered'],
  ['iface', null],
  ['interfaces', 'interface'],
  ['', null],
  ['x', null],
  ['constructor', null],
  ['w'.repeat(1000), null],
])('%j -> %j', (word, expected) => {
  expect(nearest(word, words)).toBe(expected)
  expect(didYouMean(word, words)).toBe(expected === null ? '' : `; did you mean ${expected}?`)
})
