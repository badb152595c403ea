/**
 * Source translation where it needs a kernel of Debian's: an IPsec policy without an interface, legacy tables as modules, and
 * the listing of its nft. Runs in the emulated machine; prints one JSON object.
 */
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { until, untilJudged } from '../../kernel/health-states.ts'
import { command, inNamespace, nftIn, programArgv, start } from '../../lab/command.ts'
import { type Disposer, disposer } from '../../lab/disposer.ts'
import { addresses } from '../../lab/names.ts'
import { giveLanIpv6 } from '../../lab/network.ts'
import type { Packet } from '../../lab/programs/send.ts'
import { packagedLab } from '../packaged-lab.ts'

/** The LAN's tunnels: what is for the far end goes to the first provider, sealed. */
const tunnels = {
  inet: {
    ...{ lan: '192.168.77.0/24', router: addresses.lanRouter, remote: '203.0.113.77', all: 32 },
    ...{ from: '10.1.0.50', to: '10.1.0.1' },
  },
  inet6: {
    ...{ lan: 'fd00:77::/64', router: addresses.lanRouter6, remote: '2001:db8:fffe::77', all: 128 },
    ...{ from: '2001:db8:1::50', to: '2001:db8:1::1' },
  },
} as const
const families = ['inet', 'inet6'] as const
const cipher = ['enc', 'cbc(aes)', `0x${'01'.repeat(16)}`, 'auth', 'hmac(sha256)', `0x${'02'.repeat(32)}`]

/** All that others' rules may ask, which our copies of it have to be listed as. */
const others = `table inet fw {
  chain sub {
    ip saddr { 10.0.0.0/9, 10.128.0.0/9 } tcp dport { 80, 443 } masquerade
    ip saddr 192.168.7.0/24 udp dport 500-501 accept
    ip protocol tcp ip saddr 10.1.2.3 snat to 192.0.2.4
    iifname "lan0" meta l4proto { tcp, udp } ip daddr { 198.51.100.7, 198.51.100.9-198.51.100.12 } masquerade
    iifname != "lan0" ip daddr != 10.0.0.0/8 masquerade
    meta mark 0x5 masquerade
    oifname vmap { "wan1" : jump deep, "wan9" : accept }
  }
  chain deep {
    ip daddr 203.0.113.50-203.0.113.60 accept
    ip daddr != { 203.0.113.7, 203.0.113.9 } tcp sport 5-9 masquerade
  }
  chain post {
    type nat hook postrouting priority 200
    jump sub
    ip6 saddr fd00:77::/64 ip6 daddr { 2001:db8:9::/64, 2001:db8:9:1::/64, 2001:db8:10::1 } accept
    ip6 daddr fd00:78::5 udp dport { 53, 60-70, 71 } accept
    meta nfproto ipv6 iifname "lan0" meta l4proto gre accept
  }
}
`

const lab = await packagedLab({ ipv6: true })
const { host, lan, isps } = lab.network
const ip = (...args: readonly string[]) => command(inNamespace(host, ['/usr/sbin/ip', ...args]))
const first = isps.map(({ namespace }) => namespace)

const counting = `table inet count {
  counter sealed_inet { }
  counter sealed_inet6 { }
  counter clear_inet { }
  counter clear_inet6 { }
  chain prerouting {
    type filter hook prerouting priority -300
    iifname "sub" meta nfproto ipv4 meta l4proto esp counter name sealed_inet
    iifname "sub" meta nfproto ipv6 meta l4proto esp counter name sealed_inet6
    iifname "sub" ip daddr ${tunnels.inet.remote} counter name clear_inet
    iifname "sub" ip6 daddr ${tunnels.inet6.remote} counter name clear_inet6
  }
}
`

const each = 20
let port = 20_000

/** First packets of the host's own, which have its address on the LAN, and of a client. */
async function send(place: 'host' | 'lan'): Promise<void> {
  const packets = families.flatMap((family) =>
    Array.from({ length: each }, (): Packet => {
      const { remote, router } = tunnels[family]
      return {
        ...{ protocol: 'udp', to: remote, sourcePort: port++, port: 9 },
        ...(place === 'host' && { from: router }),
      }
    }),
  )
  const from = place === 'host' ? host : lan
  await command(inNamespace(from, programArgv('send', ['{}'])), { input: JSON.stringify(packets) })
}

type Arrived = Readonly<Record<'sealed' | 'clear', number>>

async function resetCounters(): Promise<void> {
  for (const isp of first) await command(inNamespace(isp, ['/usr/sbin/nft', 'reset', 'counters']))
}

/** How many of what is sent now arrived how. */
async function arrived(): Promise<Readonly<Record<(typeof families)[number], Arrived>>> {
  await resetCounters()
  await Promise.all([send('host'), send('lan')])
  return counted()
}

