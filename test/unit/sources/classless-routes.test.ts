import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readClasslessDefault } from '../../../src/sources/classless-routes.ts'

const table: Readonly<Record<string, string | null | 'broken'>> = {
  '0 10 0 0 1': '10.0.0.1',
  '0.0.0.0/0 10.0.0.1': '10.0.0.1',
  // RFC 3442: the destination's octets are as many as the prefix length needs.
  '8 10 10 0 0 9 9 10 128 10 0 0 8 32 1 2 3 4 10 0 0 7 0 10 0 0 1': '10.0.0.1',
  '25 10 0 0 128 10 0 0 9': null,
  // On the link itself: a default route without a gateway.
  '0 0 0 0 0': null,
  '0.0.0.0/0 0.0.0.0': null,
  '33 1 2 3 4 5 6 7 8 9': 'broken',
  '0 10 0 0 256': 'broken',
  '0 10 0 0': 'broken',
  '0 127 0 0 1': 'broken',
  '0.0.0.0/0': 'broken',
  '0.0.0.0/0 10.0.0.1;reboot': 'broken',
  '0.0.0.0/0 999.0.0.1': 'broken',
  '': 'broken',
}

test.for(Object.entries(table))('%s', ([text, expected]) => {
  const gives = expected === 'broken' ? { ok: false } : { ok: true, gateway: expected }
  expect(readClasslessDefault(text)).toEqual(gives)
})

test('any text ends in an address, none, or a refusal', () => {
  const words = fc.array(fc.oneof(fc.nat(300).map(String), fc.ipV4(), fc.constant('0.0.0.0/0'), fc.string()))
  fc.assert(
    fc.property(words, (list) => {
      const found = readClasslessDefault(list.join(' '))
      if (found.ok && found.gateway !== null) expect(found.gateway).toMatch(/^\d+\.\d+\.\d+\.\d+$/)
    }),
  )
})
