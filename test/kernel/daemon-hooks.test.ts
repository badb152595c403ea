import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { record } from '../lab/measurements.ts'
import { patienceMs } from '../lab/patience.ts'
import type { Result } from '../lab/run.ts'
import { type Host, startHost } from './daemon-host.ts'

let host: Host

beforeEach(async () => {
  host = await startHost()
})

afterEach(() => host.end())

const hookPath = (name: string) => new URL(`../../hooks/${name}`, import.meta.url).pathname

const bound = { interface: 'wan2', reason: 'BOUND', new_ip_address: '10.2.0.2', new_routers: '10.2.0.9' }

async function uplinkRoute(table: number): Promise<string> {
  const { stdout } = await host.run(['ip', 'route', 'show', 'default', 'table', 'all'])
  return stdout.split('\n').find((line) => line.includes(`table ${table} `) && !line.startsWith('unreachable')) ?? ''
}

async function kept(file: string): Promise<unknown> {
  const { stdout, exitCode } = await host.run(['cat', `/run/ifbalance/${file}`], {}, { accept: [0, 1] })
  return exitCode === 0 ? JSON.parse(stdout) : null
}

for (const withDaemon of [true, false]) {
  const where = withDaemon ? 'with the daemon' : 'without a daemon'

  test(`${where}, a lease is used when the hook returns, and a renewal with a new gateway, too`, async () => {
    if (withDaemon) await host.daemon().balances(['wan1', 'wan2'])
    expect(await host.hook('dhclient', bound)).toMatchObject({ exitCode: 0 })
    expect(await uplinkRoute(30002)).toContain('via 10.2.0.9 dev wan2')
    await host.hook('dhclient', { ...bound, reason: 'RENEW', new_routers: '10.2.0.8' })
    expect(await uplinkRoute(30002)).toContain('via 10.2.0.8 dev wan2')
    expect(await kept('leases/wan2.json')).toEqual({
      source: 'dhclient',
      address: '10.2.0.2',
      gateway: { inet: '10.2.0.8' },
    })
    await host.hook('dhclient', { interface: 'wan2', reason: 'RELEASE' })
    expect(await kept('leases/wan2.json')).toBeNull()
    expect(await uplinkRoute(30002)).toContain('via 10.2.0.1 dev wan2')
  })

  test(`${where}, dhcpcd's hook does the same, classless routes first`, async () => {
    if (withDaemon) await host.daemon().balances(['wan1', 'wan2'])
    await host.hook('dhcpcd', { ...bound, new_classless_static_routes: '0.0.0.0/0 10.2.0.7' })
    expect(await uplinkRoute(30002)).toContain('via 10.2.0.7 dev wan2')
  })

  test(`${where}, the options of both stanzas hold until the interface is down`, async () => {
    if (withDaemon) await host.daemon().balances(['wan1', 'wan2'])
    const stanza = { IFACE: 'wan2', MODE: 'start', PHASE: 'post-up' }
    const inet6 = { ...stanza, ADDRFAM: 'inet6', IF_BALANCE_NAME: 'lte', IF_BALANCE_METRIC: 'low' }
    await host.hook('ifupdown', { ...stanza, ADDRFAM: 'inet', IF_BALANCE_WEIGHT: '5' })
    expect(await host.hook('ifupdown', inet6)).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('balance-metric "low" is not a number from 0 to 65535: ignored'),
    })
    expect(await kept('stanzas/wan2.json')).toEqual({ weight: 5, name: 'lte' })
    expect((await host.run(['ip', 'route', 'show', 'table', '30098'])).stdout).toContain('dev wan2 weight 5')

    await host.hook('ifupdown', { ...stanza, MODE: 'stop', PHASE: 'pre-down' })
    expect(await kept('stanzas/wan2.json')).toEqual({ weight: 5, name: 'lte' })
    await host.hook('ifupdown', { ...stanza, MODE: 'stop', PHASE: 'post-down' })
    expect(await kept('stanzas/wan2.json')).toBeNull()
    expect((await host.run(['ip', 'route', 'show', 'table', '30098'])).stdout).toContain('dev wan2 weight 1')
  })
}

