import { expect, test } from 'vitest'
import { parseDhclientLeases } from '../../../src/observe/dhclient-leases.ts'

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
