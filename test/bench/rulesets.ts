/**
 * What peers install for several uplinks, written anew from descriptions of what they load, for the world of world.ts.
 * Pure. Uplinks are numbered from 1; all have weight 1.
 */

import { type PartName, partsUpTo } from './parts.ts'
import type { Ruleset } from './ruleset.ts'

export const rulesetNames = [
  'plain',
  'rule',
  'multipath',
  'shorewall',
  'article',
  'vyos',
  'mwan3',
  'ifbalance',
] as const

export type RulesetName = (typeof rulesetNames)[number] | PartName

export const variants = [
  ...(['none', '10 rules', '1000 rules', 'a rule for it', 'a rule for it, not counted'] as const),
  ...(['offload', 'source check', 'both'] as const),
] as const
export type Variant = (typeof variants)[number]

const keys: { readonly [V in Variant]?: string } = {
  offload: 'offload = yes\n',
  'source check': 'source-check = own\n',
  both: 'offload = yes\nsource-check = own\n',
}

/** ifbalance.conf. */
export function configOf(variant: Variant): string {
  return `[balance]\nprobe = none\n${keys[variant] ?? ''}[uplink wan1]\n[uplink wan2]\n${rules[variant] ?? ''}`
}

const rules: { readonly [V in Variant]?: string } = {
  '10 rules': rulesForOthers(10),
  '1000 rules': rulesForOthers(1000),
  'a rule for it': ruleForAll(),
  'a rule for it, not counted': ruleForAll(),
}

/** Rules that no packet of the benchmarks is for. */
function rulesForOthers(count: number): string {
  const all = Array.from({ length: count }, (_, i) => {
    const destination = `198.18.${i >> 8}.${i & 255}`
    return `[rule r${i}]\ndestination = ${destination}\nuplinks = wan${1 + (i % 2)}\n`
  })
  return all.join('')
}

function ruleForAll(): string {
  return '[rule all]\ndestination = 203.0.113.1, 2001:db8:ffff::1\nuplinks = wan1 wan2\n'
}

export type Family = 'inet' | 'inet6'

/**
 * Null where the peer has no such thing: the article and VyOS balance IPv4 alone (drawing marks for neighbour discovery, too,
 * would cut a host off), and mwan3's mask has room for 60.
 */
export function rulesetOf(
  name: Exclude<RulesetName, 'ifbalance'>,
  family: Family,
  uplinks: number,
): Partial<Ruleset> | null {
  const all = Array.from({ length: uplinks }, (_, index) => index + 1)
  switch (name) {
    case 'plain':
      return { ip: [`route add ${defaultBy(1, family)}`], nft: masquerade(family, [1]) }
    case 'rule':
      return {
        ip: [`route add ${defaultBy(1, family)}`, 'rule add priority 1000 fwmark 0x99/0xff lookup 1000'],
        nft: masquerade(family, [1]),
      }
    case 'multipath':
      return {
        sysctls: [hashPorts(family)],
        ip: [`route add default ${nexthops(all, family)}`],
        nft: masquerade(family, all),
      }
    case 'shorewall':
      return shorewall(all, family)
    case 'article':
      return family === 'inet' ? article(all) : null
    case 'vyos':
      return family === 'inet' ? vyos(all) : null
    case 'mwan3':
      return uplinks > 60 ? null : mwan3(all, family)
    default:
      return family === 'inet' ? partsUpTo(name) : null
  }
}

export function gatewayOf(uplink: number, family: Family): string {
  return family === 'inet' ? `10.${uplink}.0.1` : `2001:db8:${uplink}::1`
}

export function addressOf(uplink: number, family: Family): string {
  return family === 'inet' ? `10.${uplink}.0.2` : `2001:db8:${uplink}::2`
}

function subnetOf(uplink: number, family: Family): string {
  return family === 'inet' ? `10.${uplink}.0.0/24` : `2001:db8:${uplink}::/64`
}

const lanOf = (family: Family) => (family === 'inet' ? '192.168.77.0/24' : 'fd00:77::/64')
const hashPorts = (family: Family) => `net.${family === 'inet' ? 'ipv4' : 'ipv6'}.fib_multipath_hash_policy=1`
const defaultBy = (uplink: number, family: Family) => `default via ${gatewayOf(uplink, family)} dev wan${uplink}`

