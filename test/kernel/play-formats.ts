/**
 * Writes random routes, policy rules, rulesets, connections and sysctls to this namespace's kernel by the text that we write,
 * and reads them back by the listings that we read. Arguments: the folder of a Debian whose ip, nft and conntrack do it, `/` for
 * this host's, and a seed. Prints JSON: how many of each there were, and the tools' versions.
 */
import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { deleteLine, unansweredOf } from '../../src/kernel/conntrack/entry.ts'
import { ipLine, parseBatch } from '../../src/kernel/iproute/batch.ts'
import { parseRoutes } from '../../src/kernel/iproute/route.ts'
import { parseRule, type RuleParts, ruleSpec } from '../../src/kernel/iproute/rule.ts'
import { takesFlowtables } from '../../src/kernel/nft/flowtables.ts'
import { deleteRuleset, parseListing, replaceRuleset } from '../../src/kernel/nft/table.ts'
import { readSysctls, writeSysctl } from '../../src/kernel/sysctls.ts'
import { linkSysctls, nftTable, programs } from '../../src/layout.ts'
import type { Route, Rule, Ruleset } from '../../src/model/kernel.ts'
import type { Family } from '../../src/net/family.ts'
import { parsePrefix, prefixText } from '../../src/net/ipv6-prefix.ts'
import { decide } from '../../src/reconcile/decide/decide.ts'
import { observe } from '../../src/reconcile/observe/observe.ts'
import { configOf } from '../config-of.ts'
import { type Options, run } from '../lab/run.ts'
import { linksSettled, twoUplinks } from './world.ts'

const [root = '/', seed = '1'] = process.argv.slice(2)
const families = ['inet', 'inet6'] as const
const flagOf = (family: Family) => (family === 'inet' ? '-4' : '-6')

async function tool(program: string, args: readonly string[], options: Options = {}) {
  return root === '/' ? run(program, args, options) : run('/usr/sbin/chroot', [root, program, ...args], options)
}

async function batch(family: Family, lines: readonly string[]): Promise<void> {
  await tool(programs.ip, [flagOf(family), '-batch', '-'], { input: `${lines.join('\n')}\n` })
}

async function listed(family: Family, command: string) {
  const flags = [flagOf(family), '-details', '-Numeric', '-json', '-batch', '-']
  const { stdout } = await tool(programs.ip, flags, { input: `${command}\n` })
  return parseBatch(stdout, 1)[0] ?? []
}

function samples<T>(arbitrary: fc.Arbitrary<T>, numRuns: number): readonly T[] {
  return fc.sample(arbitrary, { seed: Number(seed), numRuns })
}

/** The first of each that have the same key. */
function distinct<T>(values: readonly T[], keyOf: (value: T) => string): readonly T[] {
  return [...new Map(values.toReversed().map((value) => [keyOf(value), value])).values()]
}

const sorted = <T>(values: readonly T[], keyOf: (value: T) => string) =>
  values.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))

// ---- routes ----------------------------------------------------------------------------------------------------

const device = fc.constantFrom(1, 2)
const host = fc.integer({ min: 3, max: 254 })

