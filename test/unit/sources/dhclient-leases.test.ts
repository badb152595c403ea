import { expect, test } from 'vitest'
import { parseDhclientLeases, parseDhclientPrefixes, parseSharedLeases } from '../../../src/sources/dhclient-leases.ts'

const lease = (servers: string) => `lease {
  interface "wan2";
  fixed-address 10.2.0.133;
  option routers 10.2.0.1;
${servers}  expire 2 2126/11/24 01:05:30;
}
`

test.each([
  ['', undefined],
  ['  option domain-name-servers 10.2.0.254;\n', ['10.2.0.254']],
  ['  option domain-name-servers 10.2.0.254, 192.0.2.53;\n', ['10.2.0.254', '192.0.2.53']],
  ['  option domain-name-servers 0.0.0.0,x;reboot, 10.2.0.254;\n', undefined],
])('name servers of %j', (servers, expected) => {
  const found = parseDhclientLeases(lease(servers), 'wan2', new Date('2026-11-23'))
  expect(found).toMatchObject({ address: '10.2.0.133', gateway: { inet: '10.2.0.1' } })
  expect(found?.nameServers).toEqual(expected)
})

const ia = (prefix: string, starts: number, life: number) => `  ia-pd eb:28:7b:06 {
    starts ${starts};
    renew 0;
    iaprefix ${prefix} {
      starts ${starts};
      preferred-life 100;
      max-life ${life};
    }
  }
`
const lease6 = (...lines: readonly string[]) => `lease6 {\n  interface "wan1";\n${lines.join('')}}\n`

test.each([
  ['the last lease', lease6(ia('2001:db8:900::/56', 1000, 500)) + lease6(ia('2001:db8:a00::/56', 1000, 120)), 1100],
  ['several', lease6(ia('2001:db8:a00::/56', 1000, 120), ia('2001:db8:b00::/60', 1000, 50)), 1100],
  ['one that is no prefix', lease6(ia('$(reboot)/56', 1000, 120), ia('2001:db8:a00::/56', 1000, 120)), 1100],
])('delegated prefixes that have not expired: %s', (_, text, now) => {
  expect(parseDhclientPrefixes(text, 'wan1', new Date(now * 1000))).toEqual(['2001:db8:a00::/56'])
})

test.each([
  ['expired', lease6(ia('2001:db8:a00::/56', 1000, 120)), 'wan1'],
  ['released', lease6('  released;\n', ia('2001:db8:a00::/56', 1000, 9000)), 'wan1'],
  ["another interface's", lease6(ia('2001:db8:a00::/56', 1000, 9000)), 'wan2'],
  ['none', 'default-duid "x";\n', 'wan1'],
])('no delegated prefixes: %s', (_, text, device) => {
  expect(parseDhclientPrefixes(text, device, new Date(1_200_000))).toBeNull()
})

test('of the file that interfaces share, the last lease of each counts', () => {
  const of = (device: string, address: string) => lease('').replace('wan2', device).replace('10.2.0.133', address)
  const text = of('wan1', '10.1.0.7') + of('wan2', '10.2.0.7') + of('wan1', '10.1.0.8') + of('$(x)', '10.9.0.1')
  const found = parseSharedLeases(text, new Date('2026-11-23'))
  expect(Object.entries(found).map(([device, { address }]) => [device, address])).toEqual([
    ['wan1', '10.1.0.8'],
    ['wan2', '10.2.0.7'],
  ])
  expect(parseSharedLeases(text, new Date('2127-01-01'))).toEqual({})
})
