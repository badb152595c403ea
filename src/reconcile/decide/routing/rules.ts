/** Uplinks -> policy rules in the order of adding: jumps' targets first, the balanced pair last. Pure. */

import { marksOfSlices } from '../../../kernel/cgroup/slices.ts'
import { type RuleParts, ruleSpec } from '../../../kernel/iproute/rule.ts'
import {
  ruleOffsets as at,
  balancedTable,
  boundAddressOffsets,
  jumpOffset,
  jumpWidth,
  lastPriority,
  markOf,
  marks,
  maxUplinks,
  pinnedOffset,
  protocols,
  tables,
  uplinkTable,
} from '../../../layout.ts'
import { isUplinkIn } from '../../../model/active-uplinks.ts'
import type { Config } from '../../../model/config.ts'
import type { Rule } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Uplink } from '../../../model/uplink.ts'
import type { Family } from '../../../net/family.ts'
import { steers } from '../steering/choice.ts'
import { routedNetworks } from '../steering/routed-networks.ts'
import { jumpPast, pastAddresses } from './bound-addresses.ts'
import { lateRules } from './late-rules.ts'
import { mainFirst } from './main-first.ts'
import { lanRoutes, mainLeadsElsewhere } from './main-routes.ts'

/** The source of a socket that has no address yet. */
const unspecified = '0.0.0.0'

export function decideRules(
  family: Family,
  config: Config,
  uplinks: readonly Uplink[],
  observed: Observed,
): readonly Rule[] {
  const { layout } = config
  const { pinned, numberMask, incoming } = marks(layout)
  const steering = steers(config)
  const unsteered = { value: 0, mask: (numberMask | incoming) >>> 0 }
  const unlessSteered = steering ? { mark: unsteered } : {}
  const byNumber = ({ number }: Uplink) => ({
    mark: { value: markOf(number, layout), mask: numberMask },
    action: { lookup: uplinkTable(number, layout) },
  })
  const rule = (priority: number, parts: RuleParts): Rule => ({
    family,
    priority,
    protocol: protocols.rule,
    spec: ruleSpec(parts),
  })
  const ours = (offset: number, parts: RuleParts) => rule(layout.ruleBase + offset, parts)
  const jump = (offset: number) => ({ goto: layout.ruleBase + offset })

  // The kernel routes both directions of an offloaded flow with its mark.
  const marksAnything = config.balance.offload === true || marksOfSlices(uplinks, observed, config).size > 0
  const { ask, skips } = lanRoutes(family, uplinks, observed)
  const asksMain = marksAnything || ask

  const unasked = [...skips.map((to) => ({ to })), ...lateRules(family, observed, layout)]
  /**
   * Rules at the priority of the jump for packets that are not pinned; no packet matches both kinds, so their order
   * does not matter.
   */
  const pastMain = () => [
    ours(at.pinnedMain, mainFirst),
    ...(unasked.length > 0 && !uplinks.some(({ number }) => number === 1)
      ? [ours(pinnedOffset(1), { action: { nop: true } })]
      : []),
    ...unasked.map((selector) =>
      ours(at.unpinned, {
        ...selector,
        mark: { value: pinned, mask: pinned },
        action: jump(pinnedOffset(1)),
      }),
    ),
  ]

  const { jumps, landings } = passing(uplinks, config)
  const addresses = uplinks.map((uplink) => [uplink, sourceAddresses(family, uplink, uplinks)] as const)
  // IPv6 passes over rules by address by itself (fib6_rule_match() of net/ipv6/fib6_rules.c).
  const hasAddresses = family === 'inet' && addresses.some(([, own]) => own.length > 0)
  const past = pastAddresses(addresses.map(([{ number }, own]) => ({ number, addresses: own })))
  const ofUplinks = addresses.flatMap(([uplink, own]) => {
    const { number, index, interface: device } = uplink
    const lookup = { lookup: uplinkTable(number, layout) }
    return [
      ours(pinnedOffset(number), byNumber(uplink)),
      ...(index === null || !isUplinkIn(family, uplink) || uplink[family]?.refused !== undefined
        ? []
        : [ours(at.boundDevice + number, { oif: device, action: lookup })]),
      ...own.map((from) => ours(boundAddressOffsets(number).main, { from, action: mainFirst.action })),
      ...own.map((from) => ours(boundAddressOffsets(number).table, { from, action: lookup })),
    ]
  })
  return [
    ours(at.end, { action: { nop: true } }),
    ...(asksMain ? pastMain() : []),
    ...ofUplinks,
    ...(hasAddresses ? [ours(at.unbound, { from: unspecified, action: jump(at.end) })] : []),
    ...[...landings, ...past.landings].map((offset) => ours(offset, { action: { nop: true } })),
    ...past.jumps.map((one) => ours(one.offset, jumpPast(one, layout.ruleBase))),
    ...jumps.map(({ offset, mark, target }) => ours(offset, { not: true, mark, action: jump(target) })),
    ...(steering
      ? [
          ours(at.unsteered, { action: { nop: true } }),
          ours(at.steeredMain, mainFirst),
          ...uplinks.map((uplink) => ours(at.steeredUplink, byNumber(uplink))),
          ours(at.steeredToMain, { action: { lookup: tables.main } }),
          ours(at.steered, { mark: unsteered, action: jump(at.unsteered) }),
        ]
      : []),
    ours(at.forwarded, { not: true, iif: 'lo', action: jump(at.end) }),
    ours(at.unpinned, { mark: { value: 0, mask: pinned }, action: jump(at.forwarded) }),
    ...(mainLeadsElsewhere(family, uplinks, observed)
      ? []
      : [
          rule(lastPriority, mainFirst),
          // We are no router for an uplink's neighbours: what they send gets what it would get without us.
          ...uplinks
            .filter((uplink) => uplink.index !== null && isUplinkIn(family, uplink))
            .map(({ interface: iif }) => rule(lastPriority, { iif, action: { lookup: tables.main } })),
          ...routedNetworks(family, uplinks, observed).map((from) =>
            rule(lastPriority, { from, ...unlessSteered, action: { lookup: tables.main } }),
          ),
          rule(lastPriority, { ...unlessSteered, action: { lookup: balancedTable(layout) } }),
          // Steered packets. What no rule of ours takes, as what is left alone, comes to main's own rule next.
          ...(steering ? uplinks.map((uplink) => rule(lastPriority, byNumber(uplink))) : []),
        ]),
  ]
}

