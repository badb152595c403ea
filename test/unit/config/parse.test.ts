import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../../src/config/parse.ts'
import type { Config } from '../../../src/model/config.ts'

const defaults: Config = {
  balance: { mode: 'connection', adopt: 'auto', masquerade: 'auto', lastResort: 'main' },
  layout: { markShift: 24, tableBase: 30000, ruleBase: 20000 },
  uplinks: [],
  rules: [],
}

function parse(...texts: readonly string[]) {
  return parseConfig(texts.map((text, index) => ({ path: `${index + 1}.conf`, text })))
}

function configOf(...texts: readonly string[]): Config {
  const loaded = parse(...texts)
  if (!loaded.ok) throw new Error(loaded.errors.join('\n'))
  return loaded.config
}

function errorsOf(...texts: readonly string[]): readonly string[] {
  const loaded = parse(...texts)
  return loaded.ok ? [] : loaded.errors
}

function warningsOf(...texts: readonly string[]): readonly string[] {
  const loaded = parse(...texts)
  if (!loaded.ok) throw new Error(loaded.errors.join('\n'))
  return loaded.warnings
}

describe('what is taken', () => {
  test('nothing at all: the defaults', () => {
    expect(parse()).toEqual({ ok: true, config: defaults, warnings: [] })
    expect(parse('', '\n\n; nothing\n# here\n')).toEqual({ ok: true, config: defaults, warnings: [] })
  })

  test('masquerade and its exceptions, for all uplinks and for one', () => {
    const { balance, uplinks } = configOf(
      '[balance]\nmasquerade = True\nno-masquerade = 192.0.2.0/24, 2001:db8::/32\n[uplink a]\nmasquerade = auto\nno-masquerade = 192.0.2.1-192.0.2.2',
    )
    const digits = '20010db8'
    expect(balance).toMatchObject({
      masquerade: 'yes',
      noMasquerade: {
        inet: [['c0000200', 'c00002ff']],
        inet6: [[digits.padEnd(32, '0'), digits.padEnd(32, 'f')]],
      },
    })
    expect(uplinks).toEqual([
      {
        ...{ name: 'a', interface: 'a', enabled: true, masquerade: 'auto' },
        noMasquerade: { inet: [['c0000201', 'c0000202']], inet6: [] },
      },
    ])
  })

  test('every key', () => {
    const text = `
      [balance] ; comment
      mode = source
      adopt = listed
      masquerade = no
      last-resort = blackhole
      closing-route = throw
      mark-shift = 0
      table-base = 1000
      rule-base = 31765

      [uplink home]
      interface = bond0
      weight = 4            ; comment
      metric = 10
      gateway = 192.0.2.1, 2001:db8::1
      prefix = 2001:DB8:12::/56 2001:db8:13::/60
      [uplink lte]
      interface = wwan*
      enabled = off
      metered = yes
      gateway = fe80::1
      [uplink eth0.10]`
    expect(configOf(text)).toEqual({
      balance: { mode: 'source', adopt: 'listed', masquerade: 'no', lastResort: 'blackhole', closing: 'throw' },
      layout: { markShift: 0, tableBase: 1000, ruleBase: 31765 },
      uplinks: [
        {
          name: 'home',
          interface: 'bond0',
          enabled: true,
          weight: 4,
          metric: 10,
          gateway: { inet: '192.0.2.1', inet6: '2001:db8::1' },
          prefixes: ['2001:db8:12::/56', '2001:db8:13::/60'],
        },
        { name: 'lte', interface: 'wwan*', enabled: false, metered: true, gateway: { inet6: 'fe80::1' } },
        { name: 'eth0.10', interface: 'eth0.10', enabled: true },
      ],
      rules: [],
    })
  })

  test('byte order mark, CRLF, quotes, spaces', () => {
    const text = '\uFEFF[uplink   home]\r\n  interface="eth0"\r\nweight\t=\t\'2\'\r\n'
    expect(configOf(text).uplinks).toEqual([{ name: 'home', interface: 'eth0', enabled: true, weight: 2 }])
  })

  test('later files win key by key, and the first mention keeps its place', () => {
    const uplinks = configOf(
      '[uplink home]\ninterface = eth0\nweight = 2\n[uplink dsl]',
      '[uplink lte]\n[uplink home]\nweight = 7\nmetric = 3',
    ).uplinks
    expect(uplinks).toEqual([
      { name: 'home', interface: 'eth0', enabled: true, weight: 7, metric: 3 },
      { name: 'dsl', interface: 'dsl', enabled: true },
      { name: 'lte', interface: 'lte', enabled: true },
    ])
    expect(configOf('[balance]\nmode=flow\nadopt=listed', '[balance]\nmode=source').balance).toMatchObject({
      mode: 'source',
      adopt: 'listed',
    })
  })

  test('an uplink may be called like a property that every object has', () => {
    expect(configOf('[uplink constructor]', '[uplink constructor]\nweight=3').uplinks).toEqual([
      { name: 'constructor', interface: 'constructor', enabled: true, weight: 3 },
    ])
  })
})

