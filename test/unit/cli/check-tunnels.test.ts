import { expect, test } from 'vitest'
import { checkTunnels } from '../../../src/cli/check-tunnels.ts'
import { configOf } from '../../config-of.ts'
import { linkOf } from '../builders.ts'

const links = [linkOf('wan1'), linkOf('wg0', { kind: 'wireguard' })]
const check = (text: string, some = links, isThere = false) =>
  checkTunnels(configOf(text), { links: some }, () => isThere)

test('tunnels that nothing here can move are told of, and what is to be installed', () => {
  expect(check('')).toEqual([expect.stringMatching(/^WireGuard \(wg0\): .*wireguard-tools$/)])
})

test.each([
  ['they are to be left where they are', '[balance]\ntunnels = leave\n', links, false],
  ['there are none', '', links.slice(0, 1), false],
  ['wg(8) is installed', '', links, true],
])('nothing is told where %s', (_, text, some, isThere) => {
  expect(check(text, some, isThere)).toEqual([])
})
