/** What happens to interfaces while the daemon runs. In the end all is as if it had never been otherwise. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isStrict, record } from '../lab/measurements.ts'
import { ourRoutes } from '../lab/our-routes.ts'
import { longPatienceMs } from '../lab/patience.ts'
import { balancedDevices } from './balanced.ts'
import { type Host, type Running, startHost } from './daemon-host.ts'
import { kernelNews, secondsBetween } from './kernel-news.ts'
import { holdLock } from './lock-holder.ts'

let host: Host
let daemon: Running

beforeEach(async () => {
  host = await startHost()
})

afterEach(() => host.end())

const out = async (line: string) => (await host.run(line.split(' '))).stdout

async function start(): Promise<number> {
  daemon = host.daemon()
  return daemon.balances(['wan1', 'wan2'])
}

async function ip(...lines: readonly string[]): Promise<void> {
  for (const line of lines) await host.run(['ip', ...line.split(' ')])
}

/** All of ours, as somebody who starts anew would make it; numbers of interfaces aside. */
async function ours(): Promise<readonly string[]> {
  const [rules, routes] = [await out('ip rule'), await out('ip route show table all')]
  return [...rules.split('\n'), ...ourRoutes(routes).toSorted()].map((line) => line.trim())
}

async function expectSettled(): Promise<void> {
  await expect.poll(async () => (await host.ifbalance(['plan'])).stdout).toContain('Nothing to change')
}

const address = 'address add 10.2.0.2/24 dev wan2'
const route = 'route add default via 10.2.0.1 dev wan2 metric 102'

test('L3: down and up again: everything is back', async () => {
  let seen = await start()
  const before = await ours()
  await ip('link set wan2 down')
  seen = await daemon.balances(['wan1'], seen)
  await ip('link set wan2 up')
  await ip(route)
  await daemon.balances(['wan1', 'wan2'], seen)
  await expectSettled()
  expect(await ours()).toEqual(before)
})

test('L4: renamed: the uplink of the configuration follows the new name', async () => {
  await host.write(
    '/etc/ifbalance/ifbalance.conf',
    '[uplink home]\ninterface = fib*\n[uplink lte]\ninterface = wan*2\n',
  )
  daemon = host.daemon()
  let seen = await daemon.tells({ event: 'round', carrying: /\blte\b/ })
  await ip('link set wan1 down', 'link set wan1 name fibre0', 'link set fibre0 up')
  await ip('route add default via 10.1.0.1 dev fibre0 metric 101')
  seen = await daemon.tells({ event: 'round', carrying: /\bhome\b/ }, seen)
  expect(await balancedDevices(host)).toEqual(['fibre0', 'wan2'])
  await expectSettled()
  expect(await out('ip rule')).not.toContain('wan1')
})

test('L5, L22: a member of the balanced default is deleted: the others carry on, also in the middle of an apply', async () => {
  await start()
  const monitor = await kernelNews(host)
  for (let round = 0; round < 6; round++) {
    // A change for the daemon to be busy with when the device goes, a little later each time.
    await ip('address add 10.1.0.9/24 dev wan1')
    await new Promise((resolve) => setTimeout(resolve, round * 20))
    await ip('link del wan2')
    await expect.poll(() => balancedDevices(host)).toEqual(['wan1'])
    await ip('link add wan2 type veth peer name isp2', 'link set isp2 up', 'link set wan2 up', address, route)
    await ip('address del 10.1.0.9/24 dev wan1')
    await expect.poll(() => balancedDevices(host)).toEqual(['wan1', 'wan2'])
  }
  await expectSettled()
  expect(daemon.noise()).toEqual([])
  // The kernel has deleted the whole multipath route; the one behind it by the other uplink alone carries meanwhile.
  const value = secondsBetween(monitor, /Deleted .* wan2/, /\] default .*table 30098/)
  const name = 'a device vanishes while another change is made -> the balanced default is made anew'
  record({ name, value, unit: 's', limit: null, release: 'namespace', stack: 'kernel' })
})

test('a carrier that is back before its loss was heard of costs no way', async () => {
  await start()
  await expectSettled()
  const monitor = await kernelNews(host)
  daemon.signal('SIGSTOP')
  await ip('link set isp2 down')
  await expect.poll(() => out('ip link show wan2')).toContain('NO-CARRIER')
  await ip('link set isp2 up')
  await expect.poll(() => out('ip link show wan2')).not.toContain('NO-CARRIER')
  daemon.signal('SIGCONT')
  // What it does next comes after what it has done about the cable.
  await ip('address add 10.1.0.9/24 dev wan1')
  await expect.poll(() => out('ip rule')).toContain('10.1.0.9')
  await expectSettled()
  expect(monitor.said().filter((line) => /default .*table 30098/.test(line))).toEqual([])
})

