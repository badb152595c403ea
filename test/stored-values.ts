/** Values of each file of ours in /run and /var/lib, by chance: a file that is added to the registry does not compile without. */
import fc from 'fast-check'
import { maxUplinks } from '../src/layout.ts'
import { prefixText } from '../src/net/ipv6-prefix.ts'
import { isInterfaceName, isUplinkName } from '../src/net/valid.ts'
import type { BusFacts } from '../src/store/bus-facts.ts'
import type { storedFiles, storedFolders } from '../src/store/registry.ts'

type Values<Of> = {
  readonly [K in keyof Of]: fc.Arbitrary<Of[K] extends { parse: (text: string) => infer T } ? T : never>
}

const optional: { requiredKeys: [] } = { requiredKeys: [] }
const some = <T>(value: fc.Arbitrary<T>, maxLength: number) => fc.uniqueArray(value, { minLength: 1, maxLength })
const record = <T>(name: fc.Arbitrary<string>, value: fc.Arbitrary<T>) =>
  fc.dictionary(name, value, { maxKeys: 4, noNullPrototype: true })

export const interfaceName = fc.oneof(
  fc.constantFrom('wan1', 'eth0.10', 'constructor', 'toString'),
  fc.string({ maxLength: 15 }).filter(isInterfaceName),
)
const uplinkName = fc.oneof(
  fc.constantFrom('lte', 'constructor', 'valueOf'),
  fc.string({ maxLength: 31 }).filter(isUplinkName),
)
const text = fc.string({ maxLength: 40 })
const count = fc.nat(2 ** 40)

const ipv4 = fc.tuple(fc.integer({ min: 1, max: 126 }), fc.nat(255), fc.nat(255)).map((parts) => `${parts.join('.')}.9`)
const ipv6 = fc.integer({ min: 1, max: 0xffff }).map((group) => `2001:db8::${group.toString(16)}`)
const gateways = fc.record({ inet: fc.option(ipv4), inet6: fc.option(ipv6) }, optional)
const nameServers = some(fc.oneof(ipv4, ipv6), 8)
const prefixes = fc.uniqueArray(
  fc
    .tuple(fc.bigInt(0x2001n, 0x3fffn), fc.integer({ min: 16, max: 64 }))
    .map(([group, length]) => prefixText({ bits: group << 112n, length })),
  { maxLength: 8 },
)
const families = fc.uniqueArray(fc.constantFrom('inet' as const, 'inet6' as const))

const knownUplink = fc.record(
  {
    number: fc.integer({ min: 1, max: maxUplinks }),
    interface: fc.oneof(
      interfaceName.filter((name) => /^[A-Za-z0-9]/.test(name)),
      fc.constantFrom('wwan*', 'eth?'),
    ),
    hardware: fc.array(text, { maxLength: 3 }),
    movedFrom: fc.constantFrom('usb0', 'usb*'),
    prefixes,
    goneSince: count,
    families,
    drains: families,
    wasDead: fc.constant(true as const),
  },
  { requiredKeys: ['number', 'interface'] },
)

const busLink = fc.record(
  {
    addresses: fc.array(fc.oneof(ipv4, ipv6), { maxLength: 3 }),
    gateway: gateways,
    nameServers,
    prefixes,
    modem: fc.record({
      connected: fc.boolean(),
      signal: fc.option(fc.nat(100)),
      technologies: fc.array(text, { maxLength: 3 }),
    }),
  },
  { requiredKeys: ['addresses', 'gateway'] },
)

const line = fc
  .record({
    state: fc.constantFrom('online' as const, 'suspect' as const, 'offline' as const),
    degraded: fc.boolean(),
    since: count,
    why: text,
    latencyMs: fc.option(count),
    jitterMs: fc.option(count),
    loss: fc.nat(100),
    lastProbe: fc.option(text),
  })
  .chain((value) => fc.constantFrom(value, { ...value, barred: true as const }))
  .chain((value) =>
    fc.constantFrom(value, { ...value, misses: { 'max-latency 50': 'answers take 80 ms, more than 50' } }),
  )

const way = fc.record({
  carries: count,
  capacity: count,
  sure: fc.constantFrom('unknown' as const, 'at-least' as const, 'known' as const),
})

