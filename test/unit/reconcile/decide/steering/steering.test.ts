/** Rules as maps have to say what the rules one after the other say. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { earlierOverlaps } from '../../../../../src/config/match/earlier-overlaps.ts'
import { keyRangesOf } from '../../../../../src/config/match/key.ts'
import { mismatch } from '../../../../../src/config/match/match.ts'
import { coverRangesOf, covers, overlaps } from '../../../../../src/config/match/overlap.ts'
import { parseConfig } from '../../../../../src/config/parse.ts'
import type { FirstPacket, Match } from '../../../../../src/model/match.ts'
import { addressOf, digitsOf, readAddressRange } from '../../../../../src/net/address-range.ts'
import type { Range } from '../../../../../src/net/family.ts'
import { layersOf } from '../../../../../src/reconcile/decide/steering/layers.ts'
import { dealSlots, slotCount } from '../../../../../src/reconcile/decide/steering/slots.ts'

const never = () => false

// A small world, so that rules often overlap.
const range = (most: number) =>
  fc.tuple(fc.nat(most), fc.nat(most)).map(([a, b]): Range<number> => (a < b ? [a, b] : [b, a]))
const addresses = range(15).map(([first, last]) => ({
  kind: 'ranges' as const,
  ranges: { inet: [[digitsOf(`10.0.0.${first}`), digitsOf(`10.0.0.${last}`)]] as const, inet6: [] },
}))
const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 })
const match = fc
  .record({
    source: some(addresses),
    destination: some(addresses),
    protocols: some(fc.uniqueArray(fc.constantFrom(6, 17), { minLength: 1 })),
    destinationPorts: some(range(7).map((one) => [one])),
    users: fc.constant(undefined),
  })
  .map((given): Match => {
    const ports = given.destinationPorts && !given.protocols ? { protocols: [6, 17] } : {}
    const values = Object.fromEntries(Object.entries({ ...given, ...ports }).filter(([, value]) => value !== undefined))
    return { families: ['inet'], ...values }
  })
const packet = fc
  .record({ source: fc.nat(15), destination: fc.nat(15), protocol: fc.constantFrom(6, 17), port: fc.nat(7) })
  .map(
    ({ source, destination, protocol, port }): FirstPacket => ({
      ...{
        family: 'inet',
        side: 'forward',
        source: `10.0.0.${source}`,
        destination: `10.0.0.${destination}`,
        protocol,
      },
      ...{ sourcePort: 1, destinationPort: port, interface: 'lan0', mark: 0, dscp: 0, user: null, cgroup: null },
    }),
  )

const classify = (matches: readonly Match[]) =>
  matches.map((one, index) => {
    const box = keyRangesOf(one, 'inet', 'forward', { links: [] })
    if (box === null) throw new Error('a rule that matches nothing')
    return { box, conditions: ['meta mark 0'], chain: `use_${index % 3}`, rule: `r${index}` }
  })

const fieldOf = (one: FirstPacket): Readonly<Record<string, string | number>> => ({
  source: digitsOf(one.source),
  destination: digitsOf(one.destination),
  protocol: one.protocol,
  destinationPort: one.destinationPort,
})

test('the first layer that knows a packet says what the first rule that matches it says', () => {
  fc.assert(
    fc.property(
      fc.array(match, { maxLength: 12 }),
      fc.array(packet, { minLength: 20, maxLength: 20 }),
      (matches, packets) => {
        const layers = layersOf(classify(matches))
        for (const one of packets) {
          const first = matches.findIndex((rule) => mismatch(rule, one, never) === null)
          const fields = fieldOf(one)
          const found = layers.flatMap(({ rules }) =>
            rules.filter(({ box }) =>
              Object.entries(box).every(([name, ranges]) =>
                ranges.some(([from, to]) => from <= (fields[name] ?? '') && (fields[name] ?? '') <= to),
              ),
            ),
          )
          expect(found[0]?.chain).toBe(first === -1 ? undefined : `use_${first % 3}`)
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('no two rules of a layer overlap, so nft can load it as one map', () => {
  fc.assert(
    fc.property(
      fc.array(match, { maxLength: 12 }),
      fc.array(packet, { minLength: 20, maxLength: 20 }),
      (matches, packets) => {
        for (const { rules } of layersOf(classify(matches)))
          for (const one of packets.map(fieldOf)) {
            const hits = rules.filter(({ box }) =>
              Object.entries(box).every(([name, ranges]) =>
                ranges.some(([from, to]) => from <= (one[name] ?? '') && (one[name] ?? '') <= to),
              ),
            )
            expect(hits.length).toBeLessThanOrEqual(1)
          }
      },
    ),
    { numRuns: 200 },
  )
})

test('which rules meet is found as by comparing each with each; and who covers another meets it', () => {
  fc.assert(
    fc.property(fc.array(match, { maxLength: 12 }), (matches) => {
      const boxes = matches.map(coverRangesOf)
      const naive = boxes.map((box, index) =>
        boxes.slice(0, index).flatMap((other, at) => (overlaps(other, box) ? [at] : [])),
      )
      expect(earlierOverlaps(boxes)).toEqual(naive)
      for (const [index, one] of matches.entries())
        for (const [at, other] of matches.slice(0, index).entries())
          if (covers(other, one)) expect(naive[index]).toContain(at)
    }),
    { numRuns: 500 },
  )
})

test('what one rule covers, it takes', () => {
  fc.assert(
    fc.property(match, match, packet, (one, other, first) => {
      if (covers(one, other) && mismatch(other, first, never) === null) expect(mismatch(one, first, never)).toBeNull()
    }),
    { numRuns: 2000 },
  )
})

test('a thousand rules with nothing in common are one look-up', () => {
  const rules = Array.from({ length: 1000 }, (_, index) => {
    const address = digitsOf(`10.0.${index >> 8}.${index & 255}`)
    const source = { kind: 'ranges', ranges: { inet: [[address, address]], inet6: [] } } as const
    return { families: ['inet'], source, protocols: [6], destinationPorts: [[index + 1, index + 1]] } as const
  })
  expect(layersOf(classify(rules))).toHaveLength(1)
})

// ---- slots ------------------------------------------------------------------------------------------------------

const shares = fc
  .array(fc.integer({ min: 1, max: 256 }), { minLength: 1, maxLength: 8 })
  .map((weights) => weights.map((weight, index) => ({ number: index + 1, weight })))

const ownersOf = (pieces: readonly (readonly [number, number, number])[]) =>
  pieces.flatMap(([first, last, number]) => Array<number>(last - first + 1).fill(number))

test('slots cover everything, by weight within a slot for each share', () => {
  fc.assert(
    fc.property(shares, (all) => {
      const owners = ownersOf(dealSlots(all, all))
      expect(owners).toHaveLength(slotCount)
      const total = all.reduce((sum, { weight }) => sum + weight, 0)
      for (const { number, weight } of all) {
        const has = owners.filter((owner) => owner === number).length
        expect(Math.abs(has - (slotCount * weight) / total)).toBeLessThanOrEqual(1)
      }
    }),
  )
})

test('whoever fails, only its own slots move', () => {
  fc.assert(
    fc.property(shares, fc.nat(), (all, which) => {
      fc.pre(all.length > 1)
      const gone = all[which % all.length]?.number
      const before = ownersOf(dealSlots(all, all))
      const after = ownersOf(
        dealSlots(
          all,
          all.filter(({ number }) => number !== gone),
        ),
      )
      expect(after).toHaveLength(slotCount)
      for (const [slot, owner] of before.entries()) {
        if (owner === gone) expect(after[slot]).not.toBe(gone)
        else expect(after[slot]).toBe(owner)
      }
    }),
  )
})

// ---- addresses --------------------------------------------------------------------------------------------------

test('addresses are read, and written for nft, without loss', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
      const digits = digitsOf(address)
      expect(digits).toMatch(address.includes(':') ? /^[0-9a-f]{32}$/ : /^[0-9a-f]{8}$/)
      expect(digitsOf(addressOf(digits))).toBe(digits)
    }),
  )
  expect(readAddressRange('10.1.2.3/8')).toEqual({ family: 'inet', range: ['0a000000', '0affffff'] })
  expect(readAddressRange('2001:db8::/32')?.range).toEqual([`20010db8${'0'.repeat(24)}`, `20010db8${'f'.repeat(24)}`])
  for (const wrong of ['10.0.0.1/33', '10.0.0.9-10.0.0.1', '10.0.0.1-::1', '1.2.3', '::1%lo', '10.0.0.0/-1', ''])
    expect(readAddressRange(wrong)).toBeNull()
})

// ---- what is refused --------------------------------------------------------------------------------------------

/** With gaps, so that they stay apart. */
function manyAddresses(count: number, prefix: string): string {
  const third = (at: number) => prefix.replace(/0$/, String(at >> 7))
  return Array.from({ length: count }, (_, at) => `${third(at)}.${(at & 127) * 2}`).join(' ')
}