/**
 * How packets go past the uplinks of number 8 and above, in eights: jumps for those whose mark is not one of the eight.
 * The kernel compares jumps without their targets (rule_exists() of net/core/fib_rules.c), so a jump has the same
 * target whichever uplinks there are: the next eight's jump, and where that has none, a rule that does nothing.
 */
function passing(uplinks: readonly Uplink[], { layout }: Config) {
  const mask = markOf(maxUplinks + 1 - jumpWidth, layout)
  const after = (first: number) => (first + jumpWidth > maxUplinks ? at.forwarded : jumpOffset(first + jumpWidth))
  const firsts = [...new Set(uplinks.map(({ number }) => number - (number % jumpWidth)))].filter((first) => first > 0)
  const jumps = firsts
    // The last jump comes first, as each is the target of the one before.
    .toSorted((a, b) => b - a)
    .map((first) => ({
      offset: jumpOffset(first),
      mark: { value: markOf(first, layout), mask },
      target: after(first),
    }))
  const landings = jumps
    .map(({ target }) => target)
    .filter((target) => target !== at.forwarded && !jumps.some(({ offset }) => offset === target))
  return { jumps, landings }
}

/**
 * Addresses that keep a socket on the uplink, with those of a LAN in the uplink's prefix. An address that two uplinks
 * have (two sticks that both hand out 192.168.8.100) tells nothing, so it is left out.
 */
function sourceAddresses(family: Family, uplink: Uplink, uplinks: readonly Uplink[]): readonly string[] {
  const others = uplinks.filter((other) => other !== uplink).flatMap((other) => other[family]?.addresses ?? [])
  const { addresses = [], lanAddresses = [], refused } = uplink[family] ?? {}
  // An uplink without a way out of its own leaves its addresses to `main`, as it was before us.
  if (refused !== undefined) return []
  return [...addresses, ...lanAddresses].filter((address) => !others.includes(address))
}
