/**
 * What keeps a connection on its uplink: its number is remembered in the connection's mark, and packets that leave get it.
 *
 * - The first rule is for most packets of forwarded connections, and the last that they meet.
 * - A connection without a mark is new, or stays inside, or began while this table was away: then it is told by where it comes
 *   in, or by the uplink's address that it was translated to. The route is asked last: what goes to a VPN or a LAN is not ours.
 * - What a helper expected (FTP's data, RTP) inherits its master's mark, and may have the opposite direction.
 * - A socket without the uplink's address (of a LAN's, or a proxy's with its client's) is told by its translation; so are ICMP
 *   errors of this host's about what it forwards.
 * - What others do not have tracked (`notrack`) is never translated, so a source of an uplink's prefix leaves by that uplink:
 *   any other provider drops it.
 * - Packets whose mark is not 0 are left alone: WireGuard's own UDP, for one, would loop into its tunnel.
 */

import { byFamily, cameIn, devices, verdicts, ways } from '../../../kernel/nft/verdicts.ts'
import { inOurBlock, type Layout, lastPriority, markOf, marks, protocols } from '../../../layout.ts'
import { isUplinkIn, type Present } from '../../../model/active-uplinks.ts'
import type { Config } from '../../../model/config.ts'
import type { Chain } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Family } from '../../../net/family.ts'
import { isWithin, type Prefix, parsePrefix, prefixText } from '../../../net/ipv6-prefix.ts'
import { hex } from '../../../values/hex.ts'

export interface Staying {
  readonly chains: readonly Chain[]
  readonly prerouting: readonly string[]
  /** Rules for the host's own packets, before everything else that marks them. */
  readonly translated: string
  readonly answer: string
}

export function decideStaying(present: readonly Present[], { layout }: Config, observed: Observed): Staying {
  const { pinned, incoming, mask } = marks(layout)
  const both = (pinned | incoming) >>> 0
  const leftBy = `ct direction original ct mark & ${hex(both)} == ${hex(pinned)} meta mark 0 meta mark set ct mark & ${hex(mask)}`
  // All of our bits are set, as others' rules may save a packet's mark as its connection's.
  const byNumber = `meta mark set ct mark & ${hex(mask)} | ${hex(pinned)}`
  const byMark = (number: number) => `meta mark set ${hex((markOf(number, layout) | pinned) >>> 0)}`
  const chain = (name: string, rules: readonly string[]): Chain => ({ name, hook: null, rules })
  const evidence = evidenceOf(present)
  const untracked = haveLateRules(observed, layout) ? [] : untrackedLines(evidence, present, byMark)
  return {
    chains: [
      ...present.flatMap((uplink) => rememberChains(uplink, layout)),
      chain('adopt', [...adoptLines(evidence), `ct mark & ${hex(pinned)} != 0 meta mark 0 ${byNumber}`]),
      chain(
        'leaves',
        byFamily(present, (some) => `fib daddr oif ${devices(some)} goto adopt`),
      ),
      chain('unmarked', [
        ...verdicts(present, 'in').map((line) => `ct direction original ${line}`),
        ...byFamily(present, (some) => {
          const any = devices(some)
          return `iif ${any} fib saddr oif ${any} iif vmap ${ways(some, 'to')}`
        }).map((line) => `ct direction reply ${line}`),
        ...maybeLines(evidence),
      ]),
      chain('came_in', [`ct direction reply meta mark 0 ${byNumber} accept`, 'ct status expected goto expected']),
      chain('expected', [
        ...cameIn(present).map((which) => `${which} accept`),
        `ct direction original ct mark set ct mark & ${hex(~incoming >>> 0)} | ${hex(pinned)}`,
        `ct direction reply ct mark set ct mark | ${hex(both)}`,
        `meta mark 0 ${byNumber}`,
      ]),
      chain('translated', [`${unremembered(layout)} jump adopt`, leftBy]),
      ...(untracked.length > 0 ? [chain('untracked', untracked)] : []),
    ],
    prerouting: [
      `${leftBy} accept`,
      `ct mark & ${hex(both)} vmap { 0 : jump unmarked, ${[incoming, both].map((bits) => `${hex(bits)} : goto came_in`).join(', ')} }`,
      'ct status expected goto expected',
      ...(untracked.length > 0 ? ['ct state untracked meta mark 0 goto untracked'] : []),
    ],
    translated: 'ct status snat,dnat jump translated',
    answer: `ct direction reply ct mark & ${hex(incoming)} != 0 meta mark 0 ${byNumber}`,
  }
}

/** The match for a connection that has left by no uplink, and come in by none. */
export function unremembered(layout: Layout): string {
  const { pinned, incoming } = marks(layout)
  return `ct mark & ${hex((pinned | incoming) >>> 0)} == 0`
}

/**
 * Chains that note the uplink in the connection's mark. Both have the bit that packets are routed by, as others' rules
 * may restore a connection's whole mark to its packets.
 */
function rememberChains({ number }: Present, layout: Layout): readonly Chain[] {
  const { others, pinned, incoming } = marks(layout)
  // nft lists the mask of what is kept together with the bits that are set; where those are all bits (number 63), it
  // lists none.
  const remember = (bits: number) => {
    const kept = (others | bits) >>> 0
    return `ct mark set ct mark ${kept === 0xffffffff ? '' : `& ${hex(kept)} `}| ${hex(bits)}`
  }
  const left = (markOf(number, layout) | pinned) >>> 0
  return [
    { name: `to_${number}`, hook: null, rules: [remember(left)] },
    { name: `in_${number}`, hook: null, rules: [remember((left | incoming) >>> 0)] },
  ]
}

