import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseConfig } from '../../../src/config/parse.ts'
import { isInterfaceName, isUplinkName } from '../../../src/net/valid.ts'
import { record } from '../../lab/measurements.ts'

/** Text that gets past the first look: our own words among prototype names, separators and noise. */
const words = [
  ...['[', ']', '=', ';', '#', '\n', '\r\n', ' ', '"', "'", '\\', '.', '*', '%', '\u0000', '\uFEFF', '{}', 'null'],
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'true', '-1', '1e9', '4', '0'],
  ...[
    '[balance]\n',
    '[uplink a]\n',
    '[uplink __proto__]\n',
    '[__proto__]\n',
    '[uplink eth0.10]\n',
    '[uplink constructor]\n',
  ],
  ...['mode = flow\n', 'weight = 3\n', 'interface = ', 'gateway[] = 1.2.3.4\n', '__proto__.polluted = yes\n'],
]
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc
    .array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 4 })), { maxLength: 40 })
    .map((all) => all.join('')),
)

function prototypeKeys(): readonly PropertyKey[] {
  return [Object, Array, String, Map, Function].flatMap(({ prototype }) => Reflect.ownKeys(prototype))
}

test('C8, C5: no text throws, pollutes a prototype or gets a bad name through', () => {
  const before = prototypeKeys()
  let taken = 0
  let refused = 0
  fc.assert(
    fc.property(fc.array(text, { maxLength: 3 }), (texts) => {
      const loaded = parseConfig(texts.map((content, index) => ({ path: `${index}.conf`, text: content })))
      const lines = loaded.ok ? loaded.warnings : loaded.errors
      if (loaded.ok) taken++
      else refused++
      for (const line of lines) expect(line).toMatch(/^(\d\.conf:\d+: [^\n\r\0]+|and \d+ more (errors|warnings))$/)
      for (const uplink of loaded.ok ? loaded.config.uplinks : []) {
        expect(isUplinkName(uplink.name)).toBe(true)
        expect(isInterfaceName(uplink.interface.replaceAll(/[*?]/g, 'x'))).toBe(true)
      }
    }),
    { numRuns: 2000 },
  )
  expect(prototypeKeys()).toEqual(before)
  expect(Math.min(taken, refused)).toBeGreaterThan(20)
})

test('a megabyte of nearly right keys is read in bounded time', () => {
  const line = `${'wieght'.repeat(20)} = 1\n`
  const long = `[uplink u]\n${line.repeat(4000)}${'w'.repeat(500_000)} = ${'1'.repeat(100_000)}`
  const start = performance.now()
  expect(parseConfig([{ path: 'x', text: long }]).ok).toBe(false)
  const value = performance.now() - start
  record({
    name: 'reading a megabyte of nearly right keys',
    value,
    unit: 'ms',
    limit: 2000,
    release: 'Node.js',
    stack: 'none',
  })
})
