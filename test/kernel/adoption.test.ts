/** What the neighbours on a link can send, and what becomes of it: packets of a LAN and of the host, in both families. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { balancedDevices } from './balanced.ts'
import { type Host, startHost } from './daemon-host.ts'
import { inside, lanClient, makeProviders, server, setCarrier } from './providers.ts'
import { after } from './transcript.ts'

let host: Host

beforeEach(async () => {
  host = await startHost()
  await makeProviders(host)
})

afterEach(() => host.end())

/** Which of these answer a client of the LAN. */
async function answers(...addresses: readonly string[]): Promise<readonly string[]> {
  const asked = await Promise.all(
    addresses.map(async (address) => {
      const ping = inside('lan', ['ping', '-q', '-c', '3', '-i', '0.2', '-W', '2', address])
      return (await host.run(ping, {}, { accept: [0, 1, 2] })).exitCode === 0 ? [address] : []
    }),
  )
  return asked.flat()
}

const all = [server.inet, server.inet6, '192.168.77.1', 'fd00:77::1']

test('a router on a LAN changes nothing there; listed, the LAN leads out in IPv6 alone, until that is over', async () => {
  const daemon = host.daemon()
  await daemon.balances(['wan1', 'wan2'])
  expect(await answers(...all)).toEqual(all)

  const router = ['default', 'via', 'fe80::bad', 'dev', 'lan0', 'proto', 'ra']
  await host.run(['ip', '-6', 'route', 'add', ...router, 'metric', '1024'])
  await daemon.tells({ event: 'trouble', kind: 'lan' })
  expect(await balancedDevices(host, '-6')).toEqual(['wan1', 'wan2'])
  expect(await answers(...all)).toEqual(all)

  // What an uplink's neighbours ask is answered by the uplink.
  await host.write('/etc/ifbalance/conf.d/lan0.conf', '[uplink lan0]\nmetric = 20\n')
  const listed = daemon.said().length
  daemon.signal('SIGHUP')
  await daemon.tells(after({ kind: 'configuration' }), listed)
  const { stdout: rules } = await host.run(['ip', '-6', 'rule', 'show'])
  expect(rules).toContain('oif lan0 lookup')
  expect(await answers(server.inet, '192.168.77.1', 'fd00:77::1')).toEqual([server.inet, '192.168.77.1', 'fd00:77::1'])
  const bound = ['ping', '-q', '-c', '3', '-i', '0.2', '-W', '2', '-I', 'lan0', lanClient.inet]
  expect((await host.run(bound, {}, { accept: [0, 1, 2] })).exitCode).toBe(0)

  const before = daemon.said().length
  await host.run(['rm', '/etc/ifbalance/conf.d/lan0.conf'])
  await host.run(['ip', '-6', 'route', 'del', ...router])
  daemon.signal('SIGHUP')
  await daemon.tells(after({ kind: 'configuration' }), before)
  const { stdout: status } = await host.ifbalance(['status'])
  expect(status).not.toContain('lan0')
  expect(await answers(...all)).toEqual(all)
})

test('3,000 prefixes on one uplink, and more all the time: rules and lines are bounded, and the other one fails over', async () => {
  const made = (action: string, from: number, count: number) =>
    Array.from(
      { length: count },
      (_, i) =>
        `address ${action} 2001:db8:${(4096 + from + i).toString(16)}::2/64 dev wan1${action === 'add' ? ' nodad valid_lft 900 preferred_lft 900' : ''}`,
    ).join('\n')
  const daemon = host.daemon()
  await daemon.balances(['wan1', 'wan2'])
  // The kernel may take any of these for what it translates.
  await host.run(['ip', '-n', 'isp1', '-6', 'route', 'add', '2001:db8:1000::/36', 'dev', 'isp1'])
  await host.run(['ip', '-6', '-batch', '-'], {}, { input: made('add', 0, 3000) })
  await daemon.tells({ event: 'trouble', kind: 'many-addresses', uplink: 'wan1', family: 'inet6' })
  await host.write('/run/flood', `${made('add', 3000, 250)}\n${made('del', 3000, 250)}\n`)
  const flood = host.start(['/bin/sh', '-c', 'while :; do ip -6 -batch /run/flood; sleep 0.5; done'])
  const before = daemon.said().length
  await setCarrier(host, 'isp2', 'down')
  await expect.poll(() => balancedDevices(host, '-6'), { timeout: 30_000, interval: 20 }).toEqual(['wan1'])
  await expect.poll(() => balancedDevices(host), { timeout: 30_000 }).toEqual(['wan1'])
  await setCarrier(host, 'isp2', 'up')
  await expect.poll(() => balancedDevices(host), { timeout: 30_000 }).toEqual(['wan1', 'wan2'])
  expect(await answers(server.inet, server.inet6)).toEqual([server.inet, server.inet6])
  flood.signal('SIGTERM')
  const { stdout } = await host.run(['ip', '-6', 'rule', 'show'])
  expect(stdout.match(/lookup 30001|lookup wan1/g)?.length).toBeLessThan(25)
  expect(daemon.said().length - before).toBeLessThan(100)
})
