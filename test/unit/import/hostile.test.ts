/** Whatever the files hold, what comes out is a configuration without errors, and soon. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../../src/config/parse.ts'
import { agreed } from '../../../src/import/draft/agreed.ts'
import { importers } from '../../../src/import/importers.ts'
import { importMwan3 } from '../../../src/import/mwan3/mwan3.ts'
import { importShorewall } from '../../../src/import/shorewall/shorewall.ts'

const words = [
  ...[
    'config',
    'option',
    'list',
    'package',
    'interface',
    'member',
    'policy',
    'rule',
    'wan',
    'lan',
    'use_member',
    'metric',
  ],
  ...[
    'use_policy',
    'last_resort',
    'src_ip',
    'dest_port',
    'proto',
    'sticky',
    'track_ip',
    'enabled',
    '1',
    '0',
    '-',
    'eth0',
  ],
  ...[
    '10.0.0.0/8',
    '2001:db8::/32',
    '$X',
    '$',
    'MARK(1):P',
    'tcp',
    '80',
    'track,balance=999',
    'main',
    '?IF',
    '?FORMAT',
  ],
  ...["'", '"', '\\', '#', '[uplink x]', '; x', '!', '\u001b[31m', '\u2028', '=', 'SNAT(192.0.2.1)', 'none', 'default'],
]
const text = fc
  .array(fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 12 })), { maxLength: 9 }), {
    maxLength: 30,
  })
  .map((lines) => lines.map((line) => line.join(' ')).join('\n'))
const names = ['providers', 'rtrules', 'mangle', 'masq', 'snat', 'interfaces', 'params', 'mwan3', 'network']

describe.each(Object.entries(importers))('%s', (_, importer) => {
  test('makes a configuration without errors of any files', () => {
    const files = fc.array(fc.record({ path: fc.constantFrom(...names), text }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(files, (given) => {
        const { text: made } = agreed(importer(given))
        expect(parseConfig([{ path: 'x', text: made }])).toMatchObject({ ok: true })
        expect(made).not.toMatch(/(?!\n)\p{Cc}/u)
      }),
      { numRuns: 300 },
    )
  })
})

/** As much as is read of one file. */
function filled(line: (index: number) => string): string {
  const lines: string[] = []
  for (let size = 0, index = 0; size < 1_000_000; index++) {
    const next = line(index)
    size += next.length + 1
    lines.push(next)
  }
  return lines.join('\n')
}

test('a megabyte of anything has an end', { timeout: 300_000 }, () => {
  const mwan3 = [
    filled((index) => `config rule r${index}\noption src_ip 10.${index % 250}.0.${index % 7}\noption use_policy p`),
    filled((index) => `config policy p${index}\nlist use_member m\nlist use_member m`),
    `config policy p\n${filled(() => 'list use_member m')}`,
    filled(() => `option "${'\\'.repeat(80)}`),
    `config interface wan\noption track_ip '${filled(() => '192.0.2.1 ').replaceAll('\n', '')}'`,
  ]
  const base =
    'config interface wan\noption enabled 1\nconfig member m\noption interface wan\nconfig policy p\nlist use_member m\n'
  for (const part of mwan3) agreed(importMwan3([{ path: 'mwan3', text: base + part }]))
  const providers = filled((index) => `p${index} ${index} ${index} - e${index} - balance`)
  const shorewall = [
    {
      path: 'mangle',
      text: filled((index) => `MARK(1):P 10.${index % 200}.${index % 90}.0/24 - tcp ${(index % 999) + 1}`),
    },
    { path: 'rtrules', text: filled((index) => `10.0.0.0/8 - ${index} 1000`) },
    { path: 'params', text: filled((index) => `A${index}="$A${index - 1}$A${index - 1}x"`) },
    { path: 'masq', text: filled((index) => `e${index} 10.0.0.0/8 NONAT`) },
    { path: 'snat', text: `a ${'$X'.repeat(300_000)}\\\n${' '.repeat(300_000)}#` },
  ]
  for (const file of shorewall) {
    const { text: made } = agreed(importShorewall([{ path: 'providers', text: providers }, file]))
    expect(parseConfig([{ path: 'x', text: made }])).toMatchObject({ ok: true })
  }
})
