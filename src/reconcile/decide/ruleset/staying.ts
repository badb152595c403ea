/**
 * What keeps a connection on its uplink: its number is remembered in the connection's mark, and packets that leave get it.
 *
 * - The first rule is for most packets of forwarded connections, and the last that they meet; answers to these meet the next two.
 * - A connection without a mark is new, or stays inside, or began while this table was away: then it is told by where it comes
 *   in, or by the uplink's address that it was translated to. The route is asked last: what goes to a VPN or a LAN is not ours.
 * - What a helper expected (FTP's data, RTP) inherits its master's mark, and may have the opposite direction.
 * - A socket without the uplink's address (of a LAN's, or a proxy's with its client's) is told by its translation; so are ICMP
 *   errors of this host's about what it forwards. A client's address may be of the uplink's prefix, and needs none.
 * - What others do not have tracked (`notrack`) is never translated, so a source of an uplink's prefix leaves by that uplink:
 *   any other provider drops it.
 * - Where others write connections' marks, what they clear in the middle of our rules is not taken for what it was: the packet
 *   asks once more, and then finds its uplink by its connection's address.
 * - Packets whose mark is not 0 are left alone: WireGuard's own UDP, for one, would loop into its tunnel.
 */

import { byFamily, cameIn, devices, verdicts, ways } from '../../../kernel/nft/verdicts.ts'
import { inOurBlock, type Layout, lastPriority, markOf, marks, protocols } from '../../../layout.ts'
import { isUplinkIn, type Present } from '../../../model/active-uplinks.ts'
import type { Config } from '../../../model/config.ts'
import type { Chain } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import { hex } from '../../../values/hex.ts'
import { type Evidence, evidenceOf, type Owned } from './evidence.ts'

export interface Staying {
  readonly chains: readonly Chain[]
  readonly prerouting: readonly string[]
  /** Rules of the chain that packets of connections get to which have left by no uplink. */
  readonly unpinned: readonly string[]
  /** Rules for the host's own packets, before everything else that marks them. */
  readonly translated: readonly string[]
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
  const evidence = evidenceOf(present, observed)
  // What is read twice may be cleared in between, while another processor has a packet of the same connection.
  const areCleared = observed.foreignMarks?.some(({ of }) => of === 'connection') ?? false
  const ofConnection = `meta mark 0 meta mark set ct mark & ${hex(mask)}`
  const askAgain = areCleared ? ['ct direction original meta mark 0 jump adopt'] : []
  const proxied = proxiedLines(evidence)
  const untracked = haveLateRules(observed, layout) ? [] : untrackedLines(evidence, present, byMark)
  return {
    chains: [
      ...present.flatMap((uplink) => rememberChains(uplink, layout)),
      ...(areCleared
        ? [
            chain('adopt', [...adoptLines(evidence), ofConnection, 'meta mark 0 goto adopt_again']),
            chain('adopt_again', [...adoptLines(evidence), ofConnection]),
          ]
        : [chain('adopt', [...adoptLines(evidence), `ct mark & ${hex(pinned)} != 0 meta mark 0 ${byNumber}`])]),
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
      chain('came_in', [
        `ct direction reply ${areCleared ? `${ofConnection} meta mark != 0` : `meta mark 0 ${byNumber}`} accept`,
        'ct status expected goto expected',
        ...(areCleared ? ['ct direction reply meta mark 0 goto unmarked'] : []),
      ]),
      chain('expected', [
        ...cameIn(present).map((which) => `${which} accept`),
        `ct direction original ct mark set ct mark & ${hex(~incoming >>> 0)} | ${hex(pinned)}`,
        `ct direction reply ct mark set ct mark | ${hex(both)}`,
        `meta mark 0 ${byNumber}`,
      ]),
      chain('translated', [`${unremembered(layout)} jump adopt`, leftBy, ...askAgain]),
      ...(proxied.length > 0
        ? [
            chain('proxied', [
              ...byFamily(present, (some) => `oif ${devices(some)} ${unremembered(layout)} jump adopt`),
              leftBy,
              ...askAgain,
            ]),
          ]
        : []),
      ...(untracked.length > 0 ? [chain('untracked', untracked)] : []),
    ],
    prerouting: [
      ...(areCleared
        ? [`${leftBy} meta mark != 0 accept`, `ct direction original meta mark 0 goto ${unpinnedChain}`]
        : [`${leftBy} accept`]),
      `ct mark & ${hex(both)} != ${hex(pinned)} goto ${unpinnedChain}`,
      'ct status expected goto expected',
      ...(untracked.length > 0 ? ['ct state untracked meta mark 0 goto untracked'] : []),
    ],
    unpinned: [`ct mark & ${hex(incoming)} != 0 goto came_in`, 'jump unmarked', 'ct status expected goto expected'],
    translated: ['ct status snat,dnat jump translated', ...proxied],
    answer: `ct direction reply ct mark & ${hex(incoming)} != 0 meta mark 0 ${byNumber}`,
  }
}

/** Its name; a comparison that leads there costs answers to what has left less than a look-up in a map. */
export const unpinnedChain = 'unpinned'

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
 * The direction in which the uplink's address is the destination: of what left, where answers go; of what came in,
 * where it was sent.
 */
const ends = { original: 'ct reply', reply: 'ct original' } as const
const headers = { inet: 'ip', inet6: 'ip6' } as const
const families = ['inet', 'inet6'] as const

/**
 * Rules for connections that may be older than our table. What is not translated has its own address there: in IPv6, and
 * behind a proxy for ARP, that may be the uplink's, too, but a new connection's says nothing.
 */
function maybeLines(evidence: Evidence): readonly string[] {
  const known = { original: 'ct status snat', reply: 'ct status dnat' } as const
  return families.flatMap((family) =>
    (['original', 'reply'] as const).flatMap((direction) => {
      const line = (which: string, some: readonly Owned[]) =>
        some.length === 0
          ? []
          : [
              `ct direction ${direction} ${which} ${ends[direction]} ${headers[family]} daddr vmap { ${some.map(({ text }) => `${text} : goto leaves`).join(', ')} }`,
            ]
      const all = evidence[family]
      if (family === 'inet6') return line(earlier, all)
      return [
        ...line(
          known[direction],
          all.filter(({ behind }) => !behind),
        ),
        ...line(
          earlier,
          all.filter(({ behind }) => behind),
        ),
      ]
    }),
  )
}

const earlier = 'ct state established,related'

/** Rules for this host's packets whose source is one that hosts behind it have, as a proxy's with its client's address. */
function proxiedLines(evidence: Evidence): readonly string[] {
  return families.flatMap((family) => {
    const some = evidence[family].filter(({ behind }) => behind)
    if (some.length === 0) return []
    const sources = some.map(({ text }) => text).join(', ')
    return [`${headers[family]} saddr { ${sources} } ${earlier} fib saddr type != local jump proxied`]
  })
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
    .filter(({ text }) => text.includes('/') && some.length > 0)
    .map(({ text, number }) => `ip6 saddr ${text} fib daddr oif ${devices(some)} ${byMark(number)}`)
}

function adoptLines(evidence: Evidence): readonly string[] {
  return families.flatMap((family) =>
    evidence[family].length === 0
      ? []
      : (['original', 'reply'] as const).map((direction) => {
          const chain = direction === 'original' ? 'to' : 'in'
          const elements = evidence[family].map(({ text, number }) => `${text} : jump ${chain}_${number}`)
          return `ct direction ${direction} ${ends[direction]} ${headers[family]} daddr vmap { ${elements.join(', ')} }`
        }),
  )
}
