import { expect, test } from 'vitest'
import { callUserPrograms, changeIn, runHandedOver } from '../../../../src/daemon/lines/user-programs.ts'

test('programs are handed our variables, and nothing that could make them others', () => {
  const change = { UPLINK: 'wan1', INTERFACE: 'wan1', STATE: 'down', PREVIOUS_STATE: 'online', REASON: 'no\ncarrier' }
  expect(changeIn(JSON.stringify(change))).toEqual(change)
  const wrong = [
    { LD_PRELOAD: '/tmp/x.so' },
    { ...change, PATH: '/tmp' },
    { UPLINK: 7 },
    { REASON: 'x'.repeat(4001) },
    { REASON: 'x\0y' },
  ]
  for (const one of wrong) expect(() => changeIn(JSON.stringify(one))).toThrow('no change')
})

test('what is no request is answered all the same', async () => {
  for (const text of ['', '{', '{"BASH_ENV":"/tmp/x"}'])
    expect(JSON.parse(await runHandedOver(text))).toEqual([
      { hook: '/etc/ifbalance/hooks.d', reason: expect.stringMatching(/^\/etc\/ifbalance\/hooks\.d: /) },
    ])
})

test('where there are no programs, nobody is asked to run any', async () => {
  expect(await callUserPrograms('/nowhere/hooks.d', { UPLINK: 'wan1' })).toEqual([])
})