const errorsOf = (text: string, files: Readonly<Record<string, string>> = {}) => {
  const readSet = (path: string) => {
    const found = files[path]
    if (found === undefined) throw new Error(`reading ${path}: no such file`)
    return found
  }
  const loaded = parseConfig([{ path: 'c', text: `[uplink a]\ninterface = wan1\n${text}` }], {
    readSet,
    userId: () => null,
  })
  return loaded.ok ? [] : loaded.errors
}

test.each([
  [
    '[rule x]\nport = 80\nuplinks = fibre',
    [
      'c:5: [rule x] uplinks: there is no uplink "fibre"; expected a section [uplink fibre] as well, which may be empty',
    ],
  ],
  [
    '[rule x]\nport = 80\nprotocol = icmp\nuplinks = a',
    ['c:3: [rule x]: a port of a protocol without ports: expected protocol = tcp, udp'],
  ],
  [
    '[rule x]\nsource = 10.0.0.1\ndestination = 2001:db8::1\nuplinks = a',
    ['c:3: [rule x]: source and destination have no family in common: expected both of IPv4 or both of IPv6'],
  ],
  [
    '[rule x]\nport = 80-90\nuplinks = a\n[rule y]\nport = 85\nprotocol = tcp\nuplinks = none',
    ['c:6: [rule y]: can never match: [rule x] before it takes all that it would'],
  ],
  ['[rule x]\nuser = nobody-here\nuplinks = a', ['c:4: [rule x] user: "nobody-here": expected a user of this host']],
  [
    '[rule x]\ninterface = lan0\nuser = 0\nuplinks = a',
    [
      "c:3: [rule x]: interface is for forwarded packets, user and cgroup for this host's own: expected one or the other",
    ],
  ],
  ['[rule x]\nsource = /etc/list\nuplinks = a', ['c:4: [rule x] source: reading /etc/list: no such file']],
  [
    '[rule x]\nsource = /s\nuplinks = a',
    [
      '/s:2: "10.0.0.300": expected an address, a prefix or a range FIRST-LAST',
      '/s:4: "$(reboot)": expected an address, a prefix or a range FIRST-LAST',
    ],
  ],
  [
    '[rule x y]\nport = 1',
    ['c:3: [rule x y]: "x y": expected [rule NAME], NAME of at most 31 letters, digits, _ -, beginning with a letter'],
  ],
  [
    '[rule x]\nuplinks = a:0\nport = 1',
    ['c:4: [rule x] uplinks: "a:0": expected names of uplinks, each with :WEIGHT (1 to 256) or without, or none'],
  ],
  [
    `[rule x]\nsource = ${manyAddresses(256, '10.0.0')}\ndestination = ${manyAddresses(257, '10.1.0')}\nuplinks = a`,
    ['c:3: [rule x]: its lists have 65792 combinations: expected at most 65536; addresses of a file do not count'],
  ],
  ['[rule x]\nlast-resort = main', ['c:3: [rule x]: matches everything and changes nothing']],
])('%s', (text, errors) => {
  expect(errorsOf(text, { '/s': '10.0.0.1 # fine\n10.0.0.300\n\n$(reboot)' })).toEqual(errors)
})

