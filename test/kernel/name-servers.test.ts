/** Who answers the host's questions to name servers that its uplinks named: off the link, for their own customers alone. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { patienceMs } from '../lab/patience.ts'
import { type Host, startHost } from './daemon-host.ts'
import { inside, lanClient, makeProviders, setCarrier } from './providers.ts'

/** By who has them; wan1 names those of the LAN and of the VPN as well. */
const servers = {
  inet: { isp1: '198.51.100.51', isp2: '198.51.100.52', lan: lanClient.inet, vpn: '10.66.0.1' },
  inet6: { isp1: '2001:db8:51::1', isp2: '2001:db8:52::1', lan: lanClient.inet6, vpn: 'fd00:66::1' },
} as const
type Family = keyof typeof servers

/** Answers at these addresses with its name. */
const serving = `
import select, socket, sys
name, *addresses = sys.argv[1:]
sockets = []
for address in addresses:
    sockets.append(socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, socket.SOCK_DGRAM))
    sockets[-1].bind((address, 53))
print('ready', file=sys.stderr, flush=True)
while True:
    for one in select.select(sockets, [], [])[0]: one.sendto(name.encode(), one.recvfrom(100)[1])
`

/** Twenty-four questions at once, from a socket each; prints who answered. */
const asking = `
import select, socket, sys
to, patience = sys.argv[1:]
waiting, answers = [], set()
for i in range(24):
    one = socket.socket(socket.AF_INET6 if ':' in to else socket.AF_INET, socket.SOCK_DGRAM)
    one.connect((to, 53))
    one.send(b'x')
    waiting.append(one)
while waiting:
    ready = select.select(waiting, [], [], float(patience))[0]
    if not ready: answers.add('silence %d' % len(waiting)); break
    for one in ready:
        waiting.remove(one)
        try: answers.add(one.recv(100).decode())
        except OSError as error: answers.add(str(error))
print(' '.join(sorted(answers)))
`

let host: Host

beforeAll(async () => {
  host = await startHost()
  await makeProviders(host)
  for (const of of Object.values(servers)) {
    for (const isp of ['isp1', 'isp2'] as const)
      await host.run(['ip', '-n', isp, 'address', 'add', of[isp], 'dev', 'lo'])
    await host.run(['ip', '-n', 'lan', 'address', 'add', of.vpn, 'dev', 'lo'])
    // As a VPN with a rule of its own.
    const family = of.vpn.includes(':') ? '-6' : '-4'
    await host.run(['ip', family, 'route', 'add', of.vpn, 'via', of.lan, 'table', '66'])
    await host.run(['ip', family, 'rule', 'add', 'priority', '1000', 'to', of.vpn, 'lookup', '66'])
  }
  const all = Object.values(servers)
  for (const [namespace, addresses] of [
    ['isp1', all.map((of) => of.isp1)],
    ['isp2', all.map((of) => of.isp2)],
    ['lan', all.flatMap((of) => [of.lan, of.vpn])],
  ] as const)
    await host.start(inside(namespace, ['/usr/bin/python3', '-c', serving, namespace, ...addresses])).says(/ready/)
  const daemon = host.daemon()
  await daemon.balances(['wan1', 'wan2'])
  for (const i of [1, 2] as const) {
    const named = (family: Family) => {
      const { lan, vpn, ...isps } = servers[family]
      return [isps[`isp${i}`], ...(i === 1 ? [lan, vpn] : [])].join(' ')
    }
    const leased = { new_ip_address: `10.${i}.0.2`, new_routers: `10.${i}.0.1` }
    const both = { interface: `wan${i}`, ...leased }
    await host.hook('dhclient', { ...both, reason: 'BOUND', new_domain_name_servers: named('inet') })
    await host.hook('dhclient', { ...both, reason: 'BOUND6', new_dhcp6_name_servers: named('inet6') })
  }
  // Hooks wait for the round that they ask for.
  expect((await host.ifbalance(['plan'])).stdout).toBe('Nothing to change.\n')
})
afterAll(() => host?.end())

async function answers(family: Family, from: 'host' | 'lan' = 'host') {
  const who = from === 'lan' ? (['isp1', 'isp2'] as const) : (['isp1', 'isp2', 'lan', 'vpn'] as const)
  const asked = who.map(async (name) => {
    const argv = ['/usr/bin/python3', '-c', asking, servers[family][name], String(patienceMs / 1000)]
    const { stdout } = await host.run(from === 'lan' ? inside('lan', argv) : argv, {}, { timeoutMs: 2 * patienceMs })
    return [name, stdout.trim()] as const
  })
  return Object.fromEntries(await Promise.all(asked))
}

describe.each(['inet', 'inet6'] as const)('%s', (family) => {
  test('each is asked by the uplink that named it, by the host and by its LAN', async () => {
    expect(await answers(family)).toEqual({ isp1: 'isp1', isp2: 'isp2', lan: 'lan', vpn: 'lan' })
    expect(await answers(family, 'lan')).toEqual({ isp1: 'isp1', isp2: 'isp2' })
    expect((await host.ifbalance(['plan'])).stdout).toBe('Nothing to change.\n')
    const { stdout } = await host.ifbalance(['explain', '--json', servers[family].isp2])
    expect(JSON.parse(stdout)).toMatchObject({
      decision: 'a name server, asked by the uplink that named it',
      ways: [{ uplink: 'wan2', share: 1, table: 'balanced' }],
    })
  })

  test("a dead uplink's is answered for by the other's; but not what is reached without it", async () => {
    await setCarrier(host, 'isp1', 'down')
    try {
      await expect.poll(async () => (await host.run(['nft', 'list', 'ruleset'])).stdout).toContain('chain names')
      expect(await answers(family)).toEqual({ isp1: 'isp2', isp2: 'isp2', lan: 'lan', vpn: 'lan' })
      await expect.poll(async () => (await host.ifbalance(['plan'])).stdout).toBe('Nothing to change.\n')
    } finally {
      await setCarrier(host, 'isp1', 'up')
      await expect.poll(async () => (await host.run(['nft', 'list', 'ruleset'])).stdout).not.toContain('chain names')
      // The routes of either family come after the ruleset.
      await expect.poll(async () => (await host.ifbalance(['plan'])).stdout).toBe('Nothing to change.\n')
    }
  })
})
