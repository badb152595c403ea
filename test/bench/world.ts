/**
 * The benchmarks' world, in namespaces of the emulated machine: lan -- HOST == isp -- internet, with so many cables between
 * host and ISP. Only the host tracks connections, so that all else costs little and always the same.
 */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { command, inNamespace, ipBatch, nftIn } from '../lab/command.ts'
import type { Ruleset } from './ruleset.ts'
import { addressOf, configOf, type Family, gatewayOf, type RulesetName, rulesetOf, type Variant } from './rulesets.ts'

const namespaces = { lan: 'lan', host: 'host', isp: 'isp', internet: 'internet' } as const
const server = { inet: '203.0.113.1', inet6: '2001:db8:ffff::1' } as const

/** Anew, whatever was there. */
export async function makeWorld(uplinks: number): Promise<void> {
  const { lan, host, isp, internet } = namespaces
  for (const name of Object.values(namespaces)) {
    await command(['/usr/sbin/ip', 'netns', 'delete', name], { accept: [0, 1] })
    await command(['/usr/sbin/ip', 'netns', 'add', name])
    const forwards = name === host || name === isp ? 1 : 0
    await command(
      inNamespace(name, [
        '/usr/sbin/sysctl',
        '-qw',
        `net.ipv4.ip_forward=${forwards}`,
        `net.ipv6.conf.all.forwarding=${forwards}`,
        'net.ipv6.conf.all.accept_dad=0',
        'net.ipv6.conf.default.accept_dad=0',
        // Debian 13's default, which costs every forwarded packet a second look at the routes.
        `net.ipv4.conf.default.rp_filter=${name === host ? 2 : 0}`,
      ]),
    )
  }
  const all = Array.from({ length: uplinks }, (_, index) => index + 1)
  await ipBatch(host, [
    'link set lo up',
    `link add lan0 type veth peer name eth0 netns ${lan}`,
    'addr add 192.168.77.1/24 dev lan0',
    'addr add fd00:77::1/64 dev lan0 nodad',
    'link set lan0 up',
    ...all.flatMap((i) => [
      `link add wan${i} type veth peer name sub${i} netns ${isp}`,
      `addr add ${addressOf(i, 'inet')}/24 dev wan${i}`,
      `addr add ${addressOf(i, 'inet6')}/64 dev wan${i} nodad`,
      `link set wan${i} up`,
    ]),
  ])
  await ipBatch(lan, [
    'addr add 192.168.77.10/24 dev eth0',
    'addr add fd00:77::10/64 dev eth0 nodad',
    'link set eth0 up',
    'route add default via 192.168.77.1',
    'route add default via fd00:77::1 dev eth0',
  ])
  await ipBatch(isp, [
    `link add core type veth peer name isp netns ${internet}`,
    'addr add 192.0.2.1/30 dev core',
    'addr add 2001:db8:fffe::1/64 dev core nodad',
    'link set core up',
    'route add default via 192.0.2.2',
    'route add default via 2001:db8:fffe::2 dev core',
    ...all.flatMap((i) => [
      `addr add ${gatewayOf(i, 'inet')}/24 dev sub${i}`,
      `addr add ${gatewayOf(i, 'inet6')}/64 dev sub${i} nodad`,
      `link set sub${i} up`,
    ]),
  ])
  await ipBatch(internet, [
    'link set lo up',
    `addr add ${server.inet}/32 dev lo`,
    `addr add ${server.inet6}/128 dev lo nodad`,
    'addr add 192.0.2.2/30 dev isp',
    'addr add 2001:db8:fffe::2/64 dev isp nodad',
    'link set isp up',
    'route add 10.0.0.0/8 via 192.0.2.1',
    'route add 2001:db8::/32 via 2001:db8:fffe::1 dev isp',
  ])
  // Where nobody listens, an answer that says so would be part of the price.
  await nftIn(
    internet,
    'table inet silence { chain prerouting { type filter hook prerouting priority raw; udp dport 20000-60000 drop; }\n }\n',
  )
}

/** False where this peer has no such ruleset.  */
export async function install(name: RulesetName, uplinks: number, variant: Variant): Promise<boolean> {
  if (name === 'ifbalance') {
    await installOurs(uplinks, variant)
    return true
  }
  const families = (['inet', 'inet6'] as const).map((family) => [family, rulesetOf(name, family, uplinks)] as const)
  if (families.every(([, ruleset]) => ruleset === null)) return false
  for (const [family, ruleset] of families) if (ruleset !== null) await load(family, ruleset)
  return true
}

async function load(
  family: Family,
  { sysctls = [], ip = [], nft = '', iptables = '', ipset = '' }: Partial<Ruleset>,
): Promise<void> {
  const { host } = namespaces
  for (const sysctl of sysctls) await command(inNamespace(host, ['/usr/sbin/sysctl', '-qw', sysctl]))
  const input = `${ip.join('\n')}\n`
  await command(['/usr/sbin/ip', family === 'inet' ? '-4' : '-6', '-n', host, '-batch', '-'], { input })
  if (nft) await nftIn(host, nft)
  const six = family === 'inet6' ? '6' : ''
  // Sets of both families share their names.
  const named = (text: string) =>
    text.replaceAll(/mwan3_(custom|connected|dynamic)(?= (?:hash|src|dst|\S+\/))/g, `mwan3_$1${six}`)
  if (ipset) await command(inNamespace(host, ['/usr/sbin/ipset', 'restore']), { input: `${named(ipset)}\n` })
  if (iptables) {
    await command(inNamespace(host, [`/usr/sbin/ip${six}tables-restore`]), { input: named(iptables) })
  }
}

/** The package's own program, as it would after each uplink has come up. */
async function installOurs(uplinks: number, variant: Variant): Promise<void> {
  const { host } = namespaces
  const all = Array.from({ length: uplinks }, (_, index) => index + 1)
  for (const family of ['inet', 'inet6'] as const) {
    const input = all
      .map((i) => `route add default via ${gatewayOf(i, family)} dev wan${i} metric ${100 + i}\n`)
      .join('')
    await command(['/usr/sbin/ip', family === 'inet' ? '-4' : '-6', '-n', host, '-batch', '-'], { input })
  }
  rmSync('/run/ifbalance', { recursive: true, force: true })
  mkdirSync('/etc/ifbalance', { recursive: true })
  writeFileSync('/etc/ifbalance/ifbalance.conf', configOf(variant))
  await command(inNamespace(host, ['/project/deb/usr/sbin/ifbalance', 'apply']))
  if (variant === 'a rule for it, not counted') await countNothing(host)
}

/** Has rules do the same without counting: their chains only lead on. */
async function countNothing(host: string): Promise<void> {
  const listing = await command(inNamespace(host, ['/usr/sbin/nft', 'list', 'table', 'inet', 'ifbalance']))
  const chains = [...listing.stdout.matchAll(/^\tchain (hits_\S+) \{\n(?:\t\t.*\n)*?\t\t.*?goto (use_\S+)\n\t\}/gm)]
  if (chains.length === 0) throw new Error('no rule counts')
  const lines = chains.map(
    ([, name, target]) => `flush chain inet ifbalance ${name}\nadd rule inet ifbalance ${name} goto ${target}\n`,
  )
  await nftIn(host, lines.join(''))
}