describe('errors name file, line, section, key, and what was expected', () => {
  const weight = 'expected auto, or a whole number, 0 to 256'
  const number = 'expected a whole number'
  const gateway = 'expected an IPv4 address, an IPv6 address without %zone, or one of each'
  const interfaceName =
    'expected an interface name of at most 15 letters, digits, _ . - (or a pattern of these with * and ?)'

  test.each([
    ['[uplink u]\nmetric = 65536', '1.conf:2: [uplink u] metric: "65536": expected a whole number, 0 to 65535'],
    [
      '[balance]\nmode = packet',
      '1.conf:2: [balance] mode: "packet": expected connection, flow, source, failover, random',
    ],
    ['[balance]\nadopt = Auto', '1.conf:2: [balance] adopt: "Auto": expected auto, listed'],
    [
      '[balance]\nno-masquerade = wan1',
      '1.conf:2: [balance] no-masquerade: "wan1": expected addresses, prefixes or ranges FIRST-LAST',
    ],
    ['[balance]\nmasquerade = perhaps', '1.conf:2: [balance] masquerade: "perhaps": expected auto, yes or no'],
    ['[balance]\nmark-shift = 25', '1.conf:2: [balance] mark-shift: "25": expected a whole number, 0 to 24'],
    ...['0.0.0.0', '127.0.0.1', '224.0.0.1', 'fe80::1%eth0', '::', '1.2.3.4 5.6.7.8', '1.2.3', ''].map((address) => [
      `[uplink u]\ngateway = ${address}`,
      `1.conf:2: [uplink u] gateway: "${address}": ${gateway}`,
    ]),
    ...['2001:db8::1', '2001:db8::/128', 'fe80::/64', '10.0.0.0/24', '2001:db8::/56; x', ''].map((prefix) => [
      `[uplink u]\nprefix = '${prefix}'`,
      `1.conf:2: [uplink u] prefix: "${prefix}": expected an IPv6 prefix such as 2001:db8:1200::/56, or several`,
    ]),
    ['mode = flow', '1.conf:1: expected a [section] before the first key'],
    ['[balance]\nmode', '1.conf:2: expected [section] or key = value'],
    ['[balance', '1.conf:1: expected [section] or key = value'],
    ['[balance]\n= flow', '1.conf:2: expected [section] or key = value'],
    ['[balance x]', '1.conf:1: [balance x]: expected [balance] without a name'],
    [
      '[uplink a.name.longer.than.15]',
      '1.conf:1: [uplink a.name.longer.than.15]: no interface: expected interface = ..., as "a.name.longer.than.15" cannot be an interface\'s name',
    ],
  ])('%j', (text, error) => {
    expect(errorsOf(text)).toEqual([error])
  })

  test.each(['-1', '257', '1e9', '"four"', '', '1.5', '0x10', '010', '9'.repeat(30)])('C9: weight %j', (value) => {
    expect(errorsOf(`[uplink u]\nweight = ${value}`)).toEqual([
      `1.conf:2: [uplink u] weight: "${value.replaceAll('"', '')}": ${weight}`,
    ])
  })

  test.each([
    '',
    '100M',
    '100/20',
    '100M/',
    '0M/1M',
    '1M/7k',
    '-1M/1M',
    '1e3M/1M',
    '100Mbit/20Mbit',
    '1M/1M/1M',
    '100m/20m',
  ])('bandwidth %j', (value) => {
    const expected = 'expected bits a second down and up, such as 100M/20M, with k, M or G'
    expect(errorsOf(`[uplink u]\nbandwidth = ${value}`)).toEqual([
      `1.conf:2: [uplink u] bandwidth: "${value}": ${expected}`,
    ])
  })

  test.each(['flow', 'source', 'failover'])(
    'clients that have their uplink by mode = %s are not spread by load',
    (mode) => {
      expect(errorsOf(`[balance]\nmode = ${mode}\nspread = load`)).toEqual([
        `1.conf:3: [balance] spread: spread = load is nothing for mode = ${mode}: expected mode = connection or random`,
      ])
      expect(errorsOf(`[balance]\nmode = ${mode}\nspread = weight`)).toEqual([])
    },
  )

  test.each(['a;reboot', '$(x)', '-h', 'x"accept#', '__proto__', 'sixteen_letters_', 'a b', '../../etc', ''])(
    'C5: interface %j',
    (name) => {
      expect(errorsOf(`[uplink u]\ninterface = '${name}'`)).toEqual([
        `1.conf:2: [uplink u] interface: "${name}": ${interfaceName}`,
      ])
    },
  )

  test.each([
    ['[uplink u]\n\nweight = 1\nweight = 2', '1.conf:4: [uplink u] weight: comes twice in this section: expected once'],
    [
      '[uplink u]\n[balance]\n[uplink  u]',
      '1.conf:3: [uplink u]: comes twice in this file, first on line 1: expected once',
    ],
  ])('C2: a duplicate: %j', (text, error) => expect(errorsOf(text)).toEqual([error]))

  test.each([
    [
      '[uplink a]\ninterface=eth0\n[uplink b]\ninterface=eth0',
      '1.conf:4: [uplink b] interface: "eth0" belongs to [uplink a] already: expected another interface',
    ],
    [
      '[uplink eth0]\n[uplink b]\ninterface=eth0',
      '1.conf:3: [uplink b] interface: "eth0" belongs to [uplink eth0] already: expected another interface',
    ],
  ])('C11: one interface in two uplinks: %j', (text, error) => expect(errorsOf(text)).toEqual([error]))

  test('one number for two uplinks', () => {
    expect(errorsOf('[uplink a]\nnumber=7\n[uplink b]\nnumber=7')).toEqual([
      '1.conf:3: [uplink b] number: 7 is the number of [uplink a] already: expected another',
    ])
  })

  test.each(['', '__proto__', 'main', '12', 'a b', 'a/b', '-f', 'x'.repeat(32)])('uplink name %j', (name) => {
    expect(errorsOf(`[uplink ${name}]\ninterface=eth0`)).toEqual([
      expect.stringMatching(/^1\.conf:1: \[uplink.*\]: .*: expected \[uplink NAME\], NAME of at most 31 letters/),
    ])
  })

  test.each([0, 1, 154, 255, 256, 4294967197])('table-base %d is taken', (base) => {
    expect(configOf(`[balance]\ntable-base = ${base}`).layout.tableBase).toBe(base)
  })

  test.each([155, 200, 252, 253, 254, 4294967198])('C10: table-base %d is refused', (base) => {
    expect(errorsOf(`[balance]\ntable-base = ${base}`)).toEqual([expect.stringContaining(`"${base}": ${number}`)])
  })

  test.each([0, 31766, 32765])('C10: rule-base %d is refused', (base) => {
    expect(errorsOf(`[balance]\nrule-base = ${base}`)).toEqual([expect.stringContaining(`"${base}": ${number}`)])
  })

  test('all errors of all files, not only the first', () => {
    expect(errorsOf('[balance]\nmode = x\nadopt = y', '[uplink a]\nweight = z')).toEqual([
      expect.stringContaining('1.conf:2: [balance] mode'),
      expect.stringContaining('1.conf:3: [balance] adopt'),
      expect.stringContaining('2.conf:2: [uplink a] weight'),
    ])
  })

  test('C11: a drop-in that takes an interface of an earlier file is named', () => {
    expect(errorsOf('[uplink a]\ninterface=eth0\n[uplink b]', '[uplink b]\nweight=2\ninterface=eth0')).toEqual([
      expect.stringContaining('2.conf:3: [uplink b] interface: "eth0" belongs to [uplink a]'),
    ])
  })

  test('R3: 64 uplinks are one too many', () => {
    const sections = Array.from({ length: 64 }, (_, index) => `[uplink u${index}]`)
    expect(errorsOf(sections.slice(0, 63).join('\n'))).toEqual([])
    expect(errorsOf(sections.join('\n'))).toEqual(['1.conf:64: [uplink u63]: 64 uplinks: expected at most 63'])
  })

  test('a file of something else entirely gives a readable number of errors', () => {
    const errors = errorsOf('garbage\n'.repeat(100_000))
    expect(errors).toHaveLength(51)
    expect(errors.at(-1)).toBe('and 99950 more errors')
  })

  test('control characters in a value do not reach the message', () => {
    expect(errorsOf('[balance]\nmode = \u001b[31mred\u0007')[0]).toContain('"\uFFFD[31mred\uFFFD"')
  })

  test.each([
    ['[uplink u]\nwieght = 4', '1.conf:2: [uplink u]: unknown key "wieght"; did you mean weight?'],
    ['[uplink u]\nWeight = 4', '1.conf:2: [uplink u]: unknown key "Weight"; did you mean weight?'],
    ['[uplink u]\ngateway[] = 1.2.3.4', '1.conf:2: [uplink u]: unknown key "gateway[]"; did you mean gateway?'],
    ['[uplink u]\ncolour = red', '1.conf:2: [uplink u]: unknown key "colour"'],
    ['[uplink u]\n__proto__ = 1', '1.conf:2: [uplink u]: unknown key "__proto__"'],
    ['[uplink u]\nconstructor = 1', '1.conf:2: [uplink u]: unknown key "constructor"'],
    ['[balence]\nmode = x', '1.conf:1: [balence]: unknown section "balence"; did you mean balance?'],
    ['[__proto__]\nmode = x', '1.conf:1: [__proto__]: unknown section "__proto__"'],
    [
      '[uplink u]\n[rule r]\nsuorce = 172.20.0.32/27\nuplinks = u',
      '1.conf:3: [rule r]: unknown key "suorce"; did you mean source?',
    ],
    ['[uplink u]\n[rule r]\nport = 25\ntime = 22:00-06:00', '1.conf:4: [rule r]: unknown key "time"'],
  ])('C3: not one of ours: %j', (text, error) => {
    expect(errorsOf(text)).toEqual([error])
  })
})

