/**
 * A routing daemon keeps a full table beside us, and changes it all the time: what we do is what we do without it.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { mostListed } from '../../src/kernel/iproute/route-listing.ts'
import { ourRoutes } from '../lab/our-routes.ts'
import { longPatienceMs } from '../lab/patience.ts'
import { childFaults, settled } from './daemon-children.ts'
import { type Host, startHost } from './daemon-host.ts'
import { makeProviders, setCarrier } from './providers.ts'

const routes = mostListed + 2000
const family = { inet: ['-4', '172.16'], inet6: ['-6', '2001:db8:f'] } as const

let host: Host

beforeEach(async () => {
  host = await startHost()
  await makeProviders(host)
})
afterEach(() => host.end())

/** Routes by a neighbour in the LAN, of BIRD (RTPROT_BIRD of linux/rtnetlink.h). */
function batch(which: 'inet' | 'inet6', verb: string, from: number, to: number): string {
  const lines = Array.from({ length: to - from }, (_, i) => {
    const [high, low] = [(from + i) >> 8, (from + i) & 255]
    return which === 'inet'
      ? `route ${verb} 30.${high}.${low}.0/24 via 192.168.77.10 proto 12`
      : `route ${verb} 2600:${high}:${low}::/48 via fd00:77::10 proto 12`
  })
  return `${lines.join('\n')}\n`
}

const ours = async (): Promise<string> => {
  const listings = await Promise.all(
    Object.values(family).map(async ([flag]) => {
      const { stdout } = await host.run(['ip', flag, 'route', 'show', 'table', 'all'])
      return ourRoutes(stdout).join('\n')
    }),
  )
  return listings.join('\n')
}

test('a full table changes nothing of ours but that main is asked, in each family', async () => {
  await host.ifbalance(['apply'])
  const before = await ours()
  for (const [which, [flag]] of Object.entries(family))
    await host.run(['ip', flag, '-batch', '-'], {}, { input: batch(which as 'inet', 'add', 0, routes) })
  // As a router may have it by a protocol: the only default that leads to an uplink.
  await host.run([
    'sh',
    '-c',
    'ip -4 route del default dev wan2; ip -4 route add default via 10.2.0.1 proto 12 metric 300',
  ])
  await host.ifbalance(['apply'])
  expect(sorted(await ours())).toEqual(sorted(withoutLan(before)))
  const plan = await host.ifbalance(['plan'])
  expect(plan.stdout).toBe('Nothing to change.\n')
  for (const flag of ['-4', '-6']) {
    const { stdout } = await host.run(['ip', flag, 'rule'])
    expect(stdout).toContain('20001:')
  }
})

test('its changes make no rounds, a lost carrier makes one at once, and so does a default route', async () => {
  const byBird = (verb: string) =>
    host.run(['ip', '-4', 'route', verb, 'default', 'via', '10.2.0.1', 'proto', '12', 'metric', '300'])
  await host.run(['ip', '-4', 'route', 'del', 'default', 'dev', 'wan2'])
  await byBird('add')
  await host.run(['ip', '-4', '-batch', '-'], {}, { input: batch('inet', 'add', 0, routes) })
  const daemon = host.daemon()
  let seen = await daemon.balances(['wan1', 'wan2'], 0, longPatienceMs)
  await settled(daemon)
  const before = childFaults(daemon.pid)
  for (let i = 0; i < 20; i++)
    await host.run(['ip', '-4', '-batch', '-'], {}, { input: batch('inet', i % 2 ? 'add' : 'del', 0, 100) })
  expect(childFaults(daemon.pid), 'programs that were run').toBe(before)
  await setCarrier(host, 'isp2', 'down')
  seen = await daemon.balances(['wan1'], seen, longPatienceMs)
  await setCarrier(host, 'isp2', 'up')
  await daemon.balances(['wan1', 'wan2'], seen, longPatienceMs)
  await settled(daemon)
  const balanced = expect.poll(async () => (await host.run(['ip', '-4', 'route', 'show', 'table', '30098'])).stdout, {
    timeout: longPatienceMs,
  })
  await byBird('del')
  await balanced.not.toContain('dev wan2')
  await byBird('add')
  await balanced.toContain('dev wan2')
})

/** Where main is asked, the LAN's routes are not copied. */
function withoutLan(listing: string): string {
  return listing
    .split('\n')
    .filter((line) => !line.includes('lan0'))
    .join('\n')
}

function sorted(listing: string): readonly string[] {
  return listing
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .sort()
}
