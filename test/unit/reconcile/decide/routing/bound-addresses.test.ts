/** Jumps past the rules of addresses: whoever has none of eight uplinks' goes past them, and nobody who has one. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ruleOffsets } from '../../../../../src/layout.ts'
import { digitsOf, readAddressRange } from '../../../../../src/net/address-range.ts'
import { decide } from '../../../../../src/reconcile/decide/decide.ts'
import { pastAddresses } from '../../../../../src/reconcile/decide/routing/bound-addresses.ts'
import { diff } from '../../../../../src/reconcile/diff.ts'
import { configOf } from '../../../../config-of.ts'
import { worldOf } from '../../../builders.ts'

const uplink = (number: number, ...addresses: readonly string[]) => ({ number, addresses })

describe('jumps', () => {
  test('none with fewer than eight', () => {
    expect(pastAddresses([uplink(1, '10.1.0.2'), uplink(7, '10.7.0.2')])).toEqual({ jumps: [], landings: [] })
  })

  test('what eight have in common, and the next one as target; an offset of nobody for a jump that leads there', () => {
    const all = [8, 9, 15, 16, 17, 63].map((number) => uplink(number, `10.${number}.0.2`))
    expect(pastAddresses(all)).toEqual({
      jumps: [
        { offset: 317, from: '10.63.0.2', target: ruleOffsets.end },
        { offset: 232, from: '10.16.0.0/15', target: 249 },
        { offset: 215, from: '10.8.0.0/13', target: 232 },
      ],
      landings: [249],
    })
  })

  test('none where they have nothing in common', () => {
    expect(pastAddresses([uplink(8, '10.8.0.2', '192.168.8.100')]).jumps).toEqual([])
  })

  test('of IPv6 as ip(8) lists it', () => {
    const [jump] = pastAddresses([uplink(8, '2001:db8:8::2'), uplink(9, '2001:db8:9::2')]).jumps
    expect(jump?.from).toBe('2001:db8:8::/47')
  })
})

test('no address is jumped over, whatever addresses there are', () => {
  const address = fc.oneof(
    fc.ipV4(),
    fc.tuple(fc.nat(63), fc.nat(255)).map(([i, j]) => `10.${i}.0.${j}`),
  )
  const one = fc.record({ number: fc.integer({ min: 1, max: 63 }), addresses: fc.array(address, { maxLength: 3 }) })
  fc.assert(
    fc.property(fc.uniqueArray(one, { selector: ({ number }) => number, maxLength: 63 }), (uplinks) => {
      for (const { offset, from } of pastAddresses(uplinks).jumps) {
        const range = readAddressRange(from)?.range ?? ['', '']
        const passed = uplinks.filter(({ number }) => 200 + 2 * number - 2 + Math.floor(number / 8) >= offset)
        const eight = passed.filter(
          ({ number }) => Math.floor(number / 8) === Math.floor(Math.min(...passed.map((other) => other.number)) / 8),
        )
        for (const digits of eight.flatMap(({ addresses }) => addresses.map(digitsOf)))
          expect(range[0] <= digits && digits <= range[1]).toBe(true)
      }
    }),
  )
})

test('a jump that does not know a new address goes before the one that does comes', () => {
  const world = worldOf('two-dhcp-uplinks')
  const config = configOf('[uplink wan1]\nnumber = 8\n[uplink wan2]\nnumber = 9\n')
  const desired = decide(config, world)
  const jump = desired.rules.find(({ spec }) => spec.startsWith('not from 10.'))
  expect(jump).toMatchObject({ priority: 20215, spec: 'not from 10.0.0.0/14 goto 20232' })
  const former = { ...jump, spec: 'not from 10.1.0.2 goto 20232' } as NonNullable<typeof jump>
  const rules = [...world.rules, ...desired.rules.map((rule) => (rule === jump ? former : rule))]
  const steps = diff({ ...world, rules }, desired, config.layout).filter(({ kind }) => kind.endsWith('-rule'))
  expect(steps).toEqual([
    { kind: 'delete-rule', rule: former },
    { kind: 'add-rule', rule: jump },
  ])
})
