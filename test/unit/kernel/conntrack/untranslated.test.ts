/** Lines of `conntrack --dump --output extended`, and which of them are dead for good. */
import { expect, test } from 'vitest'
import { translatedOf, unansweredOf } from '../../../../src/kernel/conntrack/entry.ts'
import { deadOf, strandedIn } from '../../../../src/kernel/conntrack/untranslated.ts'

const step = {
  kind: 'forget-untranslated',
  sources: ['10.1.0.2', '2001:db8:1::2'],
  elsewhere: ['192.168.77.0/24', '172.16.0.0/12', '10.1.0.2', 'fd00:77::/64'],
  cameIn: 0x80000000,
} as const

const udp = (from: string, to: string, answer = `src=${to} dst=${from} sport=53 dport=4000`, mark = 0) =>
  `ipv4     2 udp      17 29 src=${from} dst=${to} sport=4000 dport=53 [UNREPLIED] ${answer} mark=${mark} use=1`

const dead = (line: string, family: 'inet' | 'inet6' = 'inet') => {
  const found = unansweredOf(line)
  return deadOf(found ? [found] : [], family, step).map(({ words }) => words)
}

test('what is not translated, was not answered, and leaves by an uplink is dead', () => {
  expect(dead(udp('192.168.77.10', '203.0.113.1'))).toEqual([
    '-p 17 -s 192.168.77.10 -d 203.0.113.1 --sport 4000 --dport 53',
  ])
  const ping =
    'ipv6     10 icmpv6   58 29 src=fd00:77::10 dst=2001:db8::1 type=128 code=0 id=7 [UNREPLIED] ' +
    'src=2001:db8::1 dst=fd00:77::10 type=129 code=0 id=7 mark=1090519040 use=1'
  expect(dead(ping, 'inet6')).toEqual([
    '-p 58 -s fd00:77::10 -d 2001:db8::1 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 7',
  ])
  const tcp =
    'ipv4     2 tcp      6 119 SYN_SENT src=192.168.77.10 dst=203.0.113.1 sport=5 dport=80 packets=1 bytes=60 [UNREPLIED] ' +
    'src=203.0.113.1 dst=192.168.77.10 sport=80 dport=5 packets=0 bytes=0 mark=7 use=1'
  expect(dead(tcp)).toEqual(['-p 6 -s 192.168.77.10 -d 203.0.113.1 --sport 5 --dport 80'])
})

test.each([
  ['translated', udp('192.168.77.10', '203.0.113.1', 'src=203.0.113.1 dst=10.1.0.2 sport=53 dport=4000')],
  ['another port', udp('192.168.77.10', '203.0.113.1', 'src=203.0.113.1 dst=192.168.77.10 sport=53 dport=1024')],
  ["an uplink's own address", udp('10.1.0.2', '203.0.113.1')],
  ['to a network of the host', udp('192.168.77.10', '172.20.0.1')],
  ['to the host', udp('192.168.77.10', '10.1.0.2')],
  ['came in', udp('198.51.100.7', '203.0.113.1', undefined, 0xc1000000)],
  ['of a zone', udp('192.168.77.10', '203.0.113.1').replace(' use=', ' zone=3 use=')],
  ['answered', udp('192.168.77.10', '203.0.113.1').replace('[UNREPLIED] ', '')],
  ['another protocol', udp('192.168.77.10', '203.0.113.1').replace('udp      17', 'unknown  50')],
  ['something else', 'conntrack v1.4.7 (conntrack-tools): 3 flow entries have been shown.'],
])('%s: it stays', (_, line) => {
  expect(dead(line)).toEqual([])
})

test('what is translated is known by what the other end sees, whether counted, answered, or of ICMP', () => {
  const tcp =
    'ipv4     2 tcp      6 431999 ESTABLISHED src=192.168.77.10 dst=203.0.113.1 sport=5 dport=80 packets=1 bytes=60 ' +
    'src=203.0.113.1 dst=10.1.0.2 sport=80 dport=1024 packets=1 bytes=60 [ASSURED] mark=1090519040 use=1'
  expect(translatedOf(tcp)).toEqual({
    ...{ protocol: 6, source: '192.168.77.10', sourcePort: 5, peer: '203.0.113.1', peerPort: 80, to: '10.1.0.2' },
    mark: 0x41000000,
    words: '-p 6 -s 192.168.77.10 -d 203.0.113.1 --sport 5 --dport 80',
  })
  const ping =
    'ipv6     10 icmpv6   58 29 src=fd00:77::10 dst=2001:db8::1 type=128 code=0 id=7 [UNREPLIED] ' +
    'src=2001:db8::1 dst=2001:db8:1::2 type=129 code=0 id=7 mark=1090519040 use=1'
  expect(translatedOf(ping)).toMatchObject({
    to: '2001:db8:1::2',
    words: '-p 58 -s fd00:77::10 -d 2001:db8::1 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 7',
  })
  const gre =
    'ipv4     2 gre      47 29 src=192.168.77.10 dst=203.0.113.1 srckey=0x0 dstkey=0x0 [UNREPLIED] ' +
    'src=203.0.113.1 dst=10.1.0.2 srckey=0x0 dstkey=0x0 mark=1090519040 use=1'
  expect(translatedOf(gre)).toMatchObject({ to: '10.1.0.2', words: '-p 47 -s 192.168.77.10 -d 203.0.113.1' })
  expect(translatedOf(udp('192.168.77.10', '203.0.113.1'))).toBeNull()
  expect(translatedOf(tcp.replace(' use=', ' zone=3 use='))).toBeNull()
  expect(translatedOf('conntrack v1.4.7 (conntrack-tools): 3 flow entries have been shown.')).toBeNull()
})

test("what is translated to an address that is not here, or to another uplink's than its mark says, is stranded", () => {
  const isDead = strandedIn('inet', {
    kind: 'forget-stranded',
    addresses: ['10.1.0.2', '10.2.0.2', '10.9.0.0/24'],
    ...{ mask: 0xc0000000, left: 0x40000000, numberMask: 0x3f000000 },
    owners: { '10.1.0.2': 0x01000000, '10.2.0.2': 0x02000000 },
  })
  expect(isDead({ to: '10.1.0.2', mark: 0x41000000 })).toBe(false)
  expect(isDead({ to: '10.1.0.2', mark: 0x42000000 })).toBe(true)
  expect(isDead({ to: '10.1.0.3', mark: 0x41000000 })).toBe(true)
  expect(isDead({ to: '10.9.0.7', mark: 0x42000000 })).toBe(false)
  // It has come in by an uplink, or is on none.
  expect(isDead({ to: '10.1.0.3', mark: 0xc1000000 })).toBe(false)
  expect(isDead({ to: '10.1.0.3', mark: 0 })).toBe(false)
})
