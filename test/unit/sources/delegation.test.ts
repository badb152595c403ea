/** What DHCPv6 clients' hooks say of delegated prefixes; the environments are as dhclient 4.4.3 and dhcpcd 9.4.1 give them. */
import { expect, test } from 'vitest'
import { readEvent } from '../../../src/sources/event.ts'

const [first, second] = ['2001:db8:a1ff::/56', '2001:db8:b200::/60'] as const

test.for([
  ['dhclient', { reason: 'BOUND6', new_ip6_prefix: first }, { gone: 'all', there: [first] }],
  ['dhclient', { reason: 'BOUND6', new_ip6_address: '2001:db8:1::152' }, undefined],
  ['dhclient', { reason: 'RENEW6', new_ip6_prefix: first, old_ip6_prefix: first }, { gone: [], there: [first] }],
  ['dhclient', { reason: 'REBIND6', new_ip6_prefix: second, old_ip6_prefix: '' }, { gone: [], there: [second] }],
  ['dhclient', { reason: 'RENEW6', new_ip6_prefix: second, old_ip6_prefix: first }, { gone: [first], there: [second] }],
  ['dhclient', { reason: 'EXPIRE6', old_ip6_prefix: first }, { gone: [first], there: [] }],
  ['dhclient', { reason: 'BOUND6', new_ip6_prefix: '$(reboot)/56' }, undefined],
  ['dhclient', { reason: 'DEPREF6' }, undefined],
  [
    'dhcpcd',
    {
      reason: 'RENEW6',
      new_dhcp6_ia_pd1_prefix1: '2001:db8:a1ff::',
      new_dhcp6_ia_pd1_prefix1_length: '56',
      new_dhcp6_ia_pd1_prefix1_vltime: '40',
      new_dhcp6_ia_pd2_prefix1: '2001:db8:b200::',
      new_dhcp6_ia_pd2_prefix1_length: '60',
      new_dhcp6_ia_pd2_prefix2: '2001:db8:c200::',
      new_dhcp6_ia_pd2_prefix2_length: '60',
      new_dhcp6_ia_pd2_prefix2_vltime: '0',
      new_dhcp6_ia_pd3_prefix1: '2001:db8:d200::',
    },
    { gone: 'all', there: [first, second] },
  ],
  ['dhcpcd', { reason: 'STOP6', old_dhcp6_ia_pd1_prefix1: '2001:db8:a1ff::' }, { gone: 'all', there: [] }],
  ['dhcpcd', { reason: 'ROUTERADVERT' }, undefined],
] as const)('%s, %o', ([client, env, delegation]) => {
  const event = readEvent(client, { interface: 'wan1', ...env })
  expect(event.delegation).toEqual(delegation)
  expect(event.reconcile).toBe(true)
})
