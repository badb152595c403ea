/** What the translation test sends, and beside which rulesets; and what the contract says of each. */

export interface Source {
  readonly address: string
  /** The namespace that it is sent from. */
  readonly from: 'lan' | 'host' | 'isp1' | 'guest'
  readonly kind: 'private' | 'public' | 'uplink' | 'neighbour' | 'bridged'
  /** Of a kind that belongs to an uplink. */
  readonly of?: number
  /** By these uplinks alone. */
  readonly only?: readonly number[]
}

export const sources: Readonly<Record<string, Source>> = {
  'private LAN': { address: '192.168.77.10', from: 'lan', kind: 'private' },
  'another private LAN': { address: '172.17.0.10', from: 'lan', kind: 'private' },
  'carrier-grade NAT (RFC 6598)': { address: '100.64.7.10', from: 'lan', kind: 'private' },
  'public routed subnet': { address: '198.51.100.10', from: 'lan', kind: 'public' },
  "host in uplink 1's subnet, behind us": { address: '10.1.0.50', from: 'lan', kind: 'uplink', of: 1 },
  "uplink 1's address": { address: '10.1.0.2', from: 'host', kind: 'uplink', of: 1 },
  "uplink 2's address": { address: '10.2.0.2', from: 'host', kind: 'uplink', of: 2 },
  "this host's LAN address": { address: '192.168.77.1', from: 'host', kind: 'private' },
  "this host's public LAN address": { address: '198.51.100.1', from: 'host', kind: 'public' },
  "uplink 1's neighbour": { address: '10.1.0.9', from: 'isp1', kind: 'neighbour', of: 1 },
  'bridged guest': { address: '10.3.0.9', from: 'guest', kind: 'bridged', of: 3, only: [3] },
  'private IPv6': { address: 'fd00:77::10', from: 'lan', kind: 'private' },
  'public IPv6': { address: '2001:db8:77::10', from: 'lan', kind: 'public' },
  "host in uplink 1's IPv6 prefix, behind us": { address: '2001:db8:1::50', from: 'lan', kind: 'uplink', of: 1 },
  'bridged guest, IPv6': { address: '2001:db8:3::9', from: 'guest', kind: 'bridged', of: 3, only: [3] },
  "uplink 1's IPv6 address": { address: '2001:db8:1::2', from: 'host', kind: 'uplink', of: 1 },
  "uplink 2's IPv6 address": { address: '2001:db8:2::2', from: 'host', kind: 'uplink', of: 2 },
  "this host's private IPv6 LAN address": { address: 'fd00:77::1', from: 'host', kind: 'private' },
  "this host's public IPv6 LAN address": { address: '2001:db8:77::1', from: 'host', kind: 'public' },
  "uplink 1's neighbour, IPv6": { address: '2001:db8:1::9', from: 'isp1', kind: 'neighbour', of: 1 },
}

export interface Sent {
  readonly source: string
  readonly uplink: number
  /** Providers that saw it. */
  readonly by: readonly number[]
  /** With which source. */
  readonly saw: string | null
}

type Rest = 'all' | 'none'

type Theirs = 'translate' | 'leave' | null

export interface OthersRuleset {
  readonly language: 'nft' | `${'iptables' | 'ip6tables'}-${'nft' | 'legacy'}`
  readonly rules: string
  readonly config?: string
  /** By uplink, what its section says. */
  readonly sections?: Readonly<Record<string, string>>
  /** What its author would say of such a packet on such an uplink. */
  readonly theirs: (source: Source, uplink: number) => Theirs
  /** By uplink, the addresses that the configuration has forwarded connections translated to. */
  readonly translatesTo?: Readonly<Record<string, readonly string[]>>
  /** What the configuration says instead of the contract's last two sentences. */
  readonly rest?: Rest | ((uplink: number) => Rest | null)
}

const isIPv4 = ({ address }: Source) => !address.includes(':')
const isWithin = ({ address }: Source, beginning: string) => address.startsWith(beginning)

/** The same words in iptables-nft's table and in the legacy one. */
const ip6tables = `-t nat -A POSTROUTING -d 2001:db8:ffff::1 -s fd00:77::10 -j ACCEPT
  -t nat -A POSTROUTING -o wan1 -m comment --comment main -j MASQUERADE
  -t nat -A POSTROUTING -s 2001:db8:77::/64 -o wan2 -j SNAT --to-source 2001:db8:2::2`

const byIp6tables = (source: Source, uplink: number): Theirs => {
  if (isIPv4(source) || uplink === 3) return null
  if (uplink === 2) return isWithin(source, '2001:db8:77:') ? 'translate' : null
  return source.address === 'fd00:77::10' ? 'leave' : 'translate'
}

const translatesTo = { wan1: ['10.1.0.77', '2001:db8:1::77'], wan2: ['10.2.0.2'], vmbr0: ['10.3.0.77'] }

