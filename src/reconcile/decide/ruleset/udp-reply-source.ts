/**
 * The source of the host's UDP answers. Services that listen on all addresses may answer without saying from which: the
 * kernel then takes the address of the uplink that new connections would use now, and the client, who asked another,
 * drops it.
 *
 * So who asks one of an uplink's addresses is remembered for as long as they talk, and answers to them get that address
 * before connection tracking sees them: they are answers then, and the rule for their source sends them by its uplink.
 *
 * A service may have chosen its address on purpose: an answer with any address that this client asked is left alone.
 * But nobody answers on purpose from an address that nobody asked: after one such answer, those of its port come from
 * the address that the client asked last.
 *
 * A peer's packet that comes after its conversation was deleted here, as a failover does, is no question: see
 * kernel/nft/late-packets.ts, which fills `late`.
 *
 * Sets serve where a map from clients to addresses would, as nft 1.0.6 has no dynamic map with so long a key, and no
 * kernel replaces what a map has.
 */

import { hookPriorities } from '../../../layout.ts'
import type { Chain, NamedSet } from '../../../model/kernel.ts'
import type { Uplink } from '../../../model/uplink.ts'
import { digitsOf } from '../../../net/address-range.ts'
import { nftNumber } from '../../../values/hex.ts'

export interface AskedRules {
  readonly chains: readonly Chain[]
  readonly sets: readonly NamedSet[]
}

/** One family in nft's words. */
interface Kind {
  readonly ip: string
  readonly type: string
  /** What clients have in common that share the room for new clients. */
  readonly neighbours: string
  /** Addresses of the uplinks. */
  readonly addresses: readonly string[]
}

/** The network of an IPv6 client, in which it has 64 bits to choose its address from (RFC 4291, 2.5.1). */
const network = 'ip6 saddr & ffff:ffff:ffff:ffff::'

/** How long clients are remembered. Connection tracking forgets a UDP flow after two minutes of silence. */
const [silence, longer] = ['2m', '3m']
/** The limit on new clients of one network, so that others find room, too. */
const tooMany = 'limit rate over 50/second burst 500 packets'
/** The set of ports whose services leave the address to the kernel. */
const careless = 'careless'

/** Chains and sets; none with one uplink, where there is no choice. */
export function decideAsked(uplinks: readonly Uplink[]): AskedRules {
  const all = (family: 'inet' | 'inet6') =>
    [...new Set(uplinks.flatMap((uplink) => uplink[family]?.addresses ?? []))].toSorted()
  const kinds = [
    { ip: 'ip', type: 'ipv4_addr', neighbours: 'ip saddr', addresses: all('inet') },
    { ip: 'ip6', type: 'ipv6_addr', neighbours: network, addresses: all('inet6') },
  ].filter(({ addresses }) => addresses.length > 0)
  if (uplinks.length < 2 || kinds.length === 0) return { chains: [], sets: [] }
  const renewals = renewalChains(all('inet'))
  return {
    chains: [
      ...kinds.flatMap((kind) => [...questionChains(kind), ...answerChains(kind)]),
      {
        name: 'asked',
        // The hook is behind the host's own filters, and behind translation: what is refused or goes elsewhere is no
        // question.
        hook: { type: 'filter', hook: 'input', priority: hookPriorities.asked },
        rules: [
          'meta l4proto != udp accept',
          'ct direction reply accept',
          ...kinds.map(({ ip, addresses }) => `${ip} daddr ${oneOf(addresses)} goto asked_${ip}`),
        ],
      },
      ...renewals,
      {
        name: 'source',
        hook: { type: 'route', hook: 'output', priority: hookPriorities.source },
        rules: [
          // A socket that has an address, as all connected ones have, answers from it.
          'socket wildcard 0 accept',
          ...renewals.map(() => 'udp sport 0x44 udp dport 0x43 goto renewals'),
          ...kinds.map((kind) => `${answering(kind)} @clients_${kind.ip} goto source_${kind.ip}`),
        ],
      },
    ],
    sets: [
      // Names of these sets end otherwise than those of rules, which end with _4 and _6.
      ...kinds.flatMap(({ ip, type }) => [
        set(`clients_${ip}`, `${type} . inet_service . inet_service`, silence),
        set(`addresses_${ip}`, `${type} . inet_service . inet_service . ${type}`, silence),
        // This set outlives those that lead to it.
        set(`latest_${ip}`, `${type} . inet_service . inet_service . ${type}`, longer),
        set(`late_${ip}`, `${type} . inet_service . inet_service . ${type}`, silence),
        set(`newcomers_${ip}`, type, silence),
      ]),
      set(careless, 'inet_service', '10m'),
    ],
  }
}