function nexthops(uplinks: readonly number[], family: Family): string {
  return uplinks.map((i) => `nexthop via ${gatewayOf(i, family)} dev wan${i}`).join(' ')
}

function masquerade(family: Family, uplinks: readonly number[]): string {
  return `table ${family === 'inet' ? 'ip' : 'ip6'} nat {
  chain postrouting {
    type nat hook postrouting priority srcnat
    oifname { ${uplinks.map((i) => `"wan${i}"`).join(', ')} } masquerade
  }
}
`
}

function masqueradeEach(uplinks: readonly number[]): string {
  return `*nat\n${uplinks.map((i) => `-A POSTROUTING -o wan${i} -j MASQUERADE\n`).join('')}COMMIT\n`
}

/** One of `uplinks` at random, by rules that are tried one after the other; `mark` is of the last that is left. */
function atRandom(chain: string, uplinks: readonly number[], mask: string, markOf: (uplink: number) => string): string {
  return uplinks
    .map((i, index) => {
      const left = uplinks.length - index
      const chance = left > 1 ? `-m statistic --mode random --probability ${(1 / left).toFixed(8)} ` : ''
      return `-A ${chain} -m mark --mark 0/${mask} ${chance}-j MARK --set-xmark ${markOf(i)}/${mask}\n`
    })
    .join('')
}

/** Marks drawn in PREROUTING and OUTPUT, kept in the connection. */
function article(uplinks: readonly number[]): Partial<Ruleset> {
  const hook = (chain: string) => `-A ${chain} -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff
-A ${chain} -m mark ! --mark 0/0xff -j RETURN
-A ${chain} -m mark --mark 0/0xff -j BALANCE
-A ${chain} -j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff
`
  return {
    ip: [
      `route add ${defaultBy(1, 'inet')}`,
      ...uplinks.flatMap((i) => [
        `route add ${defaultBy(i, 'inet')} table ${1000 + i}`,
        `rule add priority ${1000 + i} iif wan${i} lookup main`,
        `rule add priority ${2000 + i} fwmark ${i}/0xff lookup ${1000 + i}`,
      ]),
    ],
    iptables: `*mangle
:BALANCE - [0:0]
${hook('PREROUTING')}${hook('OUTPUT')}${atRandom('BALANCE', uplinks, '0xff', String)}COMMIT
${masqueradeEach(uplinks)}`,
  }
}

function mwan3(uplinks: readonly number[], family: Family): Partial<Ruleset> {
  const mask = '0x3f00'
  const markOf = (i: number) => `0x${(i << 8).toString(16)}`
  const free = `-m mark --mark 0/${mask}`
  const sets = ['custom', 'connected', 'dynamic'] as const
  const routes = (i: number) => [
    ...uplinks.map((other) => `route add ${subnetOf(other, family)} dev wan${other} table ${i}`),
    `route add ${lanOf(family)} dev lan0 table ${i}`,
    `route add ${defaultBy(i, family)} table ${i}`,
  ]
  const arriving = (i: number) =>
    [
      ...sets.map(
        (set) => `-i wan${i} -m set --match-set mwan3_${set} src ${free} -j MARK --set-xmark ${mask}/${mask}`,
      ),
      `-i wan${i} ${free} -j MARK --set-xmark ${markOf(i)}/${mask}`,
    ]
      .map((rule) => `-A mwan3_iface_in_${i} ${rule}\n`)
      .join('')
  const chains = [...['hook', 'ifaces_in', 'rules', 'policy', ...sets], ...uplinks.map((i) => `iface_in_${i}`)].map(
    (chain) => `:mwan3_${chain} - [0:0]\n`,
  )
  return {
    ip: [
      `route add ${defaultBy(1, family)}`,
      ...uplinks.flatMap((i) => [
        ...routes(i),
        `rule add priority ${1000 + i} iif wan${i} lookup ${i}`,
        `rule add priority ${2000 + i} fwmark ${markOf(i)}/${mask} lookup ${i}`,
      ]),
      `rule add priority 2061 fwmark 0x3d00/${mask} blackhole`,
      `rule add priority 2062 fwmark 0x3e00/${mask} unreachable`,
    ],
    ipset: [
      ...sets.map((set) => `create mwan3_${set} hash:net family ${family}`),
      `add mwan3_connected ${lanOf(family)}`,
      ...uplinks.map((i) => `add mwan3_connected ${subnetOf(i, family)}`),
    ].join('\n'),
    iptables: `*mangle
${chains.join('')}-A PREROUTING -j mwan3_hook
-A OUTPUT -j mwan3_hook
-A mwan3_hook ${free} -j CONNMARK --restore-mark --nfmask ${mask} --ctmask ${mask}
-A mwan3_hook ${free} -j mwan3_ifaces_in
${sets.map((set) => `-A mwan3_hook ${free} -j mwan3_${set}\n`).join('')}-A mwan3_hook ${free} -j mwan3_rules
-A mwan3_hook -j CONNMARK --save-mark --nfmask ${mask} --ctmask ${mask}
${sets.map((set) => `-A mwan3_hook -m mark ! --mark ${mask}/${mask} -j mwan3_${set}\n`).join('')}${uplinks
  .map((i) => `-A mwan3_ifaces_in ${free} -j mwan3_iface_in_${i}\n${arriving(i)}`)
  .join('')}${sets
  .map((set) => `-A mwan3_${set} -m set --match-set mwan3_${set} dst -j MARK --set-xmark ${mask}/${mask}\n`)
  .join('')}-A mwan3_rules ${free} -j mwan3_policy
${atRandom('mwan3_policy', uplinks, mask, markOf)}COMMIT
${masqueradeEach(uplinks)}`,
  }
}

