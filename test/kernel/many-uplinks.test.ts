/** As many uplinks as there are numbers, each of them asked whether it is alive; one internet answers behind all. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isStrict, record } from '../lab/measurements.ts'
import { longPatienceMs } from '../lab/patience.ts'
import { balancedDevices } from './balanced.ts'
import { type Host, startHost } from './daemon-host.ts'
import { kernelNews } from './kernel-news.ts'

let host: Host

beforeEach(async () => {
  host = await startHost()
})

afterEach(() => host.end())

const added = Array.from({ length: 61 }, (_, i) => i + 1)
const dead = 30

/** The uplinks' far ends, and the targets of probes, in a namespace of their own. */
async function makeInternet(): Promise<void> {
  const here = added.flatMap((i) => [
    `link add usb${i} type veth peer name far${i} netns internet`,
    `link set usb${i} up`,
    `address add 10.100.${i}.2/24 dev usb${i}`,
  ])
  const there = [
    'link set lo up',
    ...['1.1.1.1', '8.8.8.8', '9.9.9.9'].map((target) => `address add ${target}/32 dev lo`),
    ...[1, 2].flatMap((i) => [`address add 10.${i}.0.1/24 dev isp${i}`, `link set isp${i} up`]),
    ...added.flatMap((i) => [`link set far${i} up`, `address add 10.100.${i}.1/24 dev far${i}`]),
  ]
  const routes = added.map((i) => `route add default via 10.100.${i}.1 dev usb${i} metric ${1000 + i}`)
  const batch = (lines: readonly string[], ...where: readonly string[]) =>
    host.run(['ip', ...where, '-batch', '-'], {}, { input: lines.join('\n') })
  await batch(['netns add internet', 'link set isp1 netns internet', 'link set isp2 netns internet', ...here])
  await batch(there, '-n', 'internet')
  await batch(routes)
}

/** How many uplinks are in each state. */
async function states(): Promise<Readonly<Record<string, number>>> {
  const { uplinks } = JSON.parse((await host.ifbalance(['status', '--json'])).stdout)
  const grouped = Map.groupBy(uplinks as { readonly state: string }[], ({ state }) => state)
  return Object.fromEntries([...grouped].map(([state, all]) => [state, all.length]))
}

const isChange = new RegExp(`\\] default table 30098 (?!.* dev usb${dead} ).* dev usb1 `)

test('R3: of 63 uplinks that are asked, one dies: it alone is out', async () => {
  await host.write('/etc/ifbalance/conf.d/00-nothing-answers-here.conf', '')
  await makeInternet()
  const daemon = host.daemon()
  // Before its first round, nothing is balanced, and nobody has been judged.
  await expect.poll(() => balancedDevices(host), { timeout: 2 * longPatienceMs }).toContain(`usb${dead}`)
  await expect.poll(states, { timeout: 2 * longPatienceMs }).toEqual({ online: 63 })
  // Traffic, which is answered until then.
  host.start(['/usr/bin/ping', '-q', '-i', '0.1', '-I', `10.100.${dead}.2`, '8.8.8.8'])
  const monitor = await kernelNews(host, '-oneline')
  const rules = `add table ip dead; add chain ip dead in { type filter hook prerouting priority 0; };
add rule ip dead in iifname far${dead} drop`
  await host.run(['ip', 'netns', 'exec', 'internet', 'nft', '-f', '-'], {}, { input: rules })
  const cut = Date.now()
  const before = monitor.said().length
  await expect.poll(() => balancedDevices(host), { timeout: 2 * longPatienceMs }).not.toContain(`usb${dead}`)
  await monitor.says(isChange, before)
  const changed = monitor
    .said()
    .slice(before)
    .find((line) => isChange.test(line))
  await expect.poll(states, { timeout: 2 * longPatienceMs }).toEqual({ online: 62, offline: 1 })
  expect(daemon.noise()).toEqual([])
  const value = (Date.parse(`${changed?.slice(1, 27)}Z`) - cut) / 1000
  const name = 'with 63 uplinks, a line dies -> first change of routes'
  record({ name, value, unit: 's', limit: isStrict ? 1.5 : null, release: 'namespace', stack: 'kernel' })
})
