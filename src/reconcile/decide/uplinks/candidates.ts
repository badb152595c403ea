/** Which interfaces are uplinks, and the path of each in each family. Pure. */
import type { Config, UplinkConfig } from '../../../model/config.ts'
import type { Link } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Trouble } from '../../../model/trouble.ts'
import type { Path } from '../../../model/uplink.ts'
import type { Family } from '../../../net/family.ts'
import { matchesPattern } from '../../../net/patterns.ts'
import { isInterfaceName } from '../../../net/valid.ts'
import { getOwn } from '../../../values/get-own.ts'
import { withinBounds } from './bounds.ts'
import { servesLan, toldByOthers } from './lan.ts'
import { decidePath, type Wishes } from './paths.ts'
import { findByHardware } from './uplink-ids.ts'

interface Found extends Wishes {
  readonly name: string
  readonly link: Link
}

export interface Candidate extends Found {
  readonly ways: Ways
}

/** The path of each family in which the device is an uplink, and whether only routers on a LAN say so. */
type Ways = Readonly<Record<Family, Path | null>> & { readonly isAdvertised: boolean }

/** In the order of their interfaces, each name once. */
export function findCandidates(config: Config, observed: Observed, warnings: Trouble[]): readonly Candidate[] {
  return named(
    observed.links.flatMap((link) => candidate(link, config, observed, warnings)),
    warnings,
  )
}

function candidate(link: Link, config: Config, observed: Observed, warnings: Trouble[]): readonly Candidate[] {
  if (link.type === arp.loopback) return []
  const section =
    config.uplinks.find((uplink) => matchesPattern(uplink.interface, link.name)) ?? former(link, config, observed)
  if (!isInterfaceName(link.name)) {
    const { inet, inet6 } = waysOut({ name: link.name, link, section, stanza: undefined }, config, observed)
    const wanted = section !== undefined || inet !== null || inet6 !== null
    if (wanted)
      warnings.push({
        kind: 'bad-name',
        reason: `interface ${JSON.stringify(link.name)}: left out, its name has characters we never use`,
      })
    return []
  }
  const stanza = getOwn(observed.stanzas, link.name)
  const found = { name: section?.name ?? stanza?.name ?? link.name, link, section, stanza }
  const vrf = observed.links.find(({ index, kind }) => index === link.master && kind === 'vrf')
  if (vrf) {
    warnings.push(...inVrf(found, vrf.name, config, observed))
    return []
  }
  if (!mayBeUplink(found, config)) return []
  const ways = waysOut(found, config, observed)
  if (isUplink({ ...found, ways }, observed)) return [{ ...found, ways }]
  if (ways.isAdvertised)
    warnings.push({
      kind: 'lan',
      family: 'inet6',
      reason: `interface ${link.name}: a router is advertised there, but it is taken for a LAN: list it if it is none`,
    })
  return []
}

/**
 * Why a port of a VRF is left out, where it would be an uplink otherwise. What it receives is routed by the VRF's table
 * alone, and sockets that are not bound to the VRF do not hear it (Documentation/networking/vrf.rst).
 */
function inVrf(found: Found, vrf: string, config: Config, observed: Observed): readonly Trouble[] {
  const { name, link } = found
  if (!mayBeUplink({ ...found, link: { ...link, master: null } }, config)) return []
  const ways = waysOut(found, config, observed)
  if (!isUplink({ ...found, ways }, observed)) return []
  const reason = `interface ${link.name}: left out, what comes in by it belongs to VRF ${vrf} alone`
  return [{ kind: 'vrf', uplink: name, reason }]
}

/**
 * The section of the uplink whose device this is, plugged in again under another name: what is configured for it holds.
 */
function former({ name, hardware }: Link, { uplinks }: Config, { state, links }: Observed): UplinkConfig | undefined {
  const known = Object.entries(state.uplinks)
  const now = known.find(([, uplink]) => uplink.interface === name && uplink.movedFrom !== undefined)?.[0]
  const was = now ?? findByHardware(hardware, known, links)?.name
  const home = was === undefined ? undefined : (state.uplinks[was]?.movedFrom ?? state.uplinks[was]?.interface)
  return uplinks.find(
    (section) =>
      section.name === was &&
      matchesPattern(section.interface, home ?? '') &&
      !links.some((link) => matchesPattern(section.interface, link.name)),
  )
}

function mayBeUplink({ link, section, stanza }: Found, { balance }: Config): boolean {
  if (section) return true
  // A port of a bridge or bond has no traffic of its own; its master may be the uplink.
  if (link.master !== null) return false
  return stanza?.balance ?? (balance.adopt === 'auto' && mayBeAdopted(link))
}

function isUplink({ name, link, section, stanza, ways }: Candidate, { state }: Observed): boolean {
  if (section !== undefined || stanza?.balance || ways.inet !== null || ways.inet6 !== null) return true
  // A device that was an uplink stays one while its lease or carrier is away.
  const before = getOwn(state.uplinks, name)
  if (before?.interface !== link.name) return false
  return !link.up || !link.carrier || (before.families ?? []).length > 0
}

function waysOut({ name, link, section, stanza }: Found, config: Config, observed: Observed): Ways {
  const wishes = { section, stanza }
  const [inet = null, inet6 = null] = families.map((family) => {
    const path = decidePath(family, link, wishes, config, observed)
    return path && withinBounds(path, family, link, observed)
  })
  const isAdvertised =
    inet6 !== null &&
    inet === null &&
    section === undefined &&
    !stanza?.balance &&
    !toldByOthers('inet6', link, wishes, config, observed) &&
    servesLan(link, getOwn(observed.state.uplinks, name), config, observed)
  return { inet, inet6: isAdvertised ? null : inet6, isAdvertised }
}

/** ARPHRD_ numbers of linux/if_arp.h. */
const arp = { ether: 1, ppp: 512, rawip: 519, loopback: 772, none: 65534 } as const

/**
 * Whether the link's kind may be adopted: Ethernet, Wi-Fi, modems and PPP, and what is built from them to carry them. A
 * veth with a gateway is what a container sees as its network card; those of the containers on this host have none, or
 * are ports of a bridge. Tunnels (`tun`, `wireguard`), bridges and the like are for the administrator to list.
 */
export function mayBeAdopted({ kind, type }: Link): boolean {
  const kinds = [null, 'veth', 'vlan', 'bond', 'team', 'macvlan', 'ipvlan', 'wwan', 'rmnet', 'ppp']
  const types: readonly number[] = [arp.ether, arp.ppp, arp.rawip, arp.none]
  return kinds.includes(kind) && types.includes(type)
}

/**
 * The candidates with one name each: a pattern takes the interface that works, and others of the same name are told.
 */
function named(candidates: readonly Candidate[], warnings: Trouble[]): readonly Candidate[] {
  const taken = new Map<string, Candidate>()
  for (const found of candidates.toSorted((a, b) => Number(b.link.carrier) - Number(a.link.carrier))) {
    const first = taken.get(found.name)
    if (first)
      warnings.push({
        kind: 'same-name',
        uplink: found.name,
        reason: `interface ${found.link.name}: left out, ${first.link.name} is uplink ${found.name} already`,
      })
    else taken.set(found.name, found)
  }
  return [...taken.values()].toSorted((a, b) => a.link.index - b.link.index)
}

const families = ['inet', 'inet6'] as const
