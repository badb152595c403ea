import { expect, test } from 'vitest'
import { loadingTransactions } from '../../../../src/kernel/nft/table.ts'
import type { Chain, NamedSet, Ruleset } from '../../../../src/model/kernel.ts'

const chainOf = (name: string, ...rules: readonly string[]): Chain => ({ name, hook: null, rules })
const mapOf = (name: string, definition = 'type mark : verdict', ...elements: readonly string[]): NamedSet => ({
  kind: 'map',
  name,
  definition,
  elements,
})
const hooked = (priority: number): Chain => ({
  name: 'pin',
  hook: { type: 'nat', hook: 'postrouting', priority },
  rules: [],
})

const former: Ruleset = {
  sets: [mapOf('old'), mapOf('both')],
  chains: [hooked(1), chainOf('to_1'), chainOf('to_2', 'accept')],
}

test('what is not wanted any more is deleted by a transaction after the one that replaces it', () => {
  const wanted = { sets: [mapOf('both'), mapOf('new')], chains: [hooked(1), chainOf('to_1', 'drop')] }
  expect(loadingTransactions(wanted, former)).toEqual([
    `flush table inet ifbalance
table inet ifbalance {
  map new { type mark : verdict; }
  chain pin {
    type nat hook postrouting priority 1; policy accept;
  }
  chain to_1 {
    drop
  }
}
`,
    'delete map inet ifbalance old\ndelete chain inet ifbalance to_2\n',
  ])
})

test('a map with intervals is filled before, with the chains that it leads to', () => {
  const map = mapOf(
    'new',
    'type ipv4_addr : verdict; flags interval',
    '10.0.0.0/8 : goto to_1',
    '10.1.0.0/16 : goto to_3',
  )
  const [before, after, ...rest] = loadingTransactions({ ...former, sets: [...(former.sets ?? []), map] }, former)
  expect(before).toBe(`table inet ifbalance {
  map new { type ipv4_addr : verdict; flags interval; elements = { 10.0.0.0/8 : goto to_1, 10.1.0.0/16 : goto to_3 }; }
  chain to_3 {
  }
}
`)
  expect(after).not.toContain('map')
  expect(rest).toEqual([])
})

test('so it is where there was no table', () => {
  const map = mapOf('new', 'type ipv4_addr : verdict; flags interval', '10.0.0.0/8 : goto to_1')
  expect(loadingTransactions({ sets: [map], chains: [chainOf('to_1', 'drop')] }, null)).toEqual([
    `table inet ifbalance
delete table inet ifbalance
table inet ifbalance {
  map new { type ipv4_addr : verdict; flags interval; elements = { 10.0.0.0/8 : goto to_1 }; }
  chain to_1 {
  }
}
`,
    `flush table inet ifbalance
table inet ifbalance {
  chain to_1 {
    drop
  }
}
`,
  ])
})

test.each([
  ['there is none', null],
  ['a hook is another', { ...former, chains: [hooked(2)] }],
])('the table is made anew where %s', (_, some) => {
  const [only, ...rest] = loadingTransactions(former, some)
  expect(only).toMatch(/^table inet ifbalance\ndelete table inet ifbalance\ntable inet ifbalance \{\n {2}map old /)
  expect(rest).toEqual([])
})