test('a cable that is pulled while another run holds the lock: new connections leave it, and it is told, before that run ends', async () => {
  await start()
  await expectSettled()
  const holder = await holdLock(host)
  await ip('link set isp2 down')
  await daemon.tells({ event: 'uplink', uplink: 'wan2', to: 'down' })
  expect(await balancedDevices(host)).toEqual(['wan1'])
  expect(await holder.isHeld()).toBe(true)
  holder.signal('SIGKILL')
  await holder.ended
  await expectSettled()
  await ip('link set isp2 up')
  await daemon.tells({ event: 'uplink', uplink: 'wan2', from: 'down', to: 'online' })
  expect(daemon.told({ event: 'uplink', uplink: 'wan2' })).toHaveLength(2)
})

test('L6, L7: another device with the same name, or with the same index', async () => {
  let seen = await start()
  const before = await ours()
  const index = JSON.parse(await out('ip -j link show wan2'))[0].ifindex
  // All at once: the daemon sees only what is there in the end.
  const again = (lines: readonly string[]) => host.run(['ip', '-batch', '-'], {}, { input: lines.join('\n') })
  await again([
    'link del wan2',
    'link add wan2 index 900 type veth peer name isp2',
    'link set isp2 up',
    'link set wan2 up',
    address,
    route,
  ])
  seen = await daemon.balances(['wan1', 'wan2'], seen)
  await expectSettled()
  expect(await ours()).toEqual(before)
  expect(await out('nft list ruleset')).toContain('wan2')

  // The index of the uplink is now that of a LAN's bridge: nothing of it may be taken for the uplink.
  await again([
    'link del wan2',
    'link add lan0 index 900 type bridge',
    'address add 192.168.9.1/24 dev lan0',
    'link set lan0 up',
  ])
  seen = await daemon.balances(['wan1'], seen)
  await expectSettled()
  expect(await out('nft list ruleset')).not.toMatch(/lan0|wan2/)

  await again([
    `link add wan2 index ${index} type veth peer name isp2`,
    'link set isp2 up',
    'link set wan2 up',
    address,
    route,
  ])
  await daemon.balances(['wan1', 'wan2'], seen)
  await ip('link del lan0')
  await expectSettled()
  expect(await ours()).toEqual(before)
})

test('L18, L19: the same gateway and subnet on two uplinks: both are used, each socket stays on its own', async () => {
  const lines = [
    'address flush dev wan2',
    'address add 10.1.0.3/24 dev wan2',
    'route add default via 10.1.0.1 dev wan2 metric 102',
  ]
  await ip(...lines)
  await start()
  expect(await balancedDevices(host)).toEqual(['wan1', 'wan2'])
  for (const [from, device] of [
    ['10.1.0.2', 'wan1'],
    ['10.1.0.3', 'wan2'],
  ]) {
    expect(await out(`ip route get 203.0.113.1 from ${from}`)).toContain(`via 10.1.0.1 dev ${device}`)
    expect(await out(`ip route get 203.0.113.1 oif ${device}`)).toContain(`via 10.1.0.1 dev ${device}`)
  }
  expect((await host.ifbalance(['check'])).stdout).toMatch(/subnet 10\.1\.0\.0\/24 is on wan1 and wan2/)
})

test("L20: an uplink's subnet is the LAN's as well: the LAN wins, and it is told", async () => {
  await ip('link add lan0 type bridge', 'address add 10.2.0.250/24 dev lan0 metric 1', 'link set lan0 up')
  await ip('route del 10.2.0.0/24 dev wan2', 'route add 10.2.0.0/24 dev wan2 src 10.2.0.2 metric 100')
  await start()
  expect(await out('ip route get 10.2.0.77')).toContain('dev lan0')
  expect(await out('ip route get 10.2.0.77 from 10.2.0.250')).toContain('dev lan0')
  expect(await out('ip route get 10.2.0.77 mark 0x42000000')).toContain('dev lan0')
  // The gateway of the same name is reached on the uplink's link, not in the LAN.
  expect(await out('ip route get 203.0.113.1 from 10.2.0.2')).toContain('via 10.2.0.1 dev wan2')
  expect(daemon.told({ event: 'trouble', kind: 'overlap', uplink: 'wan2' })).toHaveLength(1)
})

