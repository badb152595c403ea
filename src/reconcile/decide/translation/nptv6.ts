/**
 * What becomes of packets that leave by an uplink with an IPv6 source that its provider would not take: a client's,
 * from another uplink's prefix or from a private one. Where the uplink has a prefix of its own that is large enough,
 * the address is moved into it and keeps its subnet and host part, as in RFC 6296; otherwise it becomes the uplink's
 * own, by masquerade.
 *
 * Unlike RFC 6296 this is done by connection (nft's `snat prefix`), so nothing from outside reaches a client that did
 * not ask first, and two addresses that would become the same are told apart by ports.
 */

import type { Layout } from '../../../layout.ts'
import { markOf, marks } from '../../../layout.ts'
import type { Ruleset } from '../../../model/kernel.ts'
import type { Step } from '../../../model/step.ts'
import type { Uplink } from '../../../model/uplink.ts'
import { extend, isWithin, type Prefix, parsePrefix, prefixText } from '../../../net/ipv6-prefix.ts'
import { changesToSource } from './source.ts'

/** Bits of a private prefix's global ID (RFC 4193); what follows tells subnets and hosts apart. */
const privateSite = 48

/** The longest prefix with room for hosts' parts, which have 64 bits. */
const longest = 64

/** Rules for the uplink's chain in the postrouting hook, for all known prefixes. */
export function translateSources(uplink: Uplink, uplinks: readonly Uplink[]): readonly string[] {
  const mine = parsed(uplink.prefixes)
  const roomy = roomyOf(uplink)
  const toSource = changesToSource('inet6', uplink)
  const known = parsed(uplinks.flatMap(({ prefixes = [], formerPrefixes = [] }) => [...prefixes, ...formerPrefixes]))
  const foreign = known.filter((source) => !mine.some((prefix) => isWithin(source, prefix)))
  return [
    ...mine.map((prefix) => `ip6 saddr ${prefixText(prefix)} accept`),
    ...foreign.flatMap((source) => {
      const target = roomy.find(({ length }) => length <= source.length)
      const changes = toSource ?? [target ? moveTo(target, source.length) : changeRest(uplink)]
      return changes.map((change) => `ip6 saddr ${prefixText(source)} ${change}`)
    }),
  ]
}

/** Rules for private sources (fc00::/7). */
export function movePrivate(uplink: Uplink): readonly string[] {
  const [first] = roomyOf(uplink)
  const change = first ? moveTo(first, Math.max(first.length, privateSite)) : changeRest(uplink)
  return (changesToSource('inet6', uplink) ?? [change]).map((one) => `ip6 saddr fc00::/7 ${one}`)
}

function roomyOf({ prefixes }: Uplink): readonly Prefix[] {
  return parsed(prefixes)
    .filter(({ length }) => length <= longest)
    .toSorted((a, b) => a.length - b.length)
}

/**
 * The change for all other sources. It is no masquerade where that could take another interface's address: this one has
 * none, or only deprecated ones, which the kernel avoids before it looks at interfaces (RFC 6724, rules 3 and 5).
 */
export function changeRest({ prefixes, inet6 }: Uplink): string {
  const [first] = parsed(prefixes)
  const [address] = inet6?.addresses ?? []
  if (inet6?.deprecated && address !== undefined) return `snat ip6 to ${address}`
  return first && inet6 && address === undefined ? moveTo(first, first.length) : 'masquerade'
}

/**
 * The change that moves a source into a prefix. The shorter of two prefixes is filled up with zeros (RFC 6296, 3.1).
 */
function moveTo(target: Prefix, length: number): string {
  return `snat ip6 prefix to ${prefixText(extend(target, length))}`
}

/** The prefixes in the order given, each once, without those within another. */
function parsed(prefixes: readonly string[] = []): readonly Prefix[] {
  const all = [...new Set(prefixes)].flatMap((text) => parsePrefix(text) ?? [])
  return all.filter((one) => !all.some((other) => other !== one && isWithin(one, other)))
}

/**
 * Steps that end connections whose source was used as it is, or moved, in a way that no longer holds: an uplink has
 * another prefix now, and its provider no longer takes the former one. conntrack knows them by the address that they
 * began with.
 */
export function connectionsOfFormerPrefixes(
  observed: Ruleset | null,
  desired: Ruleset | null,
  uplinks: readonly Uplink[],
  layout: Layout,
): readonly Step[] {
  const { pinned, incoming, numberMask } = marks(layout)
  return uplinks.flatMap(({ name, number }) => {
    const chain = `nat_${number}`
    const wanted = rulesOf(desired, chain)
    // Without the chain, the uplink is gone, and diff.ts ends its connections.
    if (wanted.length === 0) return []
    return rulesOf(observed, chain)
      .filter((rule) => !wanted.includes(rule))
      .flatMap((rule) => /^ip6 saddr ([0-9a-f:]+\/\d+) (?:accept|snat )/.exec(rule)?.[1] ?? [])
      .map((source): Step => {
        const mark = (markOf(number, layout) | pinned) >>> 0
        const mask = (numberMask | pinned | incoming) >>> 0
        return { kind: 'forget-connections', uplink: name, family: 'inet6', mark, mask, source }
      })
  })
}

function rulesOf(ruleset: Ruleset | null, chain: string): readonly string[] {
  return ruleset?.chains.find(({ name }) => name === chain)?.rules ?? []
}