// ---- connections of before -------------------------------------------------------------------------------------

/**
 * By family, the addresses that belong to one uplink alone, with its number; in IPv6 also the prefixes that are routed
 * to it.
 */
type Evidence = Readonly<Record<Family, readonly (readonly [address: string, number: number])[]>>

function evidenceOf(present: readonly Present[]): Evidence {
  const of = (family: Family) =>
    present.flatMap(({ number, translateTo, [family]: path }) =>
      [...new Set([...(path?.addresses ?? []), translateTo?.[family] ?? []].flat())].map(
        (address) => [address, number] as const,
      ),
    )
  const ipv4 = of('inet')
  const ipv6 = [
    ...of('inet6').map(([address, number]) => [`${address}/128`, number] as const),
    ...present.flatMap(({ number, prefixes = [] }) => prefixes.map((prefix) => [prefix, number] as const)),
  ].flatMap(([text, number]) => {
    const prefix = parsePrefix(text)
    return prefix ? [{ prefix, number }] : []
  })
  return {
    inet: sorted(ipv4.filter(([address, number]) => !ipv4.some(([other, its]) => other === address && its !== number))),
    inet6: sorted(
      ipv6.filter((one) => isClear(one, ipv6)).map(({ prefix, number }) => [textOf(prefix), number] as const),
    ),
  }
}

interface Owned {
  readonly prefix: Prefix
  readonly number: number
}

/**
 * Whether the prefix is neither within another of the same uplink, which says the same, nor overlaps with another's.
 */
function isClear(one: Owned, all: readonly Owned[]): boolean {
  return all.every((other, index) => {
    if (other === one) return true
    const same = other.prefix.bits === one.prefix.bits && other.prefix.length === one.prefix.length
    if (other.number === one.number) return same ? all.indexOf(one) < index : !isWithin(one.prefix, other.prefix)
    return !isWithin(one.prefix, other.prefix) && !isWithin(other.prefix, one.prefix)
  })
}

function textOf(prefix: Prefix): string {
  return prefixText(prefix).replace(/\/128$/, '')
}

function sorted(pairs: readonly (readonly [string, number])[]) {
  return pairs.toSorted(([one], [other]) => (one < other ? -1 : 1))
}

/**
 * The direction in which the uplink's address is the destination: of what left, where answers go; of what came in,
 * where it was sent.
 */
const ends = { original: 'ct reply', reply: 'ct original' } as const
const headers = { inet: 'ip', inet6: 'ip6' } as const
const families = ['inet', 'inet6'] as const

/**
 * Rules for connections that may be older than our table. What is not translated has its own address there: with IPv6
 * that may be the uplink's, too, but a new connection's says nothing.
 */
function maybeLines(evidence: Evidence): readonly string[] {
  const known = { inet: { original: 'ct status snat', reply: 'ct status dnat' } } as const
  return families.flatMap((family) =>
    evidence[family].length === 0
      ? []
      : (['original', 'reply'] as const).map((direction) => {
          const which = family === 'inet' ? known.inet[direction] : 'ct state established,related'
          const elements = evidence[family].map(([address]) => `${address} : goto leaves`)
          return `ct direction ${direction} ${which} ${ends[direction]} ${headers[family]} daddr vmap { ${elements.join(', ')} }`
        }),
  )
}

// ---- what is not tracked ---------------------------------------------------------------------------------------

/**
 * Whether others' policy rules for IPv6 stand behind our block, where packets with our marks do not come to. `fib` asks
 * for a destination without its source, so it cannot tell what those would say.
 */
function haveLateRules({ rules }: Observed, layout: Layout): boolean {
  return rules.some(
    ({ family, priority, protocol, spec }) =>
      family === 'inet6' &&
      protocol !== protocols.rule &&
      priority > layout.ruleBase &&
      priority <= lastPriority &&
      !inOurBlock(priority, layout) &&
      !spec.includes('fwmark '),
  )
}

/** Rules that give what is about to leave by an uplink the mark of the one whose prefix its source is of. */
function untrackedLines(
  { inet6 }: Evidence,
  present: readonly Present[],
  byMark: (number: number) => string,
): readonly string[] {
  const some = present.filter((uplink) => isUplinkIn('inet6', uplink)).toSorted((a, b) => a.index - b.index)
  return inet6
    .filter(([source]) => source.includes('/') && some.length > 0)
    .map(([source, number]) => `ip6 saddr ${source} fib daddr oif ${devices(some)} ${byMark(number)}`)
}

function adoptLines(evidence: Evidence): readonly string[] {
  return families.flatMap((family) =>
    evidence[family].length === 0
      ? []
      : (['original', 'reply'] as const).map((direction) => {
          const chain = direction === 'original' ? 'to' : 'in'
          const elements = evidence[family].map(([address, number]) => `${address} : jump ${chain}_${number}`)
          return `ct direction ${direction} ${ends[direction]} ${headers[family]} daddr vmap { ${elements.join(', ')} }`
        }),
  )
}
