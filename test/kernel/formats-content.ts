/** Random content for what we write: routes, policy rules, configurations that rulesets are made of, connections. */
import fc from 'fast-check'
import { type RuleParts, ruleSpec } from '../../src/kernel/iproute/rule.ts'
import { protocols } from '../../src/layout.ts'
import type { Route, Rule } from '../../src/model/kernel.ts'
import type { Family } from '../../src/net/family.ts'
import { parsePrefix, prefixText } from '../../src/net/ipv6-prefix.ts'
import { configOf } from '../config-of.ts'

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
      const common = { family, ...rest, protocol: protocols.route }
      if (nexthops.length === 0) return { ...common, type, nexthops }
      return {
        ...common,
        type: 'unicast',
        nexthops,
        ...(source === null ? {} : { source: address }),
        ...(more === null || Object.keys(more).length === 0 ? {} : { metrics: more }),
      }
    })

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
    // Each router of a pair has chains of its own.
    const pair = mode === 'flow' ? '[ha]\naddress = 172.20.0.1\n' : ''
    const head = `[balance]\nprobe = none\nmark-shift = ${shift}\nmode = ${mode}\noffload = ${offload}\n${pair}[uplink wan1]\n[uplink wan2]\n`
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

const endsOf = (family: Family) => {
  const address = prefixOf[family].map((prefix) => prefix.replace(/\/.*/, ''))
  return fc.record({
    from: address,
    to: address,
    sport: fc.integer({ min: 1, max: 65535 }),
    mark: fc.nat(0xffffffff),
  })
}

/** So many of each kind, the same for the same seed, and none twice by what the kernel tells them apart. */
export function content(seed: number) {
  const some = <T>(arbitrary: fc.Arbitrary<T>, numRuns: number, keyOf: (value: T) => string = String) =>
    distinct(fc.sample(arbitrary, { seed, numRuns }), keyOf)
  return {
    routes: (family: Family) =>
      some(routeOf(family), 80, ({ table, destination, metric }) => `${table} ${destination} ${metric}`),
    rules: (family: Family) => some(ruleOf(family), 80, ({ priority }) => `${priority}`),
    configurations: () => some(configText, 8),
    connections: (family: Family) => some(endsOf(family), 8, ({ from, to, sport }) => `${from} ${to} ${sport}`),
  }
}

/** The first of each that have the same key. */
function distinct<T>(values: readonly T[], keyOf: (value: T) => string): readonly T[] {
  return [...new Map(values.toReversed().map((value) => [keyOf(value), value])).values()]
}