test('L23: moved to another namespace, or into a bridge, and back', async () => {
  let seen = await start()
  const before = await ours()
  await ip('netns add elsewhere', 'link set wan2 netns elsewhere')
  seen = await daemon.balances(['wan1'], seen)
  // By the process that holds the host's namespaces: they have no name.
  await ip(`-n elsewhere link set wan2 netns ${host.pid}`)
  await ip('link set wan2 up', address, route)
  seen = await daemon.balances(['wan1', 'wan2'], seen)

  await ip('link add br0 type bridge', 'link set br0 up', 'link set wan2 master br0')
  seen = await daemon.balances(['wan1'], seen)
  await ip('link set wan2 nomaster')
  await daemon.balances(['wan1', 'wan2'], seen)
  await expectSettled()
  expect(await ours()).toEqual(before)
})

test('L24: strict rp_filter set by others, for all, for new interfaces and for ours', async () => {
  let seen = await start()
  const values = () => out('sysctl -n net.ipv4.conf.wan1.rp_filter net.ipv4.conf.wan2.rp_filter')
  await host.run([
    'sysctl',
    '-qw',
    ...['all', 'default', 'wan1', 'wan2'].map((name) => `net.ipv4.conf.${name}.rp_filter=1`),
  ])
  seen = await daemon.tells({ event: 'change', step: 'set-sysctl', command: /wan2\/rp_filter=2/ }, seen)
  expect(await values()).toBe('2\n2\n')
  await ip('link add wan3 type veth peer name isp3', 'link set isp3 up', 'link set wan3 up')
  await ip('address add 10.3.0.2/24 dev wan3', 'route add default via 10.3.0.1 dev wan3 metric 103')
  await daemon.balances(['wan1', 'wan2', 'wan3'], seen)
  expect(await out('sysctl -n net.ipv4.conf.wan3.rp_filter')).toBe('2\n')
  // And what was there before us comes back.
  await host.ifbalance(['down'])
  expect(await out('sysctl -n net.ipv4.conf.wan3.rp_filter')).toBe('1\n')
})

test('C13: a reload takes an uplink away that carries: the others carry on, and it comes back', async () => {
  let seen = await start()
  const before = await ours()
  await host.write('/etc/ifbalance/ifbalance.conf', '[uplink wan2]\nenabled = no\n')
  daemon.signal('SIGHUP')
  seen = await daemon.balances(['wan1'], seen)
  expect(await balancedDevices(host)).toEqual(['wan1'])
  expect(await out('ip route get 203.0.113.1 mark 0x41000000')).toContain('dev wan1')
  // Pinned to what is no longer there: it fails at once instead of leaving by another.
  const pinned = await host.run(['ip', 'route', 'get', '203.0.113.1', 'mark', '0x42000000'], {}, { accept: [0, 2] })
  expect(pinned.stderr).toMatch(/No route to host|unreachable/)
  await expectSettled()
  await host.write('/etc/ifbalance/ifbalance.conf', '')
  daemon.signal('SIGHUP')
  await daemon.balances(['wan1', 'wan2'], seen)
  expect(await ours()).toEqual(before)
})

test('R3: 63 uplinks, plugged in one by one: the 63rd carries, and a cable that is pulled is out as with two', async () => {
  await start()
  const plug = (i: number) =>
    host.run(
      ['ip', '-batch', '-'],
      {},
      {
        input: [
          `link add usb${i} type veth peer name far${i}`,
          `link set far${i} up`,
          `link set usb${i} up`,
          `address add 10.100.${i}.2/24 dev usb${i}`,
          `route add default via 10.100.${i}.1 dev usb${i} metric ${1000 + i}`,
        ].join('\n'),
      },
    )
  for (let i = 1; i <= 60; i++) await plug(i)
  await expect.poll(() => balancedDevices(host), { timeout: longPatienceMs }).toHaveLength(62)
  const monitor = await kernelNews(host)
  await plug(61)
  await expect.poll(() => balancedDevices(host)).toHaveLength(63)
  await host.run(['ip', 'link', 'set', 'far30', 'down'])
  await expect.poll(() => balancedDevices(host)).not.toContain('usb30')
  expect(daemon.noise()).toEqual([])

  const changed = /\] default .*table 30098 /
  const figures = [
    ['the 63rd uplink is plugged in -> carries', / usb61@/, 2],
    ['with 63 uplinks, a cable is pulled -> first change of routes', / usb30@.*NO-CARRIER/, 1.5],
  ] as const
  for (const [name, since, most] of figures) {
    // What the kernel has already, its monitor may still be about to say.
    await expect.poll(() => secondsBetween(monitor, since, changed)).not.toBeNaN()
    const value = secondsBetween(monitor, since, changed)
    record({ name, value, unit: 's', limit: isStrict ? most : null, release: 'namespace', stack: 'kernel' })
  }
})
