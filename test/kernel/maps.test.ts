/**
 * Packets on their way while a table is replaced: each finds what its rule asks for, whether it began with the old rules
 * or with the new ones.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { loadingTransactions, parseListing } from '../../src/kernel/nft/table.ts'
import { nftTable, programs } from '../../src/layout.ts'
import type { Ruleset } from '../../src/model/kernel.ts'
import { withNamedMaps } from '../../src/reconcile/decide/ruleset/named-maps.ts'
import { run } from '../lab/run.ts'
import { scenario } from './namespace.ts'

const loads = 80

const sending = `socket S, PF_INET, SOCK_DGRAM, 0; my $to = sockaddr_in(9, inet_aton("127.0.0.1"));
while (1) { send S, "x", 0, $to }`

const play = await scenario(import.meta, async (isNamed: boolean) => {
  const flood = spawn('/usr/bin/perl', ['-MSocket', '-e', sending], { stdio: 'ignore' })
  try {
    let former: Ruleset | null = null
    for (let generation = 0; generation < loads; generation++) {
      const plain = rulesetOf(generation)
      const ruleset = isNamed ? withNamedMaps(plain) : plain
      for (const input of loadingTransactions(ruleset, former)) await run(programs.nft, ['-f', '-'], { input })
      former = ruleset
    }
    const { stdout } = await run(programs.nft, ['-j', 'list', 'table', nftTable.family, nftTable.name])
    const { nftables }: { nftables: { set?: { name: string; elem?: unknown[] } }[] } = JSON.parse(stdout)
    const seen = nftables.flatMap(({ set }) => (set?.elem ? [set.name] : []))
    return { seen, maps: parseListing(stdout, new Map())?.sets?.filter(({ kind }) => kind === 'map').length }
  } finally {
    flood.kill()
    await once(flood, 'exit')
  }
})

/** Every packet is sent to the chain `found` by a map, whose elements are others in each generation. */
function rulesetOf(generation: number): Ruleset {
  const dynamic = { kind: 'set', definition: 'type ipv4_addr; flags dynamic; size 8', elements: [] } as const
  // What a packet takes to get to the map is when the table may change under it.
  const before = Array.from({ length: 60 }, (_, i) => `meta length ${2000 + i} accept`)
  const map = `meta nfproto ipv4 oif vmap { 1 : goto found, ${10 + generation} : goto found }`
  return {
    sets: [
      { ...dynamic, name: 'hits' },
      { ...dynamic, name: 'misses' },
    ],
    chains: [
      { name: 'found', hook: null, rules: ['update @hits { ip daddr }'] },
      {
        name: 'output',
        hook: { type: 'filter', hook: 'output', priority: 0 },
        rules: [...before, map, 'update @misses { ip daddr }'],
      },
    ],
  }
}

test('a packet that began with the old rules finds what their maps had', async () => {
  expect(await play({}, true)).toEqual({ seen: ['hits'], maps: 1 })
})