function pathMtu(gateway: fc.Arbitrary<string>, least: number) {
  return fc
    .record({ gateway: fc.option(gateway), most: fc.integer({ min: least + 1, max: 9000 }), at: count })
    .chain((known) => fc.option(fc.integer({ min: least, max: known.most - 1 })).map((mtu) => ({ ...known, mtu })))
}

const ended = { since: count, until: count, to: text }
const notifyItem = fc.record(
  {
    uplink: text,
    standby: fc.constant(true as const),
    back: fc.record(ended),
    whole: fc.record({ ...ended, count, totalMs: count, reason: text }),
    out: fc.record({ since: count, reason: text }),
    quota: fc.constantFrom(80, 100),
  },
  { requiredKeys: ['uplink'] },
)

function mapOf<T>(value: fc.Arbitrary<T>): fc.Arbitrary<ReadonlyMap<string, T>> {
  return fc
    .uniqueArray(fc.tuple(uplinkName, value), { maxLength: 4, selector: ([name]) => name })
    .map((entries) => new Map(entries))
}

export const fileValues: Values<typeof storedFiles> = {
  state: fc
    .record(
      {
        uplinks: fc
          .uniqueArray(fc.tuple(uplinkName, knownUplink), {
            maxLength: 5,
            comparator: (one, other) => one[0] === other[0] || one[1].number === other[1].number,
          })
          .map((entries) => Object.fromEntries(entries)),
        sysctls: record(
          interfaceName.map((name) => `net/ipv4/conf/${name}/rp_filter`).filter((name) => !name.includes('..')),
          fc.integer().map(String),
        ),
        subflows: fc.nat(255),
        role: fc.constantFrom('active' as const, 'standby' as const),
        layouts: fc.array(fc.record({ markShift: fc.nat(24), tableBase: count, ruleBase: count }), { maxLength: 3 }),
      },
      { requiredKeys: ['uplinks', 'sysctls'] },
    )
    .filter(
      ({ uplinks, sysctls, layouts, subflows }) =>
        (layouts ?? subflows) !== undefined || Object.keys({ ...uplinks, ...sysctls }).length > 0,
    ),
  health: record(
    uplinkName,
    fc.oneof(fc.record({ inet: line }), fc.record({ inet: line, inet6: line }), fc.record({ inet6: line })),
  ),
  stateTimes: record(
    uplinkName,
    fc.record({ state: fc.constantFrom('online' as const, 'down' as const, 'absent' as const), since: count }),
  ),
  refused: some(
    fc.record(
      {
        family: fc.constantFrom('inet' as const, 'inet6' as const),
        device: interfaceName,
        gateway: fc.option(ipv4),
        why: text,
      },
      { requiredKeys: ['family', 'device', 'why'] },
    ),
    4,
  ),
  bus: fc.record({
    networkd: record(interfaceName, busLink),
    NetworkManager: record(interfaceName, busLink),
    ConnMan: record(interfaceName, busLink),
    ModemManager: record(interfaceName, busLink),
  }) satisfies fc.Arbitrary<BusFacts>,
  quota: fc
    .dictionary(
      uplinkName,
      fc.record({
        periods: record(fc.constantFrom('2026-11-05', '2026-12-05', '2027-01-31'), count),
        counter: count,
        boot: text,
        device: text,
      }),
      { maxKeys: 4, noNullPrototype: true },
    )
    .map((used) => new Map(Object.entries(used))),
  lines: fc
    .dictionary(
      uplinkName,
      fc.record({
        device: interfaceName,
        line: fc.record({ at: count, down: fc.record({ sure: text, rate: count }), up: fc.record({ sure: text }) }),
      }),
      { maxKeys: 4, noNullPrototype: true },
    )
    .map((lines) => new Map(Object.entries(lines))),
  numbers: fc
    .uniqueArray(fc.tuple(uplinkName, fc.integer({ min: 1, max: maxUplinks }), fc.option(count, { nil: undefined })), {
      minLength: 1,
      maxLength: 5,
      comparator: (one, other) => one[0] === other[0] || one[1] === other[1],
    })
    .map((entries) =>
      Object.fromEntries(
        entries.map(([name, number, goneSince]) => [name, { number, ...(goneSince !== undefined && { goneSince }) }]),
      ),
    ),
  spreading: fc.record(
    {
      spread: fc.constantFrom('weight' as const, 'load' as const, 'overflow' as const, 'latency' as const),
      weights: record(uplinkName, fc.integer({ min: 1, max: 256 })),
      takes: fc.array(uplinkName, { maxLength: 4 }),
      rules: fc.dictionary(
        fc.constantFrom('load: all', 'overflow at 0.8: a b'),
        fc.record(
          {
            weights: record(uplinkName, fc.integer({ min: 1, max: 256 })),
            takes: fc.array(uplinkName, { maxLength: 4 }),
          },
          { requiredKeys: ['weights'] },
        ),
        { minKeys: 1, noNullPrototype: true },
      ),
      lines: record(uplinkName, fc.record({ down: way, up: way })),
    },
    { requiredKeys: ['spread', 'weights', 'lines'] },
  ),
  mtuSearches: record(
    fc.tuple(uplinkName, fc.constantFrom('inet', 'inet6')).map((parts) => parts.join(' ')),
    fc.record({
      ...{ identity: fc.string({ maxLength: 100 }), wasOut: fc.boolean() },
      ...{ at: count, failures: count, sent: count, countedFrom: count },
    }),
    // Where there are none, there is no file.
  ).filter((searches) => Object.keys(searches).length > 0),
  pathMtus: record(
    interfaceName,
    fc.oneof(
      fc.record({ inet: pathMtu(ipv4, 1200) }),
      fc.record({ inet: pathMtu(ipv4, 1200), inet6: pathMtu(ipv6, 1280) }),
      fc.record({ inet6: pathMtu(ipv6, 1280) }),
    ),
  ),
  notify: fc.record({
    memory: fc.record({
      outages: mapOf(
        fc.record(
          { since: count, reason: text, standby: fc.constant(true as const), isNews: fc.boolean(), upSince: count },
          { requiredKeys: ['since', 'reason', 'isNews'] },
        ),
      ),
      quotas: mapOf(fc.constantFrom(80, 100)),
      pending: fc
        .uniqueArray(notifyItem, { maxLength: 4, selector: ({ uplink }) => uplink })
        .map((items) => new Map(items.map((item) => [item.uplink, item]))),
      madeAt: fc.array(count, { maxLength: 10 }),
    }),
    queue: fc.array(
      fc.record({
        message: fc.record({
          id: fc.stringMatching(/^[a-f0-9-]{1,36}$/),
          at: count,
          items: fc.array(notifyItem, { maxLength: 4 }),
        }),
        to: fc.subarray(['mail' as const, 'command' as const, 'webhook' as const]),
      }),
      { maxLength: 4 },
    ),
  }),
  lastGood: fc.record({
    files: fc.array(fc.record({ path: text, text: fc.string({ unit: 'binary' }) }), { maxLength: 3 }),
    sets: record(text, text),
    users: record(text, fc.option(fc.nat(65535))),
  }),
}

