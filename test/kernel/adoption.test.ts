/** What the neighbours on a link can send, and what becomes of it: packets of a LAN and of the host, in both families. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Host, startHost } from './daemon-host.ts'
import { inside, lanClient, makeProviders, server } from './providers.ts'

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

const balanced = async (family: '-4' | '-6') =>
  (await host.run(['ip', family, 'route', 'show', 'table', '30098'], {}, { accept: [0, 2] })).stdout.match(/\bdev \S+/g)

const all = [server.inet, server.inet6, '192.168.77.1', 'fd00:77::1']

test('a router on a LAN changes nothing there; listed, the LAN leads out in IPv6 alone, until that is over', async () => {
  const daemon = host.daemon()
  await daemon.says(/balancing over wan1, wan2/)
  expect(await answers(...all)).toEqual(all)

  const router = ['default', 'via', 'fe80::bad', 'dev', 'lan0', 'proto', 'ra']
  await host.run(['ip', '-6', 'route', 'add', ...router, 'metric', '1024'])
  await daemon.says(/lan0: a router is advertised there, but it is taken for a LAN/)
  expect(await balanced('-6')).toEqual(['dev wan1', 'dev wan2'])
  expect(await answers(...all)).toEqual(all)

  // What an uplink's neighbours ask is answered by the uplink.
  await host.write('/etc/ifbalance/conf.d/lan0.conf', '[uplink lan0]\nmetric = 20\n')
  const listed = daemon.said().length
  daemon.signal('SIGHUP')
  await daemon.says(/changes after .*configuration read/, listed)
  const { stdout: rules } = await host.run(['ip', '-6', 'rule', 'show'])
  expect(rules).toContain('oif lan0 lookup')
  expect(await answers(server.inet, '192.168.77.1', 'fd00:77::1')).toEqual([server.inet, '192.168.77.1', 'fd00:77::1'])
  const bound = ['ping', '-q', '-c', '3', '-i', '0.2', '-W', '2', '-I', 'lan0', lanClient.inet]
  expect((await host.run(bound, {}, { accept: [0, 1, 2] })).exitCode).toBe(0)

  const before = daemon.said().length
  await host.run(['rm', '/etc/ifbalance/conf.d/lan0.conf'])
  await host.run(['ip', '-6', 'route', 'del', ...router])
  daemon.signal('SIGHUP')
  await daemon.says(/changes after .*configuration read/, before)
  const { stdout: status } = await host.ifbalance(['status'])
  expect(status).not.toContain('lan0')
  expect(await answers(...all)).toEqual(all)
})
