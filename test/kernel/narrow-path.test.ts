/** A path that takes less than the uplinks: what its routers say is heard, however the host's sockets send. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Host, startHost } from './daemon-host.ts'
import { makeProviders, server } from './providers.ts'

const program = (name: string) => fileURLToPath(new URL(`../lab/programs/${name}.ts`, import.meta.url))

/** The servers move behind both providers, over links of 1400 bytes. */
const script = `set -e
sysctl -qw net.core.txrehash=0 || true
ip netns add far
ip netns exec far sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
ip -n far link set lo up
ip -n far address add ${server.inet}/32 dev lo
ip -n far address add ${server.inet6}/128 dev lo
for i in 1 2; do
  ip netns exec isp$i sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
  ip -n isp$i address del ${server.inet}/32 dev lo
  ip -n isp$i address del ${server.inet6}/128 dev lo
  ip -n isp$i link add far mtu 1400 type veth peer name isp$i mtu 1400 netns far
  ip -n isp$i address add 10.9.$i.1/24 dev far
  ip -n isp$i address add 2001:db8:9$i::1/64 dev far nodad
  ip -n isp$i link set far up
  ip -n far address add 10.9.$i.2/24 dev isp$i
  ip -n far address add 2001:db8:9$i::2/64 dev isp$i nodad
  ip -n far link set isp$i up
  ip -n far route add 10.$i.0.0/24 via 10.9.$i.1
  ip -n far route add 2001:db8:$i::/64 via 2001:db8:9$i::1
  ip -n isp$i route add ${server.inet} via 10.9.$i.2
  ip -n isp$i route add ${server.inet6} via 2001:db8:9$i::2
done
`

let host: Host

beforeAll(async () => {
  host = await startHost()
  await makeProviders(host)
  await host.run(['/bin/sh', '-c', script])
  host.start([
    'ip',
    'netns',
    'exec',
    'far',
    process.execPath,
    program('echo-datagrams'),
    '7',
    server.inet,
    server.inet6,
  ])
  expect(await host.ifbalance(['apply'])).toMatchObject({ exitCode: 0, stderr: '' })
})
afterAll(() => host?.end())

test.each([
  ['inet', 'unconnected'],
  ['inet', 'connected'],
  ['inet6', 'unconnected'],
  ['inet6', 'connected'],
] as const)('%s, %s sockets', async (family, kind) => {
  // Nothing that was learned before: the routes are new.
  await host.ifbalance(['down'])
  await host.ifbalance(['apply'])
  const ask = [process.execPath, program('large-datagrams'), server[family], '7', '40', kind]
  expect((await host.run(ask)).stdout.trim()).toBe('40')
})
