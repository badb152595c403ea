/** `ifbalance connections` against what really arrived at the providers, and what the kernel counted. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Host, type Running, startHost } from './daemon-host.ts'
import { makeFarEnds, send } from './far-ends.ts'

let host: Host
let daemon: Running

const ipv6 = `set -e
sysctl -qw net.ipv6.conf.all.accept_dad=0
for i in 1 2; do
  ip address add 2001:db8:$i::2/64 dev wan$i nodad
  ip -n isp$i address add fe80::1/64 dev isp$i nodad
  ip -n isp$i address add 2001:db8:$i::1/64 dev isp$i nodad
  ip -n isp$i address add 2001:db8:ffff::1/128 dev lo
  ip -n isp$i link set lo up
  ip route add default via fe80::1 dev wan$i metric 10$i
done
`

beforeAll(async () => {
  host = await startHost()
  await makeFarEnds(host)
  await host.run(['/bin/sh', '-c', ipv6])
  daemon = host.daemon()
  await daemon.balances(['wan1', 'wan2'])
})
afterAll(async () => {
  daemon?.signal('SIGTERM')
  await daemon?.ended
  await host?.end()
})

async function connections() {
  const { stdout } = await host.ifbalance(['connections', '--json'])
  return JSON.parse(stdout)
}

/** An empty table, and whether the kernel counts bytes of what comes then. */
async function begin(counting: 0 | 1): Promise<void> {
  await host.run(['conntrack', '--flush'])
  await host.run(['sysctl', '-qw', `net.netfilter.nf_conntrack_acct=${counting}`])
}

test('no bytes are shown that nobody counts', async () => {
  await begin(0)
  await send(host, 'host', 20)
  const { uplinks } = await connections()
  expect(uplinks.map(({ inet }: { inet: { bytes: unknown } }) => inet.bytes)).toEqual([null, null])
  const { stdout } = await host.ifbalance(['connections'])
  expect(stdout).toMatch(/^UPLINK {8}SHARE {2}LEFT {2}CAME IN\n/)
  expect(stdout).toMatch(/\n20 connections on uplinks now; 0 elsewhere, .*\n.*counts bytes of none of them;/)
})

test.each(['host', 'lan'] as const)('what leaves from the %s, by uplink, with its bytes', async (from) => {
  await begin(1)
  const arrived = await send(host, from)
  const { uplinks, others } = await connections()
  expect(Math.min(arrived.wan1, arrived.wan2)).toBeGreaterThan(0)
  // A packet of two bytes with its headers of 20 and 8.
  const left = (out: number) => ({
    ...{ out, in: 0, share: out / 60 },
    bytes: { connections: out, sent: 30 * out, received: 0 },
  })
  expect(uplinks).toMatchObject([
    { name: 'wan1', number: 1, inet: left(arrived.wan1) },
    { name: 'wan2', number: 2, inet: left(arrived.wan2) },
  ])
  expect(others.inet).toBe(0)
  expect((await host.ifbalance(['connections'])).stdout).toMatch(/ SENT {2}RECEIVED\nwan1 .*\n\n60 connections .*\n$/s)
})

test('what came in, IPv6, and what is on no uplink', async () => {
  await begin(1)
  const ping = (where: readonly string[], address: string, count: number) =>
    host.run([...where, 'ping', '-q', '-c', String(count), '-i', '0.01', address])
  await ping(['ip', 'netns', 'exec', 'isp2'], '10.2.0.2', 2)
  for (let i = 0; i < 10; i++) await ping([], '2001:db8:ffff::1', 1)
  await ping([], '127.0.0.1', 1)
  const { uplinks, others } = await connections()
  // Echoes of 84 bytes; what came in is received first.
  expect(uplinks[1].inet).toEqual({ out: 0, in: 1, share: 1, bytes: { connections: 1, sent: 168, received: 168 } })
  expect(uplinks[0].inet6.out + uplinks[1].inet6.out).toBeGreaterThanOrEqual(10)
  expect(uplinks[0].inet6.share + uplinks[1].inet6.share).toBeCloseTo(1)
  expect(others.inet).toBe(1)
})

test('who is not root is told so', async () => {
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
  const { exitCode, stderr } = await host.run([...nobody, '/usr/sbin/ifbalance', 'connections'], {}, { accept: [1] })
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: 'ifbalance: connections: only root can do this\n' })
})
