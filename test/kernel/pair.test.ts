/** What two routers need that pass connections to each other, on one host. */
import { afterEach, beforeEach, expect, test } from 'vitest'
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