/** Its output chain re-routes here, which VyOS' own, of type filter, does not: there the host's own is not balanced. */
function vyos(uplinks: readonly number[]): Partial<Ruleset> {
  const markOf = (i: number) => 200 + i
  const drawn = uplinks.map((i, index) => `${index} : jump isp_${i}`).join(', ')
  const draw = `counter numgen random mod ${uplinks.length} vmap { ${drawn} }`
  return {
    ip: [
      `route add ${defaultBy(1, 'inet')}`,
      ...uplinks.flatMap((i) => [
        `route add ${defaultBy(i, 'inet')} table ${1200 + i}`,
        `rule add priority ${200 + i} fwmark ${markOf(i)} lookup main suppress_prefixlength 0`,
        `rule add priority ${300 + i} fwmark ${markOf(i)} lookup ${1200 + i}`,
      ]),
    ],
    nft: `table ip wan_load_balance {
${uplinks.map((i) => `  chain isp_${i} {\n    meta mark set ${markOf(i)} ct mark set ${markOf(i)} accept\n  }\n`).join('')}
  chain prerouting {
    type filter hook prerouting priority mangle
${uplinks.map((i) => `    iifname "wan${i}" ct state new ct mark set ${markOf(i)}\n`).join('')}
    iifname "lan0" ct state new ${draw}
    iifname "lan0" counter meta mark set ct mark
  }
  chain output {
    type route hook output priority mangle
    meta mark != 0 accept
    ct state new ${draw}
    counter meta mark set ct mark
  }
  chain postrouting {
    type nat hook postrouting priority srcnat - 1
${uplinks.map((i) => `    ct mark ${markOf(i)} oifname "wan${i}" counter snat to ${addressOf(i, 'inet')}\n`).join('')}
  }
}
`,
  }
}

/** Providers with the options `track` and `balance`. */
function shorewall(uplinks: readonly number[], family: Family): Partial<Ruleset> {
  const restore = 'CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff'
  return {
    sysctls: [hashPorts(family)],
    ip: [
      'rule add priority 999 lookup main',
      'rule del priority 32766',
      ...uplinks.flatMap((i) => [
        `route add ${defaultBy(i, family)} table ${i}`,
        `rule add priority ${9999 + i} fwmark ${i}/0xff lookup ${i}`,
        `rule add priority 20000 from ${addressOf(i, family)} lookup ${i}`,
      ]),
      `route add default table 250 ${nexthops(uplinks, family)}`,
      'rule add priority 32765 lookup 250',
    ],
    iptables: `*mangle
:routemark - [0:0]
-A PREROUTING -j ${restore}
${uplinks.map((i) => `-A PREROUTING -i wan${i} -m mark --mark 0/0xff -j routemark\n`).join('')}-A OUTPUT -j ${restore}
${uplinks.map((i) => `-A routemark -i wan${i} -j MARK --set-xmark ${i}/0xff\n`).join('')}-A routemark -m mark ! --mark 0/0xff -j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff
COMMIT
${masqueradeEach(uplinks)}`,
  }
}
