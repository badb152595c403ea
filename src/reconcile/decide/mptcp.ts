/**
 * Which addresses one MPTCP connection may use (RFC 8684): one of each usable uplink and family, so that a connection has a
 * subflow by each. There only while the uplink is usable, as the kernel keeps an endpoint though its address is gone. Pure.
 */
import { mptcpIds } from '../../layout.ts'
import { activeUplinks, eligibleUplinks, usable } from '../../model/active-uplinks.ts'
import type { Config } from '../../model/config.ts'
import type { Link } from '../../model/kernel.ts'
import { modeOf } from '../../model/mode.ts'
import type { Mptcp, MptcpEndpoint } from '../../model/mptcp.ts'
import type { Observed } from '../../model/observed.ts'
import type { Path, Uplink } from '../../model/uplink.ts'
import type { Family } from '../../net/family.ts'
import { contains } from '../../net/prefix.ts'
import { isLinkLocal } from '../../net/valid.ts'
import { compareInTurn } from '../../values/compare-in-turn.ts'

/** MPTCP_PM_ADDR_MAX and MPTCP_SUBFLOWS_MAX of Linux 6.1 to 6.18 (net/mptcp/protocol.h). */
const mostEndpoints = 8
export const mostSubflows = 8

const families = ['inet', 'inet6'] as const

/**
 * What should be. Undefined where the kernel has no MPTCP, nobody wants it, others manage it, or one uplink is known. The last
 * that is usable stays: with its endpoint, the kernel would end the subflow that a connection has left.
 */
export function decideMptcp(config: Config, uplinks: readonly Uplink[], observed: Observed): Mptcp | undefined {
  if (!observed.mptcp || config.balance.mptcp === 'no') return undefined
  if (observed.mptcpd || othersEndpoints(observed).length > 0) return undefined
  if (uplinks.length < 2) return undefined
  const all = families.flatMap((family) => candidates(family, config, uplinks, observed)).toSorted(byUse)
  const distinct = all.filter(({ address }, index) => all.findIndex((other) => other.address === address) === index)
  return { endpoints: distinct.slice(0, mostEndpoints), subflows: Math.max(mostSubflows, observed.mptcp.subflows) }
}

/** Endpoints of others, who manage MPTCP then: NetworkManager does (`connection.mptcp-flags`), and mptcpd, and people. */
export function othersEndpoints({ mptcp }: Pick<Observed, 'mptcp'>): readonly MptcpEndpoint[] {
  // The kernel makes implicit ones for itself, where a connection begins at an address that is no endpoint.
  return mptcp?.endpoints.filter((one) => !isOurEndpoint(one) && !one.flags.includes('implicit')) ?? []
}

/**
 * The number of subflows to remember, as it was before it was raised; undefined where nothing is to be put back. Where the kernel was not
 * asked, as for others than root, what is remembered stays.
 */
export function formerSubflows({ state, mptcp }: Observed, wanted: Mptcp | undefined): number | undefined {
  return mptcp ? wanted && (state.subflows ?? mptcp.subflows) : state.subflows
}

export function isOurEndpoint({ id }: MptcpEndpoint): boolean {
  return id > mptcpIds.inet && id < mptcpIds.end
}

function candidates(
  family: Family,
  config: Config,
  uplinks: readonly Uplink[],
  observed: Observed,
): readonly MptcpEndpoint[] {
  const inOrder = modeOf(config.balance.mode).spreads === 'in order'
  const carrying = (inOrder ? activeUplinks : eligibleUplinks)(family, config, uplinks).map(({ name }) => name)
  // A drained one keeps what it has.
  const all = uplinks.map(({ drained: _, ...uplink }) => uplink)
  const able = usable(family, all)
  return able.flatMap(({ name, number, interface: device, path }) => {
    const id = mptcpIds[family] + number
    const present = observed.mptcp?.endpoints.find((one) => one.id === id)?.address
    const isLast = able.length === 1 && present !== undefined && path.addresses.includes(present)
    const address = isLast
      ? present
      : addressOfNew(
          family,
          path,
          observed.links.find((link) => link.name === device),
        )
    if (address === undefined || path.deprecated) return []
    const costs = config.uplinks.find((section) => section.name === name)?.metered ?? false
    const flags = costs || !carrying.includes(name) ? ['backup', 'subflow'] : ['subflow']
    return [{ id, address, device, flags }]
  })
}

/**
 * The address that a new connection has which leaves by the uplink. The kernel takes that subflow for the endpoint's own only
 * where both have the same address; else it adds another one by the same line, and the two hold each other up.
 *
 * In IPv4 it is the first one whose subnet has the gateway (inet_select_addr), in IPv6 the latest of equal rank, which is the
 * first one that is listed, as no destination is known (ipv6_dev_get_saddr, RFC 6724).
 */
function addressOfNew(family: Family, path: Path, link: Link | undefined): string | undefined {
  if (path.source !== undefined) return path.source
  const { gateway, addresses } = path
  const listed = link?.addresses.filter(({ address }) => addresses.includes(address) && !isLinkLocal(address)) ?? []
  const fresh = listed.filter(({ deprecated }) => !deprecated)
  const first =
    family === 'inet6'
      ? (fresh.find(({ temporary }) => temporary) ?? fresh[0])
      : (fresh.find((one) => gateway !== null && one.peer === null && contains(one, gateway)) ?? fresh[0])
  return first?.address ?? addresses.find((one) => !isLinkLocal(one))
}

/** Those that carry come first, and of these the lowest numbers, with both families. */
function byUse(one: MptcpEndpoint, other: MptcpEndpoint): number {
  const rank = ({ id, flags }: MptcpEndpoint) => [
    Number(flags.includes('backup')),
    id > mptcpIds.inet6 ? id - mptcpIds.inet6 : id - mptcpIds.inet,
    id,
  ]
  return compareInTurn(rank(one), rank(other))
}
