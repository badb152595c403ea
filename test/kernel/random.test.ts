/**
 * Sequences of random events on the kernel: what the pipeline makes of each is what it makes from nothing.
 * `SEQUENCES=1000 SEED=1 npx vitest run --project kernel random` plays longer, and again what a seed has found.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { reconcile } from '../../src/reconcile/reconcile.ts'
import { configOf } from '../config-of.ts'
import { record } from '../lab/measurements.ts'
import { hangsMs } from '../lab/patience.ts'
import { run } from '../lab/run.ts'
import { endsAsFresh } from './fresh-start.ts'
import { scenario } from './namespace.ts'
import { twoUplinks } from './world.ts'

const text = '[uplink wan2]\nweight = 3\n[uplink stick]\ninterface = usb*\nmetric = 10\n'
const config = configOf(text)

/** What the world does to an uplink. A line that the kernel refuses in the present state is an event, too. */
const ofDevice = (device: string, i: number): readonly string[] => [
  `ip link set p${i} down`,
  `ip link set p${i} up`,
  `ip link set ${device} down`,
  `ip link set ${device} up`,
  `ip addr flush dev ${device}`,
  `ip addr add 10.${i}.0.2/24 dev ${device}`,
  `ip addr add 10.${i}.0.3/24 dev ${device}`,
  `ip addr del 10.${i}.0.2/24 dev ${device}`,
  `ip addr add 2001:db8:${i}::2/64 dev ${device} nodad`,
  `ip addr del 2001:db8:${i}::2/64 dev ${device}`,
  `ip route replace default via 10.${i}.0.1 dev ${device} metric 100${i}`,
  `ip route replace default via 10.${i}.0.254 dev ${device} metric 100${i}`,
  `ip route del default dev ${device}`,
  `ip route replace default via 198.51.100.${i} dev ${device} onlink metric 100${i}`,
  `ip -6 route replace default via fe80::1 dev ${device} metric 100${i}`,
  `ip -6 route del default dev ${device}`,
  `ip link set ${device} mtu 1400`,
  `ip link del ${device}`,
  `ip link add ${device} type veth peer name p${i}`,
  `ip link set ${device} arp off`,
  `ip link set ${device} arp on`,
  `ip link set ${device} master br0`,
  `ip link set ${device} nomaster`,
  `ip rule del from 10.${i}.0.2`,
  `ip rule del oif ${device}`,
  `ip route flush table 3000${i}`,
]

const ofOthers = [
  'nft flush ruleset',
  'nft flush chain inet ifbalance prerouting',
  'nft delete rule inet ifbalance pin handle 20',
  'nft add rule inet ifbalance output counter',
  'nft add chain inet ifbalance other',
  'ip route flush table 30098',
  'ip route replace default via 10.1.0.1 dev wan1 table 30098 proto kernel',
  'ip rule del priority 20000',
  'ip rule del priority 20999',
  'ip rule del priority 32765',
  'ip -6 rule del priority 32765',
  'ip -6 rule flush',
  'ip rule add priority 32765 to 203.0.113.0/24 lookup main',
  'ip rule add priority 32765 lookup 30098 protocol kernel',
  'ip rule add priority 20777 lookup 30001 protocol kernel',
  'ip rule add priority 20778 lookup main protocol static',
  'ip route replace default dev br0',
  'ip route del default dev br0',
  'ip link set wan1 name usb0',
  'ip link set usb0 name wan1',
  'ip link set p2 name usb1',
  'ip link set usb1 name p2',
  'sysctl -qw net/ipv4/fib_multipath_hash_policy=0',
  'sysctl -qw net/ipv4/conf/wan2/rp_filter=1',
  'sysctl -qw net/ipv6/conf/wan1/ignore_routes_with_linkdown=0',
  'reconcile',
]

const play = await scenario(import.meta, async (sequences: number, seed: number) => {
  await twoUplinks()
  await run('/usr/sbin/ip', ['link', 'add', 'br0', 'type', 'bridge'])
  const events = [...ofDevice('wan1', 1), ...ofDevice('wan2', 2), ...ofOthers]

  const report = await fc.check(
    fc.asyncProperty(fc.array(fc.constantFrom(...events), { minLength: 1, maxLength: 8 }), async (sequence) => {
      for (const event of sequence) await happen(event)
      await endsAsFresh(config)
    }),
    { numRuns: sequences, seed, endOnFailure: false },
  )
  return {
    runs: report.numRuns,
    failure: report.failed ? `${fc.defaultReportMessage(report)}\n${report.errorInstance}` : null,
  }
})

async function happen(event: string): Promise<void> {
  if (event === 'reconcile') return void (await reconcile(config))
  const [program = '', ...args] = event.split(' ')
  await run(`/usr/sbin/${program}`, args, { accept: [0, 1, 2, 255] })
}

const sequences = Number(process.env['SEQUENCES'] ?? 60)
const timeoutMs = hangsMs + sequences * 10_000
const seed = Number(process.env['SEED'] ?? Date.now() % 1e9)

test(
  `after ${sequences} sequences of random events all is as a fresh apply makes it (seed ${seed})`,
  async () => {
    const { runs, failure } = await play({ timeoutMs }, sequences, seed)
    expect(failure, `seed ${seed}`).toBeNull()
    expect(runs).toBe(sequences)
    const name = `random event sequences, of ${sequences}, that end unlike a fresh apply`
    record({ name, value: 0, unit: 'sequences', limit: 0, release: 'namespace', stack: 'kernel' })
  },
  timeoutMs + 30_000,
)