/** How many arrived how, at all providers together. */
async function counted(): Promise<Readonly<Record<(typeof families)[number], Arrived>>> {
  const listings = await Promise.all(
    first.map(async (isp) => (await command(inNamespace(isp, ['/usr/sbin/nft', 'list', 'counters']))).stdout),
  )
  const of = (name: string) =>
    listings.reduce((sum, text) => sum + Number(new RegExp(`${name} \\{\\s+packets (\\d+)`).exec(text)?.[1] ?? 0), 0)
  const ofFamily = (family: string) => ({ sealed: of(`sealed_${family}`), clear: of(`clear_${family}`) })
  return { inet: ofFamily('inet'), inet6: ofFamily('inet6') }
}

/** Who goes on asking, from before there are tunnels; TCP, UDP and echo requests of both families. */
const goingOn = fileURLToPath(new URL('../../kernel/programs/going-on.py', import.meta.url))

async function startAsking(undo: Disposer): Promise<void> {
  const ends = {
    [host]: families.flatMap((family) => [tunnels[family].router, tunnels[family].remote]),
    [lan]: [addresses.lanClient, tunnels.inet.remote, addresses.lanClient6, tunnels.inet6.remote],
  }
  for (const [place, pairs] of Object.entries(ends)) {
    const running = await start(inNamespace(place, ['/usr/bin/python3', goingOn, ...pairs]))
    undo.defer('who goes on asking', () => running.stop())
  }
}

/** Waits until what goes on arrives so in both families, and not at all in the other way. To wait costs this machine nothing, to look does. */
async function untilAll(how: keyof Arrived): Promise<void> {
  const other = how === 'sealed' ? 'clear' : 'sealed'
  const isSo = async () => {
    await resetCounters()
    await setTimeout(1500)
    const seen = Object.values(await counted())
    // Two of each place and protocol at least.
    return seen.every((one) => one[other] === 0 && one[how] >= 12)
  }
  await until(lab, `what goes on is ${how}`, isSo, 60_000)
}

async function openTunnels(): Promise<void> {
  for (const family of families) {
    const { from, to, lan: network, remote, all } = tunnels[family]
    const tunnel = ['src', from, 'dst', to, 'proto', 'esp']
    await ip('xfrm', 'state', 'add', ...tunnel, 'spi', '0x100', 'mode', 'tunnel', ...cipher)
    const what = ['src', network, 'dst', `${remote}/${all}`, 'dir', 'out']
    await ip('xfrm', 'policy', 'add', ...what, 'tmpl', ...tunnel, 'mode', 'tunnel')
  }
}

try {
  await giveLanIpv6(lab.network)
  await lab.startDaemon()
  // Two lines of each family.
  await untilJudged(lab, 4)
  await lab.tells({ event: 'round', carrying: ['wan1', 'wan2'] })
  for (const isp of first) await nftIn(isp, counting)
  const before = await arrived()
  const asking = disposer()
  await startAsking(asking)
  await untilAll('clear')
  await openTunnels()
  await untilAll('sealed')
  await asking.dispose()
  const ipsec = await arrived()

  // Others' rules, while the daemon runs.
  const rules = async () => lab.exec(['/usr/sbin/nft', 'list', 'table', 'inet', 'ifbalance'])
  await nftIn(host, others)
  await until(lab, "others' exemptions are taken over", async () => (await rules()).includes('chain theirs_1'), 20_000)
  const plan = (await lab.ifbalance(['plan'])).trim()
  await nftIn(host, 'delete table inet fw\n')
  await until(lab, 'and given back', async () => !(await rules()).includes('chain theirs_1'), 20_000)

  // Who is not root may not read the names of legacy tables, and must not make one by asking for it.
  const modules = async () =>
    /^iptable_nat \d+ \d+/m.exec((await command(['/usr/bin/cat', '/proc/modules'])).stdout)?.[0]
  const asDaemon = ['/usr/bin/setpriv', '--reuid=65534', '--clear-groups', '--inh-caps=+net_admin,+net_raw']
  const save = [...asDaemon, '--ambient-caps=+net_admin,+net_raw', '/usr/sbin/iptables-legacy-save', '-t', 'nat']
  const unasked = (await modules()) ?? 'none'
  await lab.exec(['/usr/sbin/iptables-legacy', '-t', 'nat', '-A', 'POSTROUTING', '-d', '198.51.100.77', '-j', 'ACCEPT'])
  const legacy = { unasked, asked: /\d+$/.exec((await modules()) ?? '')?.[0], saved: await lab.exec(save) }
  await lab.ifbalance(['apply'])

  // The rule that it hangs on.
  await lab.stopDaemon('SIGKILL')
  const listing = await lab.exec(['/usr/sbin/nft', '-a', 'list', 'chain', 'inet', 'ifbalance', 'postrouting'])
  const handle = /rt ipsec exists accept # handle (\d+)/.exec(listing)?.[1] ?? 'none'
  await lab.exec(['/usr/sbin/nft', 'delete', 'rule', 'inet', 'ifbalance', 'postrouting', 'handle', handle])
  const without = await arrived()
  process.stdout.write(`${JSON.stringify({ before, ipsec, without, plan, legacy })}\n`)
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: `${error}\n${lab.said().slice(-40).join('\n')}` })}\n`)
} finally {
  await lab.dispose()
}
process.exit(0)
