/**
 * What we write to the kernel reads back as we wrote it: random routes, policy rules, rulesets, connections and sysctls, by the
 * text that we write and the listings that we read, with Debian 12's tools and with Debian 13's.
 */
import { deepStrictEqual } from 'node:assert/strict'
import { expect, test } from 'vitest'
import { deleteLine, unansweredOf } from '../../src/kernel/conntrack/entry.ts'
import { ipLine, parseBatch } from '../../src/kernel/iproute/batch.ts'
import { parseRoutes } from '../../src/kernel/iproute/route.ts'
import { parseRule } from '../../src/kernel/iproute/rule.ts'
import { takesFlowtables } from '../../src/kernel/nft/flowtables.ts'
import { deleteRuleset, loadingTransactions, parseListing } from '../../src/kernel/nft/table.ts'
import { readSysctls, writeSysctl } from '../../src/kernel/sysctls.ts'
import { linkSysctls, nftTable, programs, tables } from '../../src/layout.ts'
import type { Route, Rule, Ruleset } from '../../src/model/kernel.ts'
import type { Family } from '../../src/net/family.ts'
import { decide } from '../../src/reconcile/decide/decide.ts'
import { observe } from '../../src/reconcile/observe/observe.ts'
import { configOf } from '../config-of.ts'
import { image } from '../lab/image.ts'
import { type Options, run } from '../lab/run.ts'
import { content } from './formats-content.ts'
import { scenario } from './namespace.ts'
import { linksSettled, twoUplinks } from './world.ts'

const families = ['inet', 'inet6'] as const

/** `root` is the folder of a Debian whose ip, nft and conntrack are used, `/` for this host's. Gives how many there were of each. */
const play = await scenario(import.meta, async (root: string, seed: number) => {
  const { tool, batch, listed } = toolsOf(root)
  const random = content(seed)
  await twoUplinks()
  await linksSettled()

  async function routes(family: Family): Promise<number> {
    const written = random.routes(family)
    const ours = async () =>
      parseRoutes(family, await listed(family, 'route show table all')).filter(
        ({ table }) => table !== tables.main && table !== tables.local,
      )
    const keyOf = ({ table, destination, metric }: Route) => `${table} ${destination} ${metric}`
    await batch(
      family,
      written.map((route) => ipLine({ kind: 'replace-route', route })),
    )
    deepStrictEqual(sorted(await ours(), keyOf), sorted(written, keyOf))
    await batch(
      family,
      written.map((route) => ipLine({ kind: 'delete-route', route })),
    )
    deepStrictEqual(await ours(), [])
    return written.length
  }

  async function rules(family: Family): Promise<number> {
    const target = { family, priority: 20_000, protocol: 2, spec: 'nop' }
    const written = [...random.rules(family), target]
    const all = async () => (await listed(family, 'rule show')).map((rule) => parseRule(family, rule))
    const before = (await all()).length
    const keyOf = ({ priority }: Rule) => `${priority}`
    await batch(
      family,
      written.map((rule) => ipLine({ kind: 'add-rule', rule })),
    )
    const ours = (await all()).filter(({ priority }) => priority > 0 && priority <= 20_000)
    deepStrictEqual(sorted(ours, keyOf), sorted(written, keyOf))
    await batch(
      family,
      written.map((rule) => ipLine({ kind: 'delete-rule', rule })),
    )
    deepStrictEqual((await all()).length, before)
    return written.length
  }

  async function rulesets(): Promise<number> {
    const flowtables = await takesFlowtables()
    let count = 0
    let former: Ruleset | null = null
    for (const text of random.configurations()) {
      const config = configOf(text)
      const observed = await observe(config, { ruleset: false })
      const { ruleset } = decide(config, { ...observed, flowtables })
      if (ruleset === null) throw new Error(`no ruleset of\n${text}`)
      const indexOf = new Map(observed.links.map(({ name, index }) => [name, index]))
      for (const input of loadingTransactions(ruleset, former)) await tool(programs.nft, ['-f', '-'], { input })
      const { stdout } = await tool(programs.nft, ['-j', '-t', 'list', 'table', nftTable.family, nftTable.name])
      former = parseListing(stdout, indexOf)
      deepStrictEqual(withoutContents(former), withoutContents(ruleset), text)
      count += ruleset.chains.reduce((sum, chain) => sum + chain.rules.length, 0)
    }
    await tool(programs.nft, ['-f', '-'], { input: deleteRuleset })
    const { stdout } = await tool(programs.nft, ['-j', '-t', 'list', 'ruleset'])
    deepStrictEqual(parseListing(stdout, new Map()), null)
    return count
  }

  async function connections(family: Family): Promise<number> {
    const written = random.connections(family)
    const dump = async () => {
      const name = family === 'inet' ? 'ipv4' : 'ipv6'
      const { stdout } = await tool(programs.conntrack, ['--dump', '--family', name, '--output', 'extended'])
      return stdout.split('\n').flatMap((text) => unansweredOf(text) ?? [])
    }
    for (const { from, to, sport, mark } of written) {
      const line = `-I -p udp -s ${from} -d ${to} --sport ${sport} --dport 53 -t 600 --mark ${mark}`
      await tool(programs.conntrack, line.split(' '))
    }
    const found = await dump()
    const keyOf = ({ source, destination, mark }: { source: string; destination: string; mark: number }) =>
      `${source} ${destination} ${mark}`
    const wanted = written.map(({ from, to, mark }) => ({ source: from, destination: to, mark }))
    deepStrictEqual(found.map(keyOf).toSorted(), wanted.map(keyOf).toSorted())
    for (const entry of found) await tool(programs.conntrack, deleteLine(family, entry).trim().split(' '))
    deepStrictEqual(await dump(), [])
    return found.length
  }

  sysctls()
  const count = { routes: 0, rules: 0, nft: await rulesets(), connections: 0 }
  for (const family of families) {
    count.routes += await routes(family)
    count.rules += await rules(family)
    count.connections += await connections(family)
  }
  const versions = [(await tool(programs.ip, ['-V'])).stdout, (await tool(programs.nft, ['-v'])).stdout].join('')
  return { versions, ...count }
})