/** As iproute2 writes it: a host without its length. */
const prefixOf = {
  inet: fc
    .tuple(fc.integer({ min: 11, max: 126 }), fc.nat(0xffffff), fc.integer({ min: 8, max: 32 }))
    .map(([first, rest, length]) => {
      const bits = ((((first << 24) | rest) >>> (32 - length)) << (32 - length)) >>> 0
      const address = [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.')
      return length === 32 ? address : `${address}/${length}`
    }),
  inet6: fc
    .tuple(fc.bigInt(0x2001n << 16n, 0x3fffffffn), fc.nat(0xffff), fc.integer({ min: 32, max: 128 }))
    .map(([first, last, length]) => {
      const prefix = parsePrefix(
        prefixText({ bits: (first << 96n) | BigInt(last), length: 128 }).replace('128', `${length}`),
      )
      return prefixText(prefix ?? { bits: 0n, length }).replace(/\/128$/, '')
    }),
} as const

const hop = (family: Family) =>
  fc.tuple(device, host, fc.boolean()).map(([i, last, onlink]) => {
    const near = family === 'inet' ? `10.${i}.0.${last}` : `fe80::${last.toString(16)}`
    const far = family === 'inet' ? `198.51.100.${last}` : `2001:db8:ffff::${last.toString(16)}`
    return { device: `wan${i}`, gateway: onlink ? far : near, weight: 1, onlink }
  })

const metrics = fc.record(
  {
    mtu: fc.integer({ min: 1280, max: 9000 }),
    window: fc.integer({ min: 1, max: 65535 }),
    rtt: fc.integer({ min: 1, max: 60_000 }),
    rttvar: fc.integer({ min: 1, max: 60_000 }),
    ssthresh: fc.integer({ min: 1, max: 10_000 }),
    advmss: fc.integer({ min: 300, max: 9000 }),
    reordering: fc.integer({ min: 1, max: 300 }),
    hoplimit: fc.integer({ min: 1, max: 255 }),
    initcwnd: fc.integer({ min: 1, max: 100 }),
    rto_min: fc.integer({ min: 1, max: 60_000 }),
    initrwnd: fc.integer({ min: 1, max: 100 }),
    quickack: fc.constant(1),
    fastopen_no_cookie: fc.constant(1),
    features: fc.constant('ecn'),
    congctl: fc.constantFrom('reno', 'cubic'),
  },
  { requiredKeys: [], noNullPrototype: true },
)

const nexthopsOf = (family: Family) =>
  fc.oneof(
    fc.constant([]),
    fc.tuple(hop(family)),
    device.map((i) => [{ device: `wan${i}`, gateway: null, weight: 1, onlink: false }]),
    fc
      .uniqueArray(fc.tuple(hop(family), fc.integer({ min: 1, max: 256 })), {
        minLength: 2,
        maxLength: 5,
        selector: ([{ gateway, device: name }]) => `${gateway} ${name}`,
      })
      .map((hops) => hops.map(([one, weight]) => ({ ...one, weight }))),
  )

const routeOf = (family: Family): fc.Arbitrary<Route> =>
  fc
    .record({
      type: fc.constantFrom('unreachable' as const, 'prohibit' as const, 'blackhole' as const, 'throw' as const),
      destination: fc.oneof(fc.constant('default'), prefixOf[family]),
      table: fc.constantFrom(30001, 30002, 30063, 30098, 1_000_000_001),
      metric: fc.integer({ min: family === 'inet' ? 0 : 1, max: 0xffffffff }),
      nexthops: nexthopsOf(family),
      source: fc.option(device),
      metrics: fc.option(metrics),
    })
    .map(({ type, nexthops, source, metrics: more, ...rest }) => {
      const address = family === 'inet' ? `10.${source}.0.2` : `2001:db8:${source}::2`
      const common = { family, ...rest, protocol: 98 }
      if (nexthops.length === 0) return { ...common, type, nexthops }
      return {
        ...common,
        type: 'unicast',
        nexthops,
        ...(source === null ? {} : { source: address }),
        ...(more === null || Object.keys(more).length === 0 ? {} : { metrics: more }),
      }
    })

async function routes(family: Family): Promise<number> {
  const keyOf = ({ table, destination, metric }: Route) => `${table} ${destination} ${metric}`
  const written = distinct(samples(routeOf(family), 80), keyOf)
  await batch(
    family,
    written.map((route) => ipLine({ kind: 'replace-route', route })),
  )
  const ours = async () =>
    parseRoutes(family, await listed(family, 'route show table all')).filter(({ protocol }) => protocol === 98)
  deepStrictEqual(sorted(await ours(), keyOf), sorted(written, keyOf))
  await batch(
    family,
    written.map((route) => ipLine({ kind: 'delete-route', route })),
  )
  deepStrictEqual(await ours(), [])
  return written.length
}

// ---- policy rules ----------------------------------------------------------------------------------------------

const ruleOf = (family: Family): fc.Arbitrary<Rule> =>
  fc
    .record({
      priority: fc.integer({ min: 1, max: 19_000 }),
      not: fc.boolean(),
      from: fc.option(prefixOf[family]),
      mark: fc.option(fc.tuple(fc.nat(0xffffffff), fc.integer({ min: 1, max: 0xffffffff }))),
      iif: fc.option(fc.constantFrom('wan1', 'lo', 'gone0')),
      oif: fc.option(fc.constantFrom('wan2', 'gone1')),
      action: fc.oneof(
        fc.record({ lookup: fc.constantFrom(254, 30001, 30098, 1_000_000_001), suppressDefault: fc.boolean() }),
        // There, and not.
        fc.record({ goto: fc.constantFrom(20_000, 30_000) }),
        fc.constant({ nop: true as const }),
      ),
    })
    .map(({ priority, not, from, mark, iif, oif, action }) => {
      const parts: RuleParts = {
        ...{ not, action },
        ...(from === null ? {} : { from }),
        ...(mark === null ? {} : { mark: { value: (mark[0] & mark[1]) >>> 0, mask: mark[1] } }),
        ...(iif === null ? {} : { iif }),
        ...(oif === null ? {} : { oif }),
      }
      return { family, priority, protocol: 2, spec: ruleSpec(parts) }
    })

async function rules(family: Family): Promise<number> {
  const target = { family, priority: 20_000, protocol: 2, spec: 'nop' }
  const written = [...distinct(samples(ruleOf(family), 80), ({ priority }) => `${priority}`), target]
  const before = (await listed(family, 'rule show')).length
  const all = async () => (await listed(family, 'rule show')).map((rule) => parseRule(family, rule))
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

// ---- nft -------------------------------------------------------------------------------------------------------

const key = (name: string, value: fc.Arbitrary<string>) =>
  fc.option(value).map((text) => (text === null ? '' : `${name} = ${text}\n`))

const configText = fc
  .record({
    shift: fc.integer({ min: 0, max: 24 }),
    mode: fc.constantFrom('connection', 'flow', 'source', 'failover', 'random'),
    offload: fc.constantFrom('yes', 'no'),
    rules: fc.array(
      fc
        .record({
          source: key(
            'source',
            fc.constantFrom('192.168.77.0/25', '192.168.77.9 fd00:77::9', '192.168.77.3-192.168.77.5'),
          ),
          destination: key('destination', fc.oneof(prefixOf.inet, prefixOf.inet6)),
          protocol: key('protocol', fc.constantFrom('tcp', 'udp', 'tcp udp')),
          port: key('port', fc.constantFrom('443', '5060-5061', '22 80 8000-8010')),
          dscp: key('dscp', fc.constantFrom('ef', 'cs1 af41', '0')),
          incoming: key('interface', fc.constantFrom('lan0', 'lan*', 'eth9')),
          user: key('user', fc.constantFrom('0', '1000')),
          uplinks: fc.constantFrom('wan1', 'wan2 wan1', 'wan1:3 wan2:7', 'none').map((text) => `uplinks = ${text}\n`),
          mode: key('mode', fc.constantFrom('connection', 'flow', 'source', 'failover', 'random')),
          sticky: key('sticky', fc.constant('1h')),
        })
        .map((lines) => Object.values(lines).join('')),
      { minLength: 1, maxLength: 8 },
    ),
  })
  .map(({ shift, mode, offload, rules: texts }) => {
    const head = `[balance]\nprobe = none\nmark-shift = ${shift}\nmode = ${mode}\noffload = ${offload}\n[uplink wan1]\n[uplink wan2]\n`
    return texts.reduce((text, lines, at) => longerOr(text, `[rule r${at}]\n${lines}`), head)
  })

/** Rules that make no sense, as after one that takes everything, are left out. */
function longerOr(text: string, more: string): string {
  try {
    configOf(text + more)
    return text + more
  } catch {
    return text
  }
}

async function rulesets(): Promise<number> {
  const flowtables = await takesFlowtables()
  let count = 0
  let former: Ruleset | null = null
  for (const text of samples(configText, 8)) {
    const config = configOf(text)
    const observed = await observe(config, { ruleset: false })
    const { ruleset } = decide(config, { ...observed, flowtables })
    if (ruleset === null) throw new Error(`no ruleset of\n${text}`)
    const indexOf = new Map(observed.links.map(({ name, index }) => [name, index]))
    await tool(programs.nft, ['-f', '-'], { input: replaceRuleset(ruleset, former) })
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

function withoutContents(ruleset: Ruleset | null) {
  const names = (ruleset?.sets ?? []).map(({ kind, name }) => `${kind} ${name}`)
  return { chains: sorted(ruleset?.chains ?? [], ({ name }) => name), sets: names.sort() }
}

// ---- connections, sysctls ----------------------------------------------------------------------------------------

async function connections(family: Family): Promise<number> {
  const name = family === 'inet' ? 'ipv4' : 'ipv6'
  const address = prefixOf[family].map((prefix) => prefix.replace(/\/.*/, ''))
  const ends = fc.record({
    from: address,
    to: address,
    sport: fc.integer({ min: 1, max: 65535 }),
    mark: fc.nat(0xffffffff),
  })
  const written = distinct(samples(ends, 8), ({ from, to, sport }) => `${from} ${to} ${sport}`)
  const line = ({ from, to, sport, mark }: (typeof written)[number]) =>
    `-I -p udp -s ${from} -d ${to} --sport ${sport} --dport 53 -t 600 --mark ${mark}\n`
  const dump = async () => {
    const { stdout } = await tool(programs.conntrack, ['--dump', '--family', name, '--output', 'extended'])
    return stdout.split('\n').flatMap((text) => unansweredOf(text) ?? [])
  }
  for (const entry of written) await tool(programs.conntrack, line(entry).trim().split(' '))
  const found = await dump()
  const keyOf = ({ source, destination, mark }: { source: string; destination: string; mark: number }) =>
    `${source} ${destination} ${mark}`
  const wanted = written.map(({ from, to, mark }) => ({ source: from, destination: to, mark }))
  deepStrictEqual(found.map(keyOf).toSorted(), wanted.map(keyOf).toSorted())
  for (const entry of found) await tool(programs.conntrack, deleteLine(family, entry).trim().split(' '))
  deepStrictEqual(await dump(), [])
  return found.length
}

function sysctls(): void {
  const { rpFilter, ignoreLinkDown } = linkSysctls('wan1')
  for (const [name, value] of [rpFilter, ignoreLinkDown.inet, ignoreLinkDown.inet6].flatMap((one) =>
    ['1', '0'].map((text) => [one, text] as const),
  )) {
    writeSysctl(name, value)
    deepStrictEqual(readSysctls([], [name])[name], value)
  }
}

await twoUplinks()
await linksSettled()
sysctls()
const count = { routes: 0, rules: 0, nft: await rulesets(), connections: 0 }
for (const family of families) {
  count.routes += await routes(family)
  count.rules += await rules(family)
  count.connections += await connections(family)
}
const versions = [(await tool(programs.ip, ['-V'])).stdout, (await tool(programs.nft, ['-v'])).stdout].join('')
process.stdout.write(JSON.stringify({ ...count, versions }))
