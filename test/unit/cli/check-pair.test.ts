import { expect, test } from 'vitest'
import { checkPair } from '../../../src/cli/check-pair.ts'
import { configOf } from '../../config-of.ts'

test('one of two routers is told that it has to be liberal with connections that it has not seen all of', () => {
  const pair = configOf('[ha]\naddress = 172.20.0.1\n')
  expect(checkPair(pair, () => '0')).toEqual([expect.stringContaining('nf_conntrack_tcp_be_liberal is 0')])
  expect(checkPair(pair, () => '1')).toEqual([])
  expect(checkPair(pair, () => null)).toEqual([])
  expect(checkPair(configOf(''), () => '0')).toEqual([])
})
