import { expect, test } from 'vitest'
import { shared } from '../../../src/values/shared.ts'

test('work goes on once at a time, and what came of it serves for a while', async () => {
  let [begun, clock] = [0, 0]
  let end: (text: string) => void = () => undefined
  const ask = shared(
    () => {
      begun += 1
      return new Promise<string>((resolve) => {
        end = resolve
      })
    },
    1000,
    () => clock,
  )
  const [one, other] = [ask(), ask()]
  end('first')
  expect(await Promise.all([one, other])).toEqual(['first', 'first'])
  clock = 999
  expect(await ask()).toBe('first')
  expect(begun).toBe(1)
  clock = 1000
  const next = ask()
  end('second')
  expect(await next).toBe('second')
})

test('what failed is tried again', async () => {
  let tries = 0
  const ask = shared(async () => {
    tries += 1
    if (tries === 1) throw new Error('no')
    return tries
  }, 1000)
  await expect(ask()).rejects.toThrow('no')
  expect(await ask()).toBe(2)
})
