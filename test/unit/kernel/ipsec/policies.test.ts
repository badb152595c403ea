import { expect, test } from 'vitest'
import { parseSealPolicy } from '../../../../src/kernel/ipsec/policies.ts'

const sealed = '\ttmpl src 10.1.0.50 dst 10.1.0.1\n\t\tproto esp reqid 0 mode tunnel'
const any = { family: 'inet', source: '192.168.77.0/24', destination: '203.0.113.77/32' } as const
const first = 'src 192.168.77.0/24 dst 203.0.113.77/32 '

test('a policy is the prefixes that it is for, and whether it seals', () => {
  expect(parseSealPolicy(`${first}\n\tdir out priority 7 ptype main \n${sealed}`)).toEqual({
    ...any,
    priority: 7,
    seals: true,
  })
  expect(parseSealPolicy(`${first}\n\tdir out priority 0 ptype main `)).toEqual({ ...any, priority: 0, seals: false })
  expect(parseSealPolicy(`${first}\n\tdir out action block priority 5 ptype main `)).toMatchObject({
    priority: 5,
    seals: true,
  })
})

test('its other conditions are protocol, ports and device', () => {
  const one = `${first}proto tcp sport 5 dport 80 dev wan1 \n\tdir out priority 100 ptype main \n${sealed}`
  expect(parseSealPolicy(one)).toEqual({
    ...any,
    ...{ protocol: 6, sourcePort: 5, destinationPort: 80, device: 'wan1', priority: 100, seals: true },
  })
  const six = `src fd00::/64 dst ::/0 proto ipv6-icmp type 128 code 0 \n\tdir out priority 0 ptype main \n${sealed}`
  expect(parseSealPolicy(six)).toMatchObject({ family: 'inet6', destination: '::/0', protocol: 58, seals: true })
})

test.each([
  ['of a virtual interface', `${first}\n\tdir out priority 0 ptype main \n${sealed}\n\tif_id 0x7`],
  ['for marked packets', `${first}\n\tdir out priority 0 ptype main \n\tmark 0x5/0xff \n${sealed}`],
  ['of a socket', `src 0.0.0.0/0 dst 0.0.0.0/0 \n\tsocket out priority 0 ptype main `],
  ['for what comes in', `${first}\n\tdir in priority 0 ptype main \n${sealed}`],
  ['of the other kind', `${first}\n\tdir out priority 0 ptype sub \n${sealed}`],
  ['of an unknown protocol', `${first}proto pim \n\tdir out priority 0 ptype main \n${sealed}`],
  ['without addresses', `src x dst y \n\tdir out priority 0 ptype main \n${sealed}`],
  ['something else', 'Cannot open netlink socket: Protocol not supported'],
])('%s: no policy for what leaves by an uplink', (_, text) => {
  expect(parseSealPolicy(text)).toBeNull()
})
