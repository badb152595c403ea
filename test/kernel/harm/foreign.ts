/** What others have on a router: pieces that a random choice is put together from. Each is undone by its own words. */

export interface Piece {
  readonly name: string
  readonly up: readonly string[]
  readonly down: readonly string[]
}

/** A table of an administrator's, with its own chains; nft deletes it whole. */
function table(name: string, text: string): Piece {
  return { name, up: [`nft 'table inet ${name} { ${text}; }'`], down: [`nft delete table inet ${name}`] }
}

const postrouting = (rules: string) => `chain post { type nat hook postrouting priority srcnat; ${rules} }`
const mangle = (hook: 'prerouting' | 'output', rules: string) =>
  `chain ${hook} { type ${hook === 'output' ? 'route' : 'filter'} hook ${hook} priority mangle; ${rules} }`

function rule(name: string, words: string, id: number, route: string): Piece {
  const add = (verb: string) => `ip rule ${verb} ${words} lookup ${id}`
  return {
    name,
    up: [`ip route add default ${route} table ${id}`, add('add')],
    down: [add('del'), `ip route flush table ${id}`],
  }
}

function route(name: string, words: string): Piece {
  return { name, up: [`ip route add ${words}`], down: [`ip route del ${words}`] }
}

/** At most one of each group: a host has one translation. */
export const groups: readonly (readonly Piece[])[] = [
  [
    table('nat', postrouting('oifname { "wan1", "wan2" } masquerade;')),
    table(
      'nat',
      postrouting('oifname "wan1" ip saddr 192.168.77.0/24 masquerade; oifname "wan1" ip6 saddr fd00::/8 masquerade;'),
    ),
    table(
      'nat',
      postrouting(
        'ip saddr 198.51.100.0/28 accept; ip daddr 172.30.0.0/16 accept; oifname { "wan1", "wan2" } masquerade;',
      ),
    ),
    table('fixed_nat', postrouting('oifname "wan1" snat ip to 10.1.0.2; oifname "wan2" snat ip to 10.2.0.2;')),
  ],
  [
    table(
      'forwards',
      'chain pre { type nat hook prerouting priority dstnat; iifname { "wan1", "wan2" } tcp dport 8080 dnat ip to 192.168.77.10:7; iifname { "wan1", "wan2" } udp dport 8080 dnat ip to 192.168.77.10:7; }',
    ),
  ],
  [
    table(
      'firewall',
      'chain forward { type filter hook forward priority filter; policy drop; ct state established,related accept; iifname { "lan0", "dmz0", "tun0" } accept; ct status dnat accept; }; chain input { type filter hook input priority filter; policy drop; ct state established,related accept; iifname "lo" accept; meta l4proto { icmp, ipv6-icmp } accept; th dport 7 accept; }',
    ),
  ],
  [
    rule('a client by wan2', 'from 192.168.77.11 priority 1000', 101, 'via 10.2.0.1 dev wan2'),
    rule('a client by wan1, late', 'from 192.168.77.11 priority 32000', 101, 'via 10.1.0.1 dev wan1'),
  ],
  [
    rule('a mark by wan2', 'fwmark 0x5 priority 900', 102, 'via 10.2.0.1 dev wan2'),
    rule('a mark of few bits by wan1', 'fwmark 0x5/0xff priority 900', 102, 'via 10.1.0.1 dev wan1'),
  ],
  [rule('a server by the tunnel', 'to 203.0.113.1 priority 1100', 103, 'via 10.99.0.1 dev tun0')],
  [
    route('a server by wan2', '203.0.113.1/32 via 10.2.0.1 dev wan2'),
    route('a better default by the tunnel', 'default via 10.99.0.1 dev tun0 metric 50'),
    route('half of all by the tunnel', '128.0.0.0/1 via 10.99.0.1 dev tun0'),
  ],
  [
    table(
      'marks',
      `${mangle('prerouting', 'meta mark set ct mark;')}; ${mangle('output', 'meta mark set ct mark;')}; chain post { type filter hook postrouting priority mangle; ct mark set meta mark; }`,
    ),
    table(
      'marks',
      `${mangle('prerouting', 'iifname "lan0" ip saddr 192.168.77.10 ct state new ct mark set ct mark or 0x10;')}`,
    ),
  ],
  [
    table(
      'untracked',
      'chain pre { type filter hook prerouting priority raw; udp dport 7 notrack; }; chain out { type filter hook output priority raw; udp sport 7 notrack; }',
    ),
  ],
  [
    table(
      'spoofed',
      'chain pre { type filter hook prerouting priority mangle + 10; fib saddr . mark . iif oif missing drop; }',
    ),
  ],
  [
    {
      name: 'a second address',
      up: ['ip address add 10.1.0.3/24 dev wan1'],
      down: ['ip address del 10.1.0.3/24 dev wan1'],
    },
    {
      name: 'a second network',
      up: ['ip address add 192.168.78.1/24 dev lan0'],
      down: ['ip address del 192.168.78.1/24 dev lan0'],
    },
  ],
]
