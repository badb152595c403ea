/** Which IPv6 prefixes each uplink's provider routes to this host now, and which it did before. Pure. */

import type { Config, UplinkConfig } from '../../../model/config.ts'
import type { Link } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { KnownUplink } from '../../../model/state.ts'
import type { Uplink } from '../../../model/uplink.ts'
import { isWithin, parsePrefix, routedPrefixes } from '../../../net/ipv6-prefix.ts'
import { matchesPattern } from '../../../net/patterns.ts'
import { getOwn } from '../../../values/get-own.ts'

/**
 * The prefixes that are routed to a device. The configuration goes before what DHCP clients and network services say.
 */
export function routedTo(device: string, section: UplinkConfig | undefined, observed: Observed): readonly string[] {
  return section?.prefixes ?? told(device, observed)
}

function told(device: string, { delegations = {}, bus }: Observed): readonly string[] {
  return routedPrefixes([...(getOwn(delegations, device) ?? []), ...(getOwn(bus, device)?.prefixes ?? [])])
}

/** The prefixes that are routed to all other devices. */
export function prefixesOfOthers(device: string, config: Config, observed: Observed): readonly string[] {
  const devices = new Set([...Object.keys(observed.delegations ?? {}), ...Object.keys(observed.bus)])
  devices.delete(device)
  const configured = config.uplinks.filter((section) => !matchesPattern(section.interface, device))
  return [...[...devices].flatMap((other) => told(other, observed)), ...configured.flatMap((one) => one.prefixes ?? [])]
}

/** How many prefixes are remembered: more changes within the lifetime of a client's address help nobody. */
const maxRemembered = 8

type Known = Readonly<Record<string, KnownUplink>>

/**
 * The uplinks with their prefixes, and what is to be remembered. A configured prefix is not, as it may have been a
 * mistake.
 */
export function withPrefixes(
  uplinks: readonly Uplink[],
  known: Known,
  config: Config,
  observed: Observed,
): { readonly uplinks: readonly Uplink[]; readonly known: Known } {
  const found = uplinks.map((uplink) => {
    const section = config.uplinks.find(({ name }) => name === uplink.name)
    const prefixes = uplink.index === null ? [] : routedTo(uplink.interface, section, observed)
    const before = getOwn(observed.state.uplinks, uplink.name)?.prefixes ?? []
    const now = uplink.index === null ? [] : told(uplink.interface, observed)
    const remembered = [...new Set([...now, ...before])].slice(0, maxRemembered)
    return { uplink, prefixes, remembered, formerPrefixes: remembered.filter((prefix) => !prefixes.includes(prefix)) }
  })
  return {
    uplinks: found.map(({ uplink, prefixes, formerPrefixes }) => ({
      ...uplink,
      ...(prefixes.length > 0 && { prefixes }),
      ...(formerPrefixes.length > 0 && { formerPrefixes }),
    })),
    known: Object.fromEntries(
      Object.entries(known).map(([name, uplink]) => {
        const prefixes = found.find((other) => other.uplink.name === name)?.remembered ?? []
        return [name, { ...uplink, ...(prefixes.length > 0 && { prefixes }) }]
      }),
    ),
  }
}

/** This host's addresses in these prefixes on other interfaces than the uplink: those of its LANs. */
export function lanAddresses(uplink: Link, prefixes: readonly string[], { links }: Observed): readonly string[] {
  const outer = prefixes.flatMap((text) => parsePrefix(text) ?? [])
  if (outer.length === 0) return []
  return links
    .filter((link) => link.index !== uplink.index)
    .flatMap((link) => link.addresses.filter(({ family, usable }) => family === 'inet6' && usable))
    .map(({ address }) => address)
    .filter((address) => {
      const inner = parsePrefix(`${address}/128`)
      return inner !== null && outer.some((prefix) => isWithin(inner, prefix))
    })
    .toSorted()
}
