import { expect, test } from 'vitest'
import { parseSubflows } from '../../../../src/kernel/sockets/subflows.ts'
import { mptcpConnections } from '../../../../src/status/mptcp.ts'
import { uplinkOf } from '../../builders.ts'

/** iproute2 6.1 on Linux 6.18: a connection of two subflows, one of one, and one that is plain TCP. */
const listing = `0      0        10.2.0.2%wan2:60481  203.0.113.1:7400 bbr wscale:10,10 rto:204 bytes_acked:1 bytes_received:84877888 segs_out:1872 minrtt:0.044 snd_wnd:64512 tcp-ulp-mptcp flags:Jjbec token:d2a6e3f4(id:0)/5d48ab75(id:66) seq:7c0e84f7cef54ea6 sfseq:50e27f1 ssnoff:e5da673c maplen:fa50
0      0           10.1.0.2:59536  203.0.113.1:7400 bbr wscale:10,10 bytes_acked:1 bytes_received:95526712 snd_wnd:64512 tcp-ulp-mptcp flags:Mmec token:0000(id:0)/5d48ab75(id:0) seq:7c0e84f7ceee48f6 maplen:5b0
127480 0           10.1.0.2:59540  203.0.113.1:7400 bbr wscale:10,10 bytes_acked:1 bytes_received:127480 snd_wnd:65536
0 0 [2001:db8:1::2]:1234 [2001:db8:ffff::1]:443 cubic bytes_acked:7 tcp-ulp-mptcp flags:Mmec token:0000(id:0)/1(id:0) seq:7
0 0 [::ffff:10.9.0.2]:22 [::ffff:192.0.2.7]:5 cubic tcp-ulp-mptcp flags:Mec token:0000(id:0)/a(id:0) seq:7
`

test('subflows belong together by the token of this side, and to uplinks by their address', () => {
  const path = (addresses: readonly string[]) => ({ gateway: null, onlink: false, addresses, mtu: 1500 })
  const uplinks = [
    uplinkOf(1, { inet: path(['10.1.0.2']), inet6: path(['2001:db8:1::2']) }),
    uplinkOf(2, { inet: path(['10.2.0.2']) }),
  ]
  expect(mptcpConnections(uplinks, parseSubflows(listing))).toEqual([
    {
      peer: { address: '203.0.113.1', port: 7400 },
      subflows: [
        { uplink: 'wan1', address: '10.1.0.2', port: 59536, isBackup: false, sent: 1, received: 95526712 },
        { uplink: 'wan2', address: '10.2.0.2', port: 60481, isBackup: true, sent: 1, received: 84877888 },
      ],
    },
    {
      peer: { address: '2001:db8:ffff::1', port: 443 },
      subflows: [{ uplink: 'wan1', address: '2001:db8:1::2', port: 1234, isBackup: false, sent: 7, received: 0 }],
    },
    {
      peer: { address: '192.0.2.7', port: 5 },
      subflows: [{ uplink: null, address: '10.9.0.2', port: 22, isBackup: false, sent: 0, received: 0 }],
    },
  ])
})
