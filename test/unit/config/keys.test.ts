/** The registry of keys against what is written of them elsewhere. What fails here names the key that was forgotten. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Key } from '../../../src/config/key.ts'
import { sectionKeys } from '../../../src/config/keys.ts'
import { parseConfig } from '../../../src/config/parse.ts'
import { probeSettings } from '../../../src/lines/settings.ts'
import { entriesOf, manPage, sectionOf } from '../../lab/man-page.ts'

const page = manPage('ifbalance.conf.5')

describe.each([
  ['balance', 'SECTION [balance]'],
  ['ha', 'SECTION [ha]'],
  ['notify', 'SECTION [notify]'],
  ['uplink', 'SECTION [uplink NAME]'],
  ['rule', 'SECTION [rule NAME]'],
] as const)('[%s] in ifbalance.conf(5)', (kind, title) => {
  const keys = Object.entries<Key>(sectionKeys[kind])
  const entries = new Map(
    entriesOf(sectionOf(page, title)).flatMap(({ head, text }) => {
      const [, name, values = ''] = /^Ic (\S+) No = (.*)$/.exec(head) ?? []
      return name === undefined ? [] : [[name, { values, text }] as const]
    }),
  )

  test('has each key, and no other', () => {
    expect([...entries.keys()].sort()).toEqual(keys.map(([name]) => name).sort())
  })

  test.each(keys)('says the default of %s', (name, { otherwise }) => {
    const text = entries.get(name)?.text ?? ''
    if (otherwise === null) return
    const ways = [`${otherwise}, the default`, `The default is ${otherwise}`, `by default,? ${otherwise}`]
    expect(text).toMatch(new RegExp(ways.map((way) => `${way.replaceAll(/[[\].]/g, '\\$&')}(?![\\w-])`).join('|'), 'i'))
  })

  test.each(keys)('has the words that %s takes', (name, { reader }) => {
    const words = /^[a-z]+(, [a-z]+)+$/.test(reader.expected) ? reader.expected.split(', ') : []
    const named = /^Sy ([a-z| ]+)$/.exec(entries.get(name)?.values ?? '')?.[1]
    if (words.length > 0) expect(named?.split(' | ')).toEqual(words)
  })

  test.each(keys)('%s has a line of help', (_, { help }) => {
    expect(help).toMatch(/^.{5,80}$/)
  })
})

test('no two keys lead to the same place', () => {
  const places = Object.values(sectionKeys).flatMap((keys) => Object.values<Key>(keys).map(({ into }) => into))
  expect(places.filter((place, index) => places.indexOf(place) !== index)).toEqual([])
})

test('the defaults of probes are as the keys say', () => {
  const loaded = parseConfig([{ path: 'x', text: '[uplink a]' }])
  if (!loaded.ok) throw new Error(loaded.errors.join('\n'))
  const settings = probeSettings('a', 'a', 'inet', loaded.config)
  const said = Object.fromEntries(Object.entries(sectionKeys.uplink).map(([name, { otherwise }]) => [name, otherwise]))
  expect(said).toMatchObject({
    probe: settings.kind,
    'probe-targets': settings.targets.join(', ').replace(/, (?=[^,]*$)/, ' and '),
    'probe-interval': `${settings.intervalMs / 1000}`,
    'probe-name': settings.name,
    'count-up': `${settings.countUp}`,
    'count-down': `${settings.countDown}`,
    'max-latency': `${settings.bounds.maxLatencyMs}`,
    'max-jitter': `${settings.bounds.maxJitterMs ?? 'off'}`,
    'max-loss': `${(settings.bounds.maxLoss ?? 0) * 100}`,
  })
})

test('there are no other sections in ifbalance.conf(5)', () => {
  const titles = [...page.matchAll(/^\.Sh SECTION \[(\w+)/gm)].map(([, kind]) => kind)
  expect(titles).toEqual(Object.keys(sectionKeys))
})

test('what the shipped configuration proposes is understood', () => {
  const path = join(import.meta.dirname, '../../../debian/etc/ifbalance.conf')
  const proposed = readFileSync(path, 'utf8').replaceAll(/^#(?=\S)/gm, '')
  expect(proposed.match(/^\[/gm)?.length).toBeGreaterThan(2)
  expect(parseConfig([{ path, text: proposed }])).toMatchObject({ ok: true, warnings: [] })
})

test.each(Object.entries(sectionKeys))('a misspelt key of [%s] is told from those of that section', (kind, keys) => {
  const title = ['balance', 'ha', 'notify'].includes(kind) ? kind : `${kind} a`
  for (const name of Object.keys(keys)) {
    const loaded = parseConfig([{ path: 'x', text: `[${title}]\n${name}x = 1` }])
    const told = loaded.ok ? [] : loaded.errors
    expect(told).toContainEqual(expect.stringMatching(/did you mean [a-z-]+\?$/))
  }
})
