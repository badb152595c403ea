/** Rules that refuse while their uplinks are dead: what would leave by an uplink, and nothing else. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Host, startHost } from './daemon-host.ts'
import { inside, makeProviders, server, setCarrier } from './providers.ts'

const listen = fileURLToPath(new URL('../lab/programs/listen.ts', import.meta.url))
const hosts = { inet: ['192.168.77.1', '192.168.78.10'], inet6: ['fd00:77::1', 'fd00:78::10'] } as const

/**
 * A second LAN behind the host; and an uplink whose index is 10, which is less than 9 where numbers are sorted as text.
 */
const script = `set -e
ip netns add lan2
ip link add lan2 type veth peer name eth0 netns lan2
ip address add 192.168.78.1/24 dev lan2
ip address add fd00:78::1/64 dev lan2 nodad
ip link set lan2 up
ip -n lan2 address add 192.168.78.10/24 dev eth0
ip -n lan2 address add fd00:78::10/64 dev eth0 nodad
ip -n lan2 link set eth0 up
ip -n lan2 route add default via 192.168.78.1
ip -n lan2 route add default via fd00:78::1
ip link add wan10 index 1010 type veth peer name isp10 index 1011
ip link add wan9 index 999 type veth peer name isp9 index 1012
for i in 9 10; do
  ip address add 10.$i.0.2/24 dev wan$i
  ip link set wan$i up
  ip link set isp$i up
  ip route add default via 10.$i.0.1 dev wan$i metric 30$i
done
`

let host: Host

beforeAll(async () => {
  host = await startHost()
  await makeProviders(host)
  await host.run(['/bin/sh', '-c', script])
  for (const where of [[], ['ip', 'netns', 'exec', 'lan2']])
    host.start([...where, process.execPath, listen, '81', 'yes'])
  const listening = `until exec 3<>/dev/tcp/$0/81; do sleep 0.05; done`
  for (const address of hosts.inet) await host.run(inside('lan', ['/bin/bash', '-c', listening, address]))
  await setCarrier(host, 'isp2', 'down')
})
afterAll(() => host?.end())

/** What a client of the LAN gets. */
async function ask(address: string): Promise<string> {
  const script = `exec 3<>/dev/tcp/${address}/81 && cat <&3`
  const { stdout, stderr } = await host.run(inside('lan', ['/bin/bash', '-c', script]), {}, { accept: [0, 1] })
  return stdout.trim() || (/connect: (.*)/.exec(stderr)?.[1] ?? 'nothing')
}

test.each([
  ['unreachable', { inet: 'No route to host', inet6: 'No route to host' }],
  ['prohibit', { inet: 'No route to host', inet6: 'Permission denied' }],
] as const)('last-resort = %s', async (type, errors) => {
  const config = `[uplink wan1]\n[uplink wan2]\n[rule one]\nport = 81\nuplinks = wan2\nlast-resort = ${type}\n`
  await host.write('/etc/ifbalance/ifbalance.conf', config)
  expect(await host.ifbalance(['apply'])).toMatchObject({ exitCode: 0, stderr: '' })
  expect((await host.ifbalance(['plan'])).stdout).toBe('Nothing to change.\n')
  for (const family of ['inet', 'inet6'] as const) {
    for (const address of hosts[family]) expect(await ask(address), address).toBe('yes')
    expect(await ask(server[family])).toBe(errors[family])
  }
})
