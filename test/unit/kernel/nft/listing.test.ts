import { expect, test } from 'vitest'
import { parseListing } from '../../../../src/kernel/nft/table.ts'

const listed = (right: unknown, op = '==') => {
  const rule = { family: 'inet', table: 'ifbalance', chain: 'asked', expr: [match(right, op), { accept: null }] }
  const chain = { family: 'inet', table: 'ifbalance', name: 'asked' }
  const nftables = [{ table: { family: 'inet', name: 'ifbalance' } }, { chain }, { rule }]
  return parseListing(JSON.stringify({ nftables }), new Map())?.chains[0]?.rules
}

const match = (right: unknown, op: string) => ({ match: { op, left: { meta: { key: 'l4proto' } }, right } })

test.for([
  ['udp', '!=', 'meta l4proto != udp accept'],
  [17, '!=', 'meta l4proto != udp accept'],
  [17, '==', 'meta l4proto udp accept'],
  [{ set: ['tcp', 'udp'] }, '==', 'meta l4proto { tcp, udp } accept'],
  [{ set: [6, 17] }, '==', 'meta l4proto { tcp, udp } accept'],
] as const)('a protocol is the same with and without a name for it: %j', ([right, op, line]) => {
  expect(listed(right, op)).toEqual([line])
})