export const rulesets: Readonly<Record<string, OthersRuleset>> = {
  none: { language: 'nft', rules: '', theirs: () => null },
  'nft, masquerade on all': {
    language: 'nft',
    rules: `table inet fw {
      chain post { type nat hook postrouting priority srcnat; policy accept;
        oifname { "wan1", "wan2", "vmbr0" } masquerade
      }
    }`,
    theirs: () => 'translate',
  },
  'nft, masquerade on wan1 with exemptions': {
    language: 'nft',
    rules: `table ip fw {
      chain post { type nat hook postrouting priority srcnat; policy accept;
        ip daddr 203.0.113.1 ip saddr { 192.168.77.0/24, 172.17.0.0/16 } accept
        oifname "wan1" ip saddr 198.51.100.0/28 return
        oifname "wan1" masquerade
      }
    }`,
    theirs: (source, uplink) => {
      if (!isIPv4(source) || uplink !== 1) return null
      return /^(192\.168\.77|172\.17|198\.51\.100)\./.test(source.address) ? 'leave' : 'translate'
    },
  },
  'nft, an exemption and nothing else': {
    language: 'nft',
    rules: `table inet fw {
      chain post { type nat hook postrouting priority srcnat; policy accept;
        ip saddr 192.168.77.0/24 ip daddr { 203.0.113.1, 203.0.113.2 } accept
        ip6 saddr fd00:77::/64 ip6 daddr 2001:db8:ffff::1 accept
      }
    }`,
    theirs: (source, uplink) => {
      if (isWithin(source, '192.168.77.')) return uplink === 3 ? null : 'leave'
      return isWithin(source, 'fd00:77:') && uplink === 1 ? 'leave' : null
    },
  },
  'nft, exemptions by a named set and a named map': {
    language: 'nft',
    rules: `table inet fw {
      set exempt { type ipv4_addr; flags interval; elements = { 192.168.77.0/24, 203.0.113.200 }; }
      map who { type ipv6_addr : verdict; flags interval; elements = { fd00:77::/64 : accept, 2001:db8:77::/64 : jump ours }; }
      chain ours { oifname "wan2" masquerade; }
      chain post { type nat hook postrouting priority srcnat; policy accept;
        ip saddr @exempt accept
        ip6 saddr vmap @who
      }
    }`,
    theirs: (source, uplink) => {
      if (isWithin(source, '192.168.77.') || isWithin(source, 'fd00:77:')) return 'leave'
      return isWithin(source, '2001:db8:77:') && uplink === 2 ? 'translate' : null
    },
  },
  'iptables-nft, MASQUERADE on wan1': {
    language: 'iptables-nft',
    rules: `-t nat -A POSTROUTING -d 203.0.113.1 -s 172.17.0.0/16 -j ACCEPT
            -t nat -A POSTROUTING -o wan1 -m comment --comment main -j MASQUERADE`,
    theirs: (source, uplink) => {
      if (!isIPv4(source) || uplink !== 1) return null
      return isWithin(source, '172.17.') ? 'leave' : 'translate'
    },
  },
  'iptables-legacy, MASQUERADE on wan1': {
    language: 'iptables-legacy',
    rules: `-t nat -A POSTROUTING -d 203.0.113.1 -s 172.17.0.0/16 -j ACCEPT
            -t nat -A POSTROUTING -o wan1 -m comment --comment main -j MASQUERADE`,
    theirs: (source, uplink) => {
      if (!isIPv4(source) || uplink !== 1) return null
      return isWithin(source, '172.17.') ? 'leave' : 'translate'
    },
  },
  'ip6tables-nft, MASQUERADE on wan1, SNAT on wan2': {
    language: 'ip6tables-nft',
    rules: ip6tables,
    theirs: byIp6tables,
  },
  'ip6tables-legacy, MASQUERADE on wan1, SNAT on wan2': {
    language: 'ip6tables-legacy',
    rules: ip6tables,
    theirs: byIp6tables,
  },
  "ufw's before.rules, one LAN": {
    language: 'iptables-nft',
    rules: '-t nat -A POSTROUTING -s 192.168.77.0/24 -o wan1 -j MASQUERADE',
    theirs: (source, uplink) => (isWithin(source, '192.168.77.') && uplink === 1 ? 'translate' : null),
  },
  "docker's and libvirt's": {
    language: 'iptables-nft',
    rules: `-t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
            -t nat -A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE
            -t nat -N LIBVIRT_PRT
            -t nat -A POSTROUTING -j LIBVIRT_PRT
            -t nat -A LIBVIRT_PRT -s 192.168.77.0/24 -d 203.0.113.2/32 -j RETURN
            -t nat -A LIBVIRT_PRT -s 192.168.77.0/24 ! -d 192.168.77.0/24 -p tcp -j MASQUERADE --to-ports 1024-65535
            -t nat -A LIBVIRT_PRT -s 192.168.77.0/24 ! -d 192.168.77.0/24 -j MASQUERADE`,
    theirs: (source, uplink) => {
      if (isWithin(source, '192.168.77.')) return uplink === 2 ? 'leave' : 'translate'
      return isWithin(source, '172.17.') ? 'translate' : null
    },
  },
  "firewalld's, zone external on wan1": {
    language: 'nft',
    rules: `table inet firewalld {
      chain nat_POSTROUTING { type nat hook postrouting priority srcnat + 10; policy accept;
        jump nat_POSTROUTING_ZONES
      }
      chain nat_POSTROUTING_ZONES {
        oifname "wan1" goto nat_POST_external
        goto nat_POST_public
      }
      chain nat_POST_external { jump nat_POST_external_allow; }
      chain nat_POST_external_allow {
        ip daddr 203.0.113.1 ip saddr 172.17.0.0/16 accept
        meta nfproto ipv4 oifname != "lo" masquerade
      }
      chain nat_POST_public { jump nat_POST_public_allow; }
      chain nat_POST_public_allow { }
    }`,
    theirs: (source, uplink) => {
      if (!isIPv4(source) || uplink !== 1) return null
      return isWithin(source, '172.17.') ? 'leave' : 'translate'
    },
  },
  "Kubernetes' and Tailscale's, by marks": {
    language: 'iptables-nft',
    rules: `-t nat -A POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE
            -t nat -A POSTROUTING -m mark --mark 0x40000/0xff0000 -j MASQUERADE`,
    theirs: () => null,
  },
  'masquerade = no': { language: 'nft', rules: '', config: 'masquerade = no', theirs: () => null, rest: 'none' },
  'masquerade = yes': { language: 'nft', rules: '', config: 'masquerade = yes', theirs: () => null, rest: 'all' },
  'masquerade, by uplink': {
    language: 'nft',
    rules: '',
    config: 'masquerade = no',
    sections: { wan1: 'masquerade = yes', wan2: 'masquerade = auto' },
    theirs: () => null,
    rest: (uplink) => (['all', null, 'none'] as const)[uplink - 1] ?? null,
  },
  "masquerade by uplink, beside others' masquerade": {
    language: 'nft',
    rules: `table inet fw {
      chain post { type nat hook postrouting priority srcnat; policy accept;
        ip saddr 172.17.0.0/16 accept
        oifname { "wan1", "wan2" } masquerade
      }
    }`,
    sections: { wan1: 'masquerade = no', vmbr0: 'masquerade = yes' },
    theirs: (source, uplink) => {
      if (isWithin(source, '172.17.')) return 'leave'
      return uplink === 3 ? null : 'translate'
    },
    rest: (uplink) => (['none', null, 'all'] as const)[uplink - 1] ?? null,
  },
  // The first is not on this host.
  'source = ...': { language: 'nft', rules: '', translatesTo, theirs: () => null },
  'source = ..., masquerade = yes': {
    language: 'nft',
    rules: '',
    config: 'masquerade = yes',
    translatesTo,
    theirs: () => null,
    rest: 'all',
  },
  'no-masquerade': {
    language: 'nft',
    rules: '',
    config: 'no-masquerade = 192.168.77.0/24 10.1.0.50 fd00:77::/64',
    theirs: () => null,
  },
}

