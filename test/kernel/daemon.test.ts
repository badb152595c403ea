import { afterEach, beforeEach, expect, test } from 'vitest'
import { openBus } from '../../src/os/dbus/bus.ts'
import { record } from '../lab/measurements.ts'
import { balanced } from './balanced.ts'
import { childFaults, monitorOf, settled } from './daemon-children.ts'
import { type Host, startHost } from './daemon-host.ts'

let host: Host

beforeEach(async () => {
  host = await startHost()
})

afterEach(() => host.end())

const both = (first = 1, second = 1) =>
  `default nexthop via 10.1.0.1 dev wan1 weight ${first} nexthop via 10.2.0.1 dev wan2 weight ${second}`

test('balances at start, follows the kernel, then is still; and leaves all as it is', async () => {
  // Nobody answers here, and bursts of probes are children, too.
  await host.write('/etc/ifbalance/ifbalance.conf', '[balance]\nprobe = none\n')
  const daemon = host.daemon()
  let seen = await daemon.balances(['wan1', 'wan2'])
  expect(await balanced(host)).toBe(both())

  await host.run(['ip', 'link', 'set', 'isp2', 'down'])
  const cut = performance.now()
  seen = await daemon.balances(['wan1'], seen)
  const took = performance.now() - cut
  record({
    name: 'carrier loss -> balanced over the rest',
    value: took,
    unit: 'ms',
    limit: 500,
    release: 'namespace',
    stack: 'kernel',
  })
  expect(await balanced(host)).toBe('default via 10.1.0.1 dev wan1')

  await host.run(['ip', 'link', 'set', 'isp2', 'up'])
  await daemon.balances(['wan1', 'wan2'], seen)
  expect(await balanced(host)).toBe(both())

  await settled(daemon)
  const faults = childFaults(daemon.pid)
  // Nothing must happen: that takes time.
  await new Promise((resolve) => setTimeout(resolve, 3000))
  expect(childFaults(daemon.pid)).toBe(faults)

  daemon.signal('SIGTERM')
  expect(await daemon.ended).toBe(0)
  expect(await balanced(host)).toBe(both())
  expect((await host.run(['ls', '/run/ifbalance'])).stdout).not.toContain('control')
})

test('what others take away is put back', async () => {
  const daemon = host.daemon()
  const seen = await daemon.balances(['wan1', 'wan2'])
  await host.run(['ip', 'rule', 'del', 'priority', '32765', 'lookup', '30098'])
  await daemon.tells({ event: 'change', step: 'add-rule' }, seen)
  expect((await host.run(['ip', 'rule'])).stdout).toMatch(/32765:.* lookup (30098|balanced)/)
})

test('P15: what happens while the monitor is dead is seen when it is back, long before the sweep', async () => {
  const daemon = host.daemon()
  await daemon.balances(['wan1', 'wan2'])
  await settled(daemon)
  process.kill(monitorOf(daemon, 'ip'), 'SIGKILL')
  await host.run(['ip', 'link', 'set', 'isp1', 'down'])
  const seen = await daemon.tells({ event: 'watch', watched: 'kernel' })
  await daemon.balances(['wan2'])
  await host.run(['ip', 'link', 'set', 'isp1', 'up'])
  await daemon.balances(['wan1', 'wan2'], seen)
})

test("P15: nft's monitor crashes by what others do, as Debian 12's does: it goes on without that, and our table is put back", async () => {
  const daemon = host.daemon()
  await daemon.balances(['wan1', 'wan2'])
  await settled(daemon)
  const first = monitorOf(daemon, 'nft')
  await host.run(['nft', 'add table inet fw'])
  for (let round = 0; round < 30; round++) {
    await host.run(['nft', `add map inet fw m${round} { type inet_proto . inet_service : verdict; flags interval; }`])
    await host.run([
      'nft',
      `add element inet fw m${round} { tcp . 80-90 : accept, udp . 1-5 : drop, tcp . 443 : drop }`,
    ])
  }
  // A newer one may know better; it is given the signal.
  if (monitorOf(daemon, 'nft') === first) process.kill(first, 'SIGSEGV')
  const seen = await daemon.tells({ event: 'watch', watched: 'nft', reason: /ended by SIG(SEGV|ABRT)$/ })
  await expect.poll(() => monitorOf(daemon, 'nft')).toBeGreaterThan(0)
  await settled(daemon)
  await host.run(['nft', 'delete table inet ifbalance'])
  await daemon.tells({ event: 'change', step: 'load-ruleset' }, seen)
  expect(daemon.told({ event: 'watch' })).toHaveLength(1)
})