test('a hook that the daemon takes starts no program, whatever bytes it hands over', async () => {
  await host.daemon().balances(['wan1', 'wan2'])
  await host.run(['mv', '/run/ifbalance/control', '/run/ifbalance/aside'])
  await host.write('/usr/sbin/ifbalance', '#!/bin/sh\necho started\n')
  const took = { exitCode: 0, stdout: '', stderr: '' }
  const left = { exitCode: 0, stdout: 'started\n', stderr: '' }
  // On a busy machine the daemon may be late.
  const taken = (hook: () => Promise<Result>) => expect.poll(hook, { timeout: patienceMs }).toEqual(took)
  // Nobody is there; then what has the name leads elsewhere.
  expect(await host.hook('dhclient', bound)).toEqual(left)
  await host.run(['ln', '-s', 'aside', '/run/ifbalance/control'])
  expect(await host.hook('dhclient', bound)).toEqual(left)
  expect(await kept('leases/wan2.json')).toBeNull()

  await host.run(['mv', '/run/ifbalance/aside', '/run/ifbalance/control'])
  const hostile = '"\\\n\t\u007f{}$(reboot)\u00e9'
  await taken(() => host.hook('dhclient', { ...bound, new_domain_name_servers: hostile }))
  expect(await uplinkRoute(30002)).toContain('via 10.2.0.9 dev wan2')
  const bytes = ['/bin/sh', '-c', '. "$0"', hookPath('dhclient')]
  const env = [
    '/usr/bin/env',
    ...Object.entries({ ...bound, reason: 'RENEW' }).map(([name, value]) => `${name}=${value}`),
  ]
  const raw = `new_domain_name_servers=$(printf "\\377\\200"); export new_domain_name_servers; exec "$@"`
  await taken(() => host.run(['/bin/sh', '-c', raw, 'sh', ...env, 'new_routers=10.2.0.7', ...bytes]))
  expect(await uplinkRoute(30002)).toContain('via 10.2.0.7 dev wan2')
  for (const [name, more] of Object.entries({
    dhcpcd: { reason: 'RENEW', new_routers: '10.2.0.8' },
    ifupdown: { IFACE: 'wan2', MODE: 'start', PHASE: 'post-up', IF_BALANCE_WEIGHT: '5' },
    networkmanager: { DEVICE_IP_IFACE: 'wan2' },
    'networkd-dispatcher': { IFACE: 'wan2' },
  }))
    await taken(() => host.hook(name, { ...bound, ...more }))
  expect(await kept('leases/wan2.json')).toMatchObject({ source: 'dhcpcd', gateway: { inet: '10.2.0.8' } })
  expect((await host.run(['ip', 'route', 'show', 'table', '30098'])).stdout).toContain('dev wan2 weight 5')

  // What is too large, what has to be complained of, and what root has to read is left to the program.
  const large = { ...bound, new_domain_name_servers: '1'.repeat(70_000) }
  for (const [name, env] of [
    ['dhclient', large],
    ['dhclient', { ...bound, interface: '../x' }],
    ['ppp', { PPP_IFACE: 'wan2' }],
  ] as const)
    expect(await host.hook(name, env)).toEqual(left)
})

const tellsWhatIsLoaded = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module'
  registerHooks({ load: (url, context, next) => (process.stderr.write(url + '\\n'), next(url, context)) })`)}`

test('a hook that talks to the daemon loads nothing that it does not need', async () => {
  await host.daemon().balances(['wan1', 'wan2'])
  const main = fileURLToPath(import.meta.resolve('../../src/main.ts'))
  const loaded = await host.run([process.execPath, '--import', tellsWhatIsLoaded, main, 'hook', 'ppp'], {
    IFACE: 'wan1',
  })
  expect(loaded.stderr).toContain('src/commands/hook.ts')
  expect(loaded.stderr).not.toMatch(/node_modules\/(execa|dbus-next)|src\/(reconcile|observe)/)
})

test('a stopped daemon: the hook waits its time, says so, and ends well', async () => {
  const daemon = host.daemon()
  await daemon.balances(['wan1', 'wan2'])
  daemon.signal('SIGSTOP')
  const began = performance.now()
  const { exitCode, stderr } = await host.hook('dhclient', bound)
  const took = (performance.now() - began) / 1000
  const name = 'a hook waits for a daemon that is stopped'
  record({ name, value: took, unit: 's', limit: 7, release: 'namespace', stack: 'kernel' })
  expect({ exitCode, stderr }).toEqual({
    exitCode: 0,
    stderr: 'ifbalance: after the hook: asking the daemon to reconcile: no answer within 3000 ms\n',
  })
  // It is done as soon as the daemon can.
  daemon.signal('SIGCONT')
  await expect.poll(() => uplinkRoute(30002)).toContain('via 10.2.0.9 dev wan2')
})

