/**
 * ifbalance's rules for IPv4 and two uplinks, one part after the other: what a part adds to all before it is what it costs. Written
 * anew, as the program makes them all at once. Pure.
 */
import type { Ruleset } from './ruleset.ts'

const mark = 'meta mark 0 meta mark set ct mark & 0xff000000'
const answer = `ct direction reply ct mark & 0x80000000 != 0 ${mark} | 0x40000000`
const client = 'ip daddr . udp dport . udp sport'

/** Both uplinks' lines, `#` being the number. */
const each = (line: string) => [1, 2].map((i) => line.replaceAll('#', String(i)))

interface Part {
  readonly ip?: readonly string[]
  readonly sysctls?: readonly string[]
  /** Lines of nft for these chains, which are there from then on. */
  readonly chains?: Partial<Readonly<Record<keyof typeof hooks, readonly string[]>>>
}

const hooks = {
  prerouting: 'type filter hook prerouting priority -155',
  pin: 'type nat hook postrouting priority 95',
  output: 'type route hook output priority -155',
  source: 'type route hook output priority -210',
}

const parts = {
  hook: { chains: { prerouting: [] } },
  pin: {
    chains: {
      prerouting: [`ct direction original ct mark & 0xc0000000 == 0x40000000 ${mark} accept`],
      pin: ['ct mark & 0xc0000000 == 0 oif vmap { "wan1" : goto to_1, "wan2" : goto to_2 }'],
    },
  },
  tables: {
    ip: [
      ...each('route add default via 10.#.0.1 dev wan# table 3000#'),
      'rule add priority 20999 nop',
      ...each('rule add priority 2001# fwmark 0x#000000/0x3f000000 lookup 3000#'),
      'rule add priority 20100 not iif lo goto 20999',
      ...each('rule add priority 2011# oif wan# lookup 3000#'),
      ...each('rule add priority 2021# from 10.#.0.2 lookup main suppress_prefixlength 0'),
      ...each('rule add priority 2031# from 10.#.0.2 lookup 3000#'),
      'rule add priority 20000 fwmark 0/0x40000000 goto 20100',
    ],
  },
  balance: {
    sysctls: ['net.ipv4.fib_multipath_hash_policy=1'],
    ip: [
      `route add default table 30098 ${each('nexthop via 10.#.0.1 dev wan#').join(' ')}`,
      'rule add priority 32764 lookup main suppress_prefixlength 0',
      'rule add priority 32765 lookup 30098',
    ],
  },
  incoming: {
    chains: {
      prerouting: ['ct mark & 0xc0000000 != 0x40000000 goto unpinned', 'ct status expected accept'],
    },
  },
  output: { chains: { output: ['ct status snat,dnat accept', answer] } },
  source: {
    chains: {
      source: ['socket wildcard 0 accept', `ip saddr set ${client} map @asked update @asked { ${client} : ip saddr }`],
    },
  },
} as const satisfies Readonly<Record<string, Part>>

export type PartName = keyof typeof parts

export const partNames = Object.keys(parts) as readonly PartName[]

export function partsUpTo(last: PartName): Partial<Ruleset> {
  const all: readonly Part[] = partNames.slice(0, partNames.indexOf(last) + 1).map((name) => parts[name])
  const chains = Object.entries(hooks).flatMap(([name, hook]) => {
    const lines = all.map((part) => part.chains?.[name as keyof typeof hooks]).filter((found) => found !== undefined)
    return lines.length > 0 ? [chain(name, [hook, ...lines.flat()])] : []
  })
  return {
    sysctls: all.flatMap(({ sysctls = [] }) => sysctls),
    ip: [
      'route add default via 10.1.0.1 dev wan1',
      'rule add priority 1000 fwmark 0x99/0xff lookup 1000',
      ...all.flatMap(({ ip = [] }) => ip),
    ],
    nft: `table inet parts {
  map asked {
    type ipv4_addr . inet_service . inet_service : ipv4_addr
    flags dynamic,timeout
    timeout 3m
    size 65535
  }
${each(chain('to_#', ['ct mark set ct mark & 0x40ffffff | 0x4#000000'])).join('')}${each(
  chain('in_#', ['ct mark set ct mark & 0xc0ffffff | 0xc#000000']),
).join('')}${chain('came_in', [`ct direction reply ${mark} | 0x40000000 accept`, 'ct status expected accept'])}${chain(
  'unmarked',
  [
    'ct direction original iif vmap { "wan1" : goto in_1, "wan2" : goto in_2 }',
    'ct direction reply iif { "wan1", "wan2" } fib saddr oif { "wan1", "wan2" } iif vmap { "wan1" : goto to_1, "wan2" : goto to_2 }',
    'ct direction original ct status snat ct reply ip daddr vmap { 10.1.0.2 : goto to_1, 10.2.0.2 : goto to_2 }',
    'ct direction reply ct status dnat ct original ip daddr vmap { 10.1.0.2 : goto in_1, 10.2.0.2 : goto in_2 }',
  ],
)}${chains.join('')}${chain('postrouting', [
  'type nat hook postrouting priority 105',
  'oifname { "wan1", "wan2" } masquerade',
])}}
`,
  }
}

function chain(name: string, lines: readonly string[]): string {
  return `  chain ${name} {\n${lines.map((line) => `    ${line}\n`).join('')}  }\n`
}