test('C1: SIGHUP takes a new configuration, and a bad one changes nothing', async () => {
  const daemon = host.daemon()
  let seen = await daemon.balances(['wan1', 'wan2'])
  await host.write('/etc/ifbalance/ifbalance.conf', '[uplink wan1]\ninterface = wan1\nweight = 4\n')
  daemon.signal('SIGHUP')
  seen = await daemon.balances(['wan1', 'wan2'], seen)
  expect(await balanced(host)).toBe(both(4))

  await host.write('/etc/ifbalance/ifbalance.conf', '[uplink wan1]\ninterface = wan1\nweight = heavy\n')
  daemon.signal('SIGHUP')
  await daemon.tells({ event: 'configuration', isError: true }, seen)
  await host.hook('networkmanager', { DEVICE_IP_IFACE: 'wan1' })
  expect(await balanced(host)).toBe(both(4))
})

test('down takes all away and stays away; apply, or a new start, begins again', async () => {
  const rulesBefore = (await host.run(['ip', 'rule'])).stdout
  const daemon = host.daemon()
  let seen = await daemon.balances(['wan1', 'wan2'])
  expect(await host.ifbalance(['down'])).toMatchObject({ exitCode: 0 })
  seen = await daemon.tells({ event: 'round', heldDown: true }, seen)
  await host.hook('networkmanager', { DEVICE_IP_IFACE: 'wan1' })
  await host.run(['ip', 'link', 'set', 'isp2', 'down'])
  await settled(daemon)
  expect((await host.run(['ip', 'rule'])).stdout).toBe(rulesBefore)
  await host.run(['ip', 'link', 'set', 'isp2', 'up'])

  expect(await host.ifbalance(['apply'])).toMatchObject({ exitCode: 0 })
  seen = await daemon.balances(['wan1', 'wan2'], seen)

  await host.ifbalance(['down'])
  daemon.signal('SIGTERM')
  await daemon.ended
  // The hook sees that the host is held down.
  await host.hook('ifupdown', { IFACE: 'wan1', MODE: 'start', PHASE: 'post-up' })
  expect((await host.run(['ip', 'rule'])).stdout).toBe(rulesBefore)
  await host.daemon().balances(['wan1', 'wan2'])
})

test('a second daemon ends, the first goes on', async () => {
  const first = host.daemon()
  await first.balances(['wan1', 'wan2'])
  const second = host.daemon()
  await second.tells({ event: 'fatal', code: 'daemon-runs' })
  expect(await second.ended).toBe(1)
  expect(await host.hook('ppp', { PPP_IFACE: 'wan1' })).toMatchObject({ stderr: '' })
})

test('owns its bus name once the uplinks are balanced, and again on a new bus', async () => {
  const startBus = () =>
    host.start(['dbus-daemon', '--session', '--nofork', '--address=unix:path=/run/dbus/system_bus_socket'])
  const bus = startBus()
  const balancedThen: string[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const watcher = openBus({ socketPath: `/proc/${bus.pid}/root/run/dbus/system_bus_socket` })
  watcher.watchOwner('org.ifbalance1', async (owner) => {
    if (owner) balancedThen.push(await balanced(host))
    if (owner) resolve()
  })
  const daemon = host.daemon()
  await promise
  watcher.close()
  expect(balancedThen).toEqual([both()])

  bus.signal('SIGKILL')
  await daemon.tells({ event: 'bus' })
  const again = startBus()
  const rewatcher = openBus({ socketPath: `/proc/${again.pid}/root/run/dbus/system_bus_socket` })
  await new Promise<void>((owned) => rewatcher.watchOwner('org.ifbalance1', (owner) => owner && owned()))
  rewatcher.close()
})
