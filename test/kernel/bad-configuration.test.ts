/** Errors in the configuration cost no failover: not while the daemon runs, not over a restart, and not without it. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Host, type Running, startHost } from './daemon-host.ts'

let host: Host

beforeEach(async () => {
  host = await startHost()
})
afterEach(() => host.end())

const file = '/etc/ifbalance/ifbalance.conf'
const out = async (line: string) => (await host.run(line.split(' '))).stdout
const weighted = /via 10.1.0.1 dev wan1 weight 4 .*via 10.2.0.1 dev wan2 weight 1/
const balanced = async () => (await out('ip route show table 30098')).replaceAll(/\s+/g, ' ')
const good = `[uplink wan1]
weight = 4
[uplink wan2]
[rule servers]
destination = /etc/servers
uplinks = wan2
[rule mine]
user = daemon
uplinks = wan1
`

async function failsOver(daemon: Running): Promise<void> {
  let seen = daemon.said().length
  await host.run(['ip', 'link', 'set', 'isp1', 'down'])
  seen = await daemon.balances(['wan2'], seen)
  await host.run(['ip', 'link', 'set', 'isp1', 'up'])
  await daemon.balances(['wan1', 'wan2'], seen)
  expect(await balanced()).toMatch(weighted)
}

async function stop(daemon: Running): Promise<void> {
  daemon.signal('SIGTERM')
  await daemon.ended
}

test('the last good configuration is in force, with the files that it names, after a reload, a restart and a boot, with the daemon and without', async () => {
  await host.write('/etc/servers', '203.0.113.0/24\n')
  await host.write(file, good)
  let daemon = host.daemon()
  await daemon.balances(['wan1', 'wan2'])
  expect(await host.ifbalance(['reload'])).toMatchObject({ exitCode: 0 })

  await host.write(file, `${good}suorce = 192.168.1.0/24\n`)
  await host.write('/etc/servers', 'no address\n')
  const line = `${file}:10: [rule mine]: unknown key "suorce"; did you mean source?`
  const reload = await host.ifbalance(['reload'])
  expect(reload).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(line) })
  expect(reload.stderr).toContain('/etc/servers:1: "no address": expected an address')
  await failsOver(daemon)

  await stop(daemon)
  daemon = host.daemon()
  await daemon.tells({ event: 'configuration', inForce: 'last-good' })
  await failsOver(daemon)
  expect(daemon.told({ event: 'configuration', isError: true, reason: line })).toHaveLength(1)

  // All commands show what there is, and what is wrong.
  for (const [args, exitCode, shown] of [
    [['status'], 1, 'wan1'],
    [['status', '--json'], 1, '"name": "wan2"'],
    [['plan'], 1, 'Nothing to change'],
    [['check'], 1, 'nothing is in the way'],
    [['connections'], 0, 'wan1'],
    [['explain', '203.0.113.7'], 0, 'wan2'],
    [['apply'], 1, 'balancing over wan1, wan2'],
    [['disable', 'wan2'], 0, 'wan2 is disabled'],
    [['enable', 'wan2'], 0, 'wan2 is online'],
  ] as const) {
    const { exitCode: code, stdout, stderr } = await host.ifbalance(args)
    expect({ args, code, stdout, stderr }).toMatchObject({ code: exitCode, stdout: expect.stringContaining(shown) })
    if (!['disable', 'enable'].includes(args[0])) expect(stdout.replaceAll('\\"', '"') + stderr).toContain(line)
  }

  // As after a boot, where a hook comes first.
  await stop(daemon)
  await host.ifbalance(['down'])
  await host.run(['/bin/sh', '-c', 'rm -rf /run/ifbalance'])
  const hook = await host.hook('networkmanager', { DEVICE_IP_IFACE: 'wan1' })
  expect(hook).toMatchObject({ exitCode: 0, stderr: expect.stringContaining(line) })
  expect(await balanced()).toMatch(weighted)
  expect(await out('nft list table inet ifbalance')).toContain('203.0.113.0')
})

test('without an earlier one, as after an upgrade, what is understood is in force; a rule that is not steers nothing', async () => {
  await host.write(file, `${good.replace('/etc/servers', '203.0.113.0/24')}suorce = 192.168.1.0/24\n[unlink]\na = b\n`)
  let daemon = host.daemon()
  await daemon.tells({ event: 'configuration', inForce: 'understood' })
  await daemon.balances(['wan1', 'wan2'])
  await failsOver(daemon)
  expect(await host.ifbalance(['explain', '203.0.113.7'])).toMatchObject({
    stdout: expect.stringMatching(/servers: matches(.|\n)*goes by +wan2/),
  })
  expect((await host.ifbalance(['explain', '198.51.100.1', '--user', 'daemon'])).stdout).not.toContain('mine')
  // Half a file is none.
  await stop(daemon)
  await host.write('/var/lib/ifbalance/last-good.json', '{"files":[{"path":7,"te')
  daemon = host.daemon()
  await daemon.tells({ event: 'failure', doing: 'reading', what: '/var/lib/ifbalance/last-good.json' })
  await daemon.tells({ event: 'configuration', inForce: 'understood' })
  await failsOver(daemon)
})

test('check FILE... tells of a file before it is in its place', async () => {
  await host.write('/etc/new.conf', '[uplink wan1]\nweihgt = 4\n')
  await host.write('/etc/rules.conf', '[rule a]\nport = 25\nuplinks = wan1\n')
  expect(await host.ifbalance(['check', '/etc/new.conf', '/etc/rules.conf'])).toMatchObject({
    ...{ exitCode: 1, stdout: expect.stringContaining('/etc/new.conf:2: [uplink wan1]: unknown key "weihgt"') },
  })
  await host.write('/etc/new.conf', '[uplink wan1]\nweight = 4\n')
  expect(await host.ifbalance(['check', '/etc/new.conf', '/etc/rules.conf'])).toMatchObject({
    ...{ exitCode: 0, stdout: expect.stringContaining('no errors') },
  })
  expect(await host.ifbalance(['check', '/etc/rules.conf'])).toMatchObject({ exitCode: 1 })
  expect(await host.ifbalance(['check', '/etc/none.conf'])).toMatchObject({
    ...{ exitCode: 1, stdout: expect.stringContaining('reading /etc/none.conf: ENOENT') },
  })
})