/**
 * Chains that remember questions. A question is remembered where a socket without an address waits for it, as closed
 * ports answer nothing.
 */
function questionChains(kind: Kind): readonly Chain[] {
  const { ip, neighbours, addresses } = kind
  const asking = `${ip} saddr . udp sport . udp dport`
  const remember = rememberBy(asking, ip, 'daddr')
  return [
    {
      name: `again_${ip}`,
      hook: null,
      rules: [...addresses.map((address) => `delete @latest_${ip} { ${asking} . ${address} }`), remember],
    },
    {
      name: `remember_${ip}`,
      hook: null,
      rules: [
        `${asking} @clients_${ip} goto again_${ip}`,
        `update @newcomers_${ip} { ${neighbours} ${tooMany} } accept`,
        remember,
      ],
    },
    {
      name: `asked_${ip}`,
      hook: null,
      rules: [
        `${asking} . ${ip} daddr @latest_${ip} accept`,
        `${asking} . ${ip} daddr @late_${ip} drop`,
        `socket wildcard 0x1 goto remember_${ip}`,
      ],
    },
  ]
}

/** Chains for answers to remembered clients. */
function answerChains(kind: Kind): readonly Chain[] {
  const { ip, addresses } = kind
  const answer = answering(kind)
  const isLatest = `${answer} . ${ip} saddr @latest_${ip} goto keep_${ip}`
  return [
    { name: `keep_${ip}`, hook: null, rules: [rememberBy(answer, ip, 'saddr')] },
    {
      name: `source_${ip}`,
      hook: null,
      rules: [
        isLatest,
        // Other addresses stay, such as one of a LAN that clients there asked.
        `${ip} saddr != { ${addresses.join(', ')} } accept`,
        `${answer} . ${ip} saddr @addresses_${ip} udp sport != @${careless} ` +
          `update @addresses_${ip} { ${answer} . ${ip} saddr } update @clients_${ip} { ${answer} } accept`,
        `update @${careless} { udp sport }`,
        ...addresses.map((address) => `${ip} saddr set ${address} ${isLatest}`),
      ],
    },
  ]
}

/**
 * A chain for renewals of DHCP leases. dhclient renews the lease of any interface by one socket on all addresses, and a
 * server off the link that is asked by another uplink cannot answer. The leased address stands in the message
 * (`ciaddr`: RFC 2131, 2), 12 bytes behind 8 of UDP.
 */
function renewalChains(addresses: readonly string[]): readonly Chain[] {
  const rules = addresses.map((address) => {
    const number = Number.parseInt(digitsOf(address), 16)
    return `@th,160,32 ${nftNumber(number)} ip saddr set ${address} accept`
  })
  return rules.length > 0 ? [{ name: 'renewals', hook: null, rules }] : []
}

/**
 * Statements that remember a client. Their order matters where a set is full: the set that leads to the others is
 * filled last.
 */
function rememberBy(client: string, ip: string, ours: 'saddr' | 'daddr'): string {
  const both = `${client} . ${ip} ${ours}`
  return `update @latest_${ip} { ${both} } update @addresses_${ip} { ${both} } update @clients_${ip} { ${client} }`
}

function answering({ ip }: Kind): string {
  return `${ip} daddr . udp dport . udp sport`
}

function oneOf(addresses: readonly string[]): string {
  return addresses.length > 1 ? `{ ${addresses.join(', ')} }` : String(addresses[0])
}

function set(name: string, type: string, timeout: string): NamedSet {
  return { kind: 'set', name, definition: `type ${type}; flags dynamic,timeout; timeout ${timeout}; size 65535` }
}
