/** Programs that send UDP without an address of their own. */
import { expect, test } from 'vitest'
import { unconnectedLines } from '../../../src/cli/check-unconnected.ts'
import { parseUnconnected } from '../../../src/kernel/sockets/unconnected.ts'

/** As ss(8) of Debian 12 and 13 prints it. */
const listed = `0      0        0.0.0.0:5000 0.0.0.0:* users:(("unbound",pid=20546,fd=3))
0      0      127.0.0.1:5002 0.0.0.0:* users:(("bound",pid=20546,fd=5))
0      0      0.0.0.0%wan1:68 0.0.0.0:* users:(("dhclient",pid=1,fd=5))
0      0              *:5001       *:* users:(("sip phone",pid=20546,fd=4),("sip phone",pid=20547,fd=4))
0      0           [::]:5003    [::]:* users:(("dnsmasq",pid=7,fd=4))
0      0        0.0.0.0:51820 0.0.0.0:*
`

test('sockets without address, peer and device, and whose they are; not the kernel’s own', () => {
  expect([...parseUnconnected(listed)]).toEqual([
    [5000, 'unbound'],
    [5001, 'sip phone'],
    [5003, 'dnsmasq'],
  ])
})

test('those that have sent for a while are named, each once, and eight at most', () => {
  const programs = parseUnconnected(listed)
  const of = (...ports: readonly number[]) =>
    unconnectedLines(
      programs,
      ports.map((sourcePort) => ({ sourcePort })),
    )
  expect(of()).toEqual([])
  expect(of(5002, 51820, 40000)).toEqual([])
  expect(of(5001, 5000, 5001)).toEqual([expect.stringMatching(/^UDP of sip phone, unbound leaves by sockets without/)])
  const many = new Map(Array.from({ length: 9 }, (_, index) => [index, `program${index}`] as const))
  const [line = ''] = unconnectedLines(
    many,
    [...many.keys()].map((sourcePort) => ({ sourcePort })),
  )
  expect(line).toContain(' program7, ... leaves')
})