const named = ['192.168.77.10', '192.168.77.1', '10.1.0.50', 'fd00:77::10', 'fd00:77::1']

/** The contract, sentence by sentence; the first that speaks of the packet decides. */
export function expected(ruleset: OthersRuleset, source: Source, uplink: number): 'translated' | 'untouched' {
  const { kind, of } = source
  const theirs = ruleset.theirs(source, uplink)
  const rest = typeof ruleset.rest === 'function' ? ruleset.rest(uplink) : ruleset.rest
  // An uplink's own address stays, whoever translates it.
  if (kind === 'uplink' && of === uplink && source.from === 'host') return 'untouched'
  // What others' rules translate is theirs.
  if (theirs === 'translate') return 'translated'
  // Bridged guests are not ours.
  if (kind === 'bridged') return 'untouched'
  if (rest === 'none') return 'untouched'
  if (ruleset.config?.startsWith('no-masquerade') && named.includes(source.address)) return 'untouched'
  if (rest === 'all') return 'translated'
  // What came in by an uplink is never translated out of another.
  if (kind === 'neighbour') return 'untouched'
  // Another uplink's address never leaves by this one.
  if (kind === 'uplink' && of !== uplink) return 'translated'
  // What others leave alone stays so.
  if (theirs === 'leave') return 'untouched'
  // Private sources are translated where nobody else does it; public ones that are no uplink's are left alone.
  return kind === 'private' || /^10\./.test(source.address) ? 'translated' : 'untouched'
}