function sysctls(): void {
  const { rpFilter, ignoreLinkDown } = linkSysctls('wan1')
  for (const name of [rpFilter, ignoreLinkDown.inet, ignoreLinkDown.inet6])
    for (const value of ['1', '0']) {
      writeSysctl(name, value)
      deepStrictEqual(readSysctls([], [name], false)[name], value)
    }
}

function toolsOf(root: string) {
  const tool = (program: string, args: readonly string[], options: Options = {}) =>
    root === '/' ? run(program, args, options) : run('/usr/sbin/chroot', [root, program, ...args], options)
  const flagOf = (family: Family) => (family === 'inet' ? '-4' : '-6')
  const batch = (family: Family, lines: readonly string[]) =>
    tool(programs.ip, [flagOf(family), '-batch', '-'], { input: `${lines.join('\n')}\n` })
  const listed = async (family: Family, command: string) => {
    const flags = [flagOf(family), '-details', '-Numeric', '-json', '-batch', '-']
    return parseBatch((await tool(programs.ip, flags, { input: `${command}\n` })).stdout, 1)[0] ?? []
  }
  return { tool, batch, listed }
}

function sorted<T>(values: readonly T[], keyOf: (value: T) => string): readonly T[] {
  return values.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))
}

function withoutContents(ruleset: Ruleset | null) {
  const names = (ruleset?.sets ?? []).map(({ kind, name }) => `${kind} ${name}`)
  return { chains: sorted(ruleset?.chains ?? [], ({ name }) => name), sets: names.sort() }
}

const seed = Number(process.env['SEED'] ?? 20261126)

test.each([
  { debian: 12, folder: async () => '/', iproute2: '6.1.0', nft: '1.0.6' },
  { debian: 13, folder: () => image('trixie', [], () => {}), iproute2: '6.15.0', nft: '1.1.3' },
])(
  `routes, rules, rulesets and connections read back equal by Debian $debian's tools (SEED=${seed})`,
  async ({ folder, iproute2, nft }) => {
    const { versions, ...count } = await play({}, await folder(), seed)
    expect(versions).toMatch(new RegExp(`iproute2-${iproute2}[^]*nftables v${nft}`))
    for (const written of Object.values(count)) expect(written).toBeGreaterThan(12)
  },
)