export const folderValues: Values<typeof storedFolders> = {
  leases: fc.record(
    {
      ...{ source: text, address: fc.oneof(ipv4, ipv6), gateway: gateways, nameServers },
      ...{ below: interfaceName, line: fc.stringMatching(/^[0-9a-f]{16}$/) },
    },
    { requiredKeys: ['source', 'gateway'] },
  ),
  nameServers6: fc.record({
    dhcp6: fc.uniqueArray(ipv6, { maxLength: 8 }),
    advertised: fc.uniqueArray(ipv6, { maxLength: 8 }),
  }),
  delegations: prefixes,
  stanzas: fc.record(
    {
      balance: fc.boolean(),
      name: uplinkName,
      weight: fc.integer({ min: 1, max: 256 }),
      metric: fc.nat(65535),
      gateway: gateways,
      mainGateway: gateways,
      nameServers,
    },
    optional,
  ),
}

/** Whatever a file may have in it: bytes, JSON of anything, and ours with parts of it replaced by anything. */
export function garbageOf(format: (value: never) => string, value: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  const anything = fc.jsonValue({ maxDepth: 4 })
  const broken = fc.tuple(value, anything, fc.nat(20)).map(([ours, other, place]) => {
    let at = 0
    return JSON.stringify(JSON.parse(format(ours as never) || '[]'), (_, part) => (at++ === place ? other : part))
  })
  const cut = fc.tuple(value, fc.nat(200)).map(([ours, length]) => format(ours as never).slice(0, length))
  return fc.oneof(
    fc.string({ unit: 'binary' }),
    anything.map((one) => JSON.stringify(one)),
    broken,
    cut,
  )
}