test('a daemon that dies while the hook waits: the hook does it', async () => {
  const daemon = host.daemon()
  await daemon.balances(['wan1', 'wan2'])
  daemon.signal('SIGSTOP')
  const hook = host.hook('dhclient', bound)
  // The hook keeps its fact first, asks then.
  while ((await kept('leases/wan2.json')) === null);
  daemon.signal('SIGKILL')
  expect(await hook).toMatchObject({ exitCode: 0 })
  expect(await uplinkRoute(30002)).toContain('via 10.2.0.9 dev wan2')
})

test('twenty hooks at once, without a daemon', async () => {
  const hooks = Array.from({ length: 20 }, (_, i) =>
    host.hook('dhclient', { ...bound, new_routers: `10.2.0.${50 + i}` }),
  )
  for (const { exitCode } of await Promise.all(hooks)) expect(exitCode).toBe(0)
  const lease = await kept('leases/wan2.json')
  const { gateway } = lease as { gateway: { inet: string } }
  expect(await uplinkRoute(30002)).toContain(`via ${gateway.inet} dev wan2`)
})

test('without a daemon, a lease that comes behind IPv6 is used, although networkd-dispatcher says nothing more', async () => {
  const ip = (...words: readonly string[]) => host.run(['ip', ...words])
  await ip('-4', 'address', 'flush', 'dev', 'wan2')
  await ip('-6', 'address', 'add', '2001:db8:2::2/64', 'dev', 'wan2', 'nodad')
  await ip('-6', 'route', 'add', 'default', 'via', 'fe80::1', 'dev', 'wan2')
  const env = { IFACE: 'wan2', STATE: 'routable', IP_ADDRS: '', IP6_ADDRS: '2001:db8:2::2' }
  expect(await host.hook('networkd-dispatcher', env)).toMatchObject({ exitCode: 0 })
  const balanced = async () =>
    (await host.run(['ip', 'route', 'show', 'table', '30098'], {}, { accept: [0, 2] })).stdout
  expect(await balanced()).not.toContain('dev wan2')
  // Its route comes last.
  await ip('address', 'add', '10.2.0.2/24', 'dev', 'wan2')
  await ip('route', 'add', 'default', 'via', '10.2.0.1', 'dev', 'wan2', 'metric', '102')
  await expect.poll(balanced, { timeout: patienceMs }).toContain('dev wan2')
})

test.for(['ifupdown', 'dhclient', 'dhcpcd', 'networkd-dispatcher', 'networkmanager', 'ppp'])(
  '%s: without the program, or for no interface, nothing happens',
  async (name) => {
    const nobody = [{}, { IFACE: 'lo', interface: 'lo', DEVICE_IP_IFACE: 'lo' }, { IFACE: '--all', interface: '' }]
    for (const env of nobody) {
      expect(await host.hook(name, env)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
    }
    await host.run(['rm', '/usr/sbin/ifbalance'])
    const env = { ...bound, IFACE: 'wan2', PPP_IFACE: 'wan2', DEVICE_IP_IFACE: 'wan2', MODE: 'start', PHASE: 'post-up' }
    expect(await host.hook(name, env)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
    expect((await host.run(['ip', 'rule'])).stdout).not.toContain('32765')
  },
)

test.for(['dhclient', 'dhcpcd'])('%s leaves the shell that sources it as it was', async (name) => {
  const script =
    'set -u; . "$1"; echo "status $?"; set >/run/before; . "$1"; set >/run/after; diff /run/before /run/after'
  const { stdout } = await host.run(['/bin/dash', '-c', script, 'sh', hookPath(name)], bound)
  expect(stdout).toBe('status 0\n')
})

test('hostile environments end in one line each, and no file', async () => {
  const devices = ['../../etc/x', 'a;reboot', '$(reboot)', '-h', '*', 'x"accept#', '__proto__', 'a'.repeat(4000), 'é']
  for (const device of devices) {
    const { exitCode, stderr } = await host.hook('dhclient', { ...bound, interface: device })
    expect({
      device,
      exitCode,
      lines: stderr.match(/^ifbalance: .*is no interface name that we take: ignored\n$/),
    }).toEqual({
      device,
      exitCode: 0,
      lines: expect.anything(),
    })
  }
  const { stdout } = await host.run(['find', '/run/ifbalance'], {}, { accept: [0, 1] })
  expect(stdout).toBe('')
})