test('what begins with x- is for others', () => {
  expect(parse('[x-site]\nroom = 4\nroom = 5\n[uplink u]\nx-contract = 4711\n[balance]\nx-by = me')).toMatchObject({
    ...{ ok: true, warnings: [], config: { ...defaults, uplinks: [{ name: 'u', interface: 'u', enabled: true }] } },
  })
})

test('C12: no uplink at all is a warning', () => {
  expect(warningsOf('[balance]\nadopt = listed\n[uplink u]\nenabled = no')).toEqual([
    '1.conf:3: [uplink u]: no uplink is enabled, and adopt = listed takes no other',
  ])
})

describe('what is understood of files with errors', () => {
  function understood(...texts: readonly string[]): Config {
    const loaded = parse(...texts)
    if (loaded.ok) throw new Error('no errors')
    return loaded.understood
  }
  const uplinks = '[uplink fibre]\ninterface = eth0\n[uplink lte]\ninterface = wwan0\nmetered = yes\n'

  test('all that is right', () => {
    expect(understood('[balance]\ntable-base = 40000\nmode = x')).toMatchObject({
      ...{ ...defaults, layout: { tableBase: 40000 } },
    })
    expect(understood(`${uplinks}weight = four\nclour = red`).uplinks).toEqual(configOf(uplinks).uplinks)
  })

  test.each([
    ['suorce = 172.20.0.32/27'],
    ['source = 172.20.0.32/33'],
    ['source = /no/such/file'],
    ['uplinks = nobody'],
    ['port = 1\nport = 2'],
  ])('a rule with %j in it steers nothing, others do', (line) => {
    const rules = `[rule good]\nport = 25\nuplinks = lte\n[rule bad]\ndscp = ef\nuplinks = lte\n${line}\n`
    expect(understood(uplinks + rules).rules.map(({ name }) => name)).toEqual(['good'])
  })

  test('an uplink that may be unwanted is left out, one that may cost money is used last', () => {
    expect(understood(`${uplinks}enabled = ni`).uplinks).toMatchObject([{ enabled: true }, { enabled: false }])
    expect(understood(`${uplinks}quota = 20 bottles`).uplinks).toMatchObject([{}, { enabled: true, standby: true }])
  })

  test('where it is not known which interface is meant, none is taken that has no section', () => {
    expect(understood(`${uplinks}[uplink office]\nenabled = no\ninterface = eth3!`).balance.adopt).toBe('listed')
    expect(understood(`${uplinks}[balance]\nadopt = lited`).balance.adopt).toBe('listed')
    expect(understood('[balance]\nadopt = lited').balance.adopt).toBe('auto')
  })
})
