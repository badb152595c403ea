/** What two routers need that pass connections to each other, on one host. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { patienceMs } from '../lab/patience.ts'
import { type Host, startHost } from './daemon-host.ts'

let host: Host

beforeEach(async () => {
  host = await startHost()
})

afterEach(() => host.end())

test('uplinks have their numbers again after a boot, though another comes first, and never one that is fixed', async () => {
  const daemon = host.daemon()
  await daemon.balances(['wan1', 'wan2'])
  daemon.signal('SIGTERM')
  await daemon.ended
  await host.ifbalance(['down'])
  await host.run(['rm', '-rf', '/run/ifbalance'])
  await host.run(['ip', 'link', 'del', 'wan1'])
  await host.write('/etc/ifbalance/conf.d/10-fixed.conf', '[uplink lte]\ninterface = wwan0\nnumber = 1\n')
  const again = host.daemon()
  await again.balances(['wan2'])
  const { stdout } = await host.ifbalance(['status', '--json'])
  expect(JSON.parse(stdout).uplinks).toMatchObject([
    { name: 'lte', number: 1 },
    { name: 'wan2', number: 2 },
  ])
})

test('one of two routers ends connections only while it is active, and what is still dead then', async () => {
  await host.write(
    '/etc/ifbalance/conf.d/10-pair.conf',
    `[ha]
address = 172.20.0.1
hold = 1
ready = 1
[uplink wan1]
number = 1
[uplink wan2]
number = 2
gateway = 10.2.0.1
source = 10.2.0.2
`,
  )
  const isStanding = async () => (await host.ifbalance(['status', '--json'])).stdout
  const peers = async () => {
    const { stdout } = await host.run(['conntrack', '-L', '-p', 'tcp'], {}, { accept: [0, 1] })
    return [...stdout.matchAll(/src=192\.168\.7\.(\d+) /g)].map(([, last]) => Number(last)).sort()
  }
  const usable = async () => (await host.run(['cat', '/run/ifbalance/usable'], {}, { accept: [0, 1] })).stdout
  const inode = async () => (await host.run(['stat', '-c', '%i', '/run/ifbalance/usable'])).stdout
  /** A connection as the peer has made it. */
  const add = (last: number, number: number, to: string) =>
    host.run([
      ...['conntrack', '-I', '-p', 'tcp', '--state', 'ESTABLISHED', '--timeout', '600', '--mark', `0x4${number}000000`],
      ...['-s', `192.168.7.${last}`, '-d', '203.0.113.5', '--sport', '4000', '--dport', '80'],
      ...['--reply-src', '203.0.113.5', '--reply-dst', to, '--reply-port-src', '80', '--reply-port-dst', '4000'],
    ])
  const shared = (verb: 'add' | 'del') => host.run(['ip', 'address', verb, '172.20.0.1/32', 'dev', 'lo'])

  await host.run(['mkdir', '-p', '/etc/ifbalance/hooks.d'])
  await host.write(
    '/etc/ifbalance/hooks.d/role',
    '#!/bin/sh\n[ -z "$ROLE" ] || echo "$PREVIOUS_ROLE $ROLE $USABLE $REASON" >>/run/heard\n',
  )
  await host.run(['chmod', '755', '/etc/ifbalance/hooks.d/role'])
  const heard = async () => (await host.run(['cat', '/run/heard'], {}, { accept: [0, 1] })).stdout
  await host.run(['ip', 'address', 'del', '10.2.0.2/24', 'dev', 'wan2'])
  const daemon = host.daemon()
  let seen = await daemon.balances(['wan1'])
  expect(JSON.parse(await isStanding()).uplinks).toMatchObject([{ state: 'online' }, { state: 'standby' }])
  const { stdout: table } = await host.run(['ip', 'route', 'show', 'table', '30002'])
  expect(table).toContain('default via 10.2.0.1 dev wan2 proto kernel onlink')
  const { stdout: nat } = await host.run(['nft', 'list', 'table', 'inet', 'ifbalance'])
  expect(nat).toContain('ip saddr 172.16.0.0/12 snat ip to 10.1.0.2')
  expect(nat).toContain('ip saddr 172.16.0.0/12 snat ip to 10.2.0.2')
  expect(nat).not.toMatch(/ip saddr \S+ masquerade/)

  // One without its address would carry, too.
  await expect.poll(usable, { timeout: patienceMs }).toBe('2\n')
  const file = await inode()
  await host.run(['ip', 'address', 'add', '10.2.0.2/24', 'dev', 'wan2'])
  seen = await daemon.balances(['wan1', 'wan2'], seen)
  await add(1, 1, '10.1.0.2')
  await add(2, 2, '10.2.0.2')
  await add(3, 2, '10.2.0.99')
  // A standby's cable, out and in.
  await host.run(['ip', 'link', 'set', 'isp1', 'down'])
  seen = await daemon.balances(['wan2'], seen)
  await expect.poll(usable, { timeout: patienceMs }).toBe('1\n')
  expect(await inode()).toBe(file)
  await host.run(['ip', 'link', 'set', 'isp1', 'up'])
  seen = await daemon.balances(['wan1', 'wan2'], seen)
  // It becomes active, and the last of the three has an address that nobody has.
  expect(JSON.parse(await isStanding()).pair).toEqual({ role: 'standby', why: '172.20.0.1 is not here', usable: 2 })
  await shared('add')
  await daemon.tells({ event: 'role', from: 'standby', to: 'active', usable: 2, reason: '172.20.0.1 is on lo' })
  await expect.poll(heard, { timeout: patienceMs }).toBe('standby active 2 172.20.0.1 is on lo\n')
  await expect.poll(peers, { timeout: patienceMs }).toEqual([1, 2])

  // Its own cable.
  await host.run(['ip', 'link', 'set', 'isp2', 'down'])
  seen = await daemon.balances(['wan1'], seen)
  await expect.poll(peers, { timeout: patienceMs }).toEqual([1])
  await host.run(['ip', 'link', 'set', 'isp2', 'up'])
  seen = await daemon.balances(['wan1', 'wan2'], seen)

  // Who becomes active while an uplink is dead here ends what the peer had on it.
  await shared('del')
  await host.run(['ip', 'link', 'set', 'isp1', 'down'])
  seen = await daemon.balances(['wan2'], seen)
  await add(2, 2, '10.2.0.2')
  await shared('add')
  await expect.poll(peers, { timeout: patienceMs }).toEqual([2])
})