test('rules stand in the order of files and lines; a later file changes keys of a rule, and not its place', () => {
  const loaded = parseConfig([
    {
      path: 'main',
      text: '[uplink a]\n[uplink b]\n[rule x]\nport = 80\nuplinks = a\n[rule y]\nport = 81\nuplinks = a',
    },
    { path: '10', text: '[rule w]\nport = 82\nuplinks = a\n[rule x]\nuplinks = b' },
    { path: '20', text: '[rule y]\nuplinks = b a' },
  ])
  const { rules } = loaded.ok ? loaded.config : loaded.understood
  expect(rules.map(({ name, use }) => [name, use.uplinks?.[0]?.name])).toEqual([
    ['x', 'b'],
    ['y', 'b'],
    ['w', 'a'],
  ])
})

test('errors of a rule are where its keys were said last', () => {
  const loaded = parseConfig([
    { path: 'main', text: '[uplink a]\n[rule w]\nport = 82\nuplinks = a\n[rule y]\nport = 81\nuplinks = a' },
    { path: '20', text: '[rule w]\nport = nonsense\n[rule y]\nuplinks = nobody' },
  ])
  expect(loaded.ok ? [] : loaded.errors).toEqual([
    expect.stringMatching(/^20:2: \[rule w\] port: "nonsense": expected ports/),
    expect.stringMatching(/^20:4: \[rule y\] uplinks: there is no uplink "nobody"/),
  ])
})
