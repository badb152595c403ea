/** Random rules and random first packets: what `explain` says against where the packets go. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { explain } from '../../src/explain/explain.ts'
import { familyOf } from '../../src/net/valid.ts'
import { reconcile } from '../../src/reconcile/reconcile.ts'
import { configOf } from '../config-of.ts'
import type { Packet } from '../lab/programs/send.ts'
import { scenario } from './namespace.ts'
import { lanHosts, makeSteeringWorld, whereTo } from './steering-world.ts'

const rulesets = 8
const packetsEach = 30

const lan = fc.integer({ min: 2, max: lanHosts + 1 })
const far = fc.integer({ min: 1, max: 20 })
const port = fc.integer({ min: 1000, max: 1015 })
const several = (one: fc.Arbitrary<string>) =>
  fc.uniqueArray(one, { minLength: 1, maxLength: 3 }).map((list) => list.join(' '))
const rangeOf = (number: fc.Arbitrary<number>, prefix: string) =>
  fc.oneof(
    number.map((one) => `${prefix}${one}`),
    fc.tuple(number, number).map(([a, b]) => `${prefix}${Math.min(a, b)}-${prefix}${Math.max(a, b)}`),
  )
const key = (name: string, value: fc.Arbitrary<string>) =>
  fc.option(value, { freq: 2 }).map((text) => (text === null ? '' : `${name} = ${text}\n`))

/** The same hosts in both families, so that every rule may match either. */
const inIpv6 = (text: string) =>
  text
    .replaceAll(/192\.168\.77\.(\d+)/g, (_, host) => `fd00:77::${Number(host).toString(16)}`)
    .replaceAll(/203\.0\.113\.(\d+)/g, (_, host) => `2001:db8:cafe::${Number(host).toString(16)}`)
const inBoth = (text: string) => `${text} ${inIpv6(text)}`

const uplinks = fc
  .uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 })
  .chain((names) =>
    fc.tuple(...names.map((name) => fc.integer({ min: 1, max: 9 }).map((weight) => `${name}:${weight}`))),
  )
  .map((list) => list.join(' '))

const rule = fc
  .record({
    source: key('source', several(rangeOf(lan, '192.168.77.')).map(inBoth)),
    destination: key('destination', several(rangeOf(far, '203.0.113.')).map(inBoth)),
    protocol: key('protocol', fc.constantFrom('tcp', 'udp', 'tcp udp')),
    port: key('port', several(rangeOf(port, ''))),
    incoming: key('interface', fc.constantFrom('lan0', 'lan*', 'eth9')),
    uplinks: fc.option(uplinks, { freq: 6 }).map((text) => `uplinks = ${text ?? 'none'}\n`),
    mode: fc.constantFrom('connection', 'flow', 'source', 'failover', 'random').map((mode) => `mode = ${mode}\n`),
    sticky: fc.boolean(),
  })
  .map(({ sticky, ...lines }) => {
    const none = lines.uplinks.includes('none')
    return `${Object.values(lines).join('')}${sticky && !none ? 'sticky = 1h\n' : ''}`
  })

const ruleset = fc.record({
  rules: fc.array(rule, { maxLength: 8 }),
  mode: fc.constantFrom('connection', 'flow', 'source', 'failover', 'random'),
  weights: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 3, maxLength: 3 }),
})

const packet = (sourcePort: number) =>
  fc
    .record({ protocol: fc.constantFrom('tcp' as const, 'udp' as const), from: lan, to: far, port, ipv6: fc.boolean() })
    .map(({ protocol, from, to, port: destination, ipv6 }): Packet => {
      const written = ipv6 ? inIpv6 : (text: string) => text
      const hosts = { from: written(`192.168.77.${from}`), to: written(`203.0.113.${to}`) }
      return { protocol, ...hosts, sourcePort, port: destination }
    })

const play = await scenario(import.meta, async (seed: number) => {
  await makeSteeringWorld()
  let sourcePort = 20_000
  const wrong: unknown[] = []
  const count = { certain: 0, several: 0, ipv6: 0 }
  for (const [index, sample] of fc.sample(ruleset, { seed, numRuns: rulesets }).entries()) {
    const config = readable(sample)
    const { observed, desired, remaining, errors } = await reconcile(config)
    if (remaining.length > 0) throw new Error(`not loaded: ${errors.join('; ')}`)
    for (const side of ['lan', 'host'] as const) {
      const packets = Array.from({ length: packetsEach }, (_, at) => {
        const [one] = fc.sample(packet(sourcePort++), { seed: seed + 1000 * index + at, numRuns: 1 })
        if (one === undefined) throw new Error('no packet')
        const { from: _from, ...own } = one
        return side === 'lan' ? one : own
      })
      const said = []
      for (const { protocol, to, sourcePort: source, port: destination, ...one } of packets) {
        const from = 'from' in one ? one.from : undefined
        const family = familyOf(to) ?? 'inet'
        const question = { family, destination: to, protocol, port: destination, sourcePort: source } as const
        const rest = { from: from ?? null, incoming: from ? 'lan0' : null, mark: 0, dscp: 0, user: 0, cgroup: null }
        said.push(await explain({ ...question, ...rest }, { config, observed, desired }))
      }
      const went = await whereTo(packets, side)
      for (const [at, number] of went.entries()) {
        const ways = said[at]?.ways ?? []
        const fits = ways.some(({ device, share }) => device === `wan${number}` && share > 0)
        count[ways.length === 1 ? 'certain' : 'several']++
        if (packets[at]?.to.includes(':')) count.ipv6++
        if (!fits) wrong.push({ index, side, packet: packets[at], went: number, said: said[at] })
      }
    }
  }
  return { ...count, wrong }
})

/** Rules that an earlier one takes everything from are refused: without those. */
function readable({ rules, mode, weights }: { rules: readonly string[]; mode: string; weights: readonly number[] }) {
  const head = `[balance]\nprobe = none\nmode = ${mode}\n${['a', 'b', 'c']
    .map((name, at) => `[uplink ${name}]\ninterface = wan${at + 1}\nweight = ${weights[at]}\n`)
    .join('')}`
  let text = head
  for (const [at, lines] of rules.entries()) {
    const longer = `${text}[rule r${at}]\n${lines}`
    try {
      configOf(longer)
      text = longer
    } catch {
      // Left out.
    }
  }
  return configOf(text)
}

const seed = Number(process.env['SEED'] ?? 20261123)

test(`what explain says of random rulesets and packets is where they go (SEED=${seed})`, async () => {
  const { certain, several: ofSeveral, ipv6, wrong } = await play({}, seed)
  expect(wrong).toEqual([])
  expect(certain).toBeGreaterThan(200)
  expect(ofSeveral).toBeGreaterThan(100)
  expect(ipv6).toBeGreaterThan(200)
})
