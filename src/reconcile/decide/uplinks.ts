/** Which interfaces are uplinks, and what state each is in. Pure. */
import { verdictOf } from '../../lines/quota.ts'
import type { Config, UplinkConfig } from '../../model/config.ts'
import type { StanzaOptions } from '../../model/facts.ts'
import type { Link } from '../../model/kernel.ts'
import type { Observed } from '../../model/observed.ts'
import type { KnownUplink } from '../../model/state.ts'
import type { Trouble } from '../../model/trouble.ts'
import type { Path, Uplink, UplinkState } from '../../model/uplink.ts'
import type { Family } from '../../net/family.ts'
import { matchesPattern } from '../../net/patterns.ts'
import { isInterfaceName } from '../../net/valid.ts'
import { getOwn } from '../../values/get-own.ts'
import { exceedsBounds, maxAddresses, withinBounds } from './bounds.ts'
import { withPrefixes } from './dhcpv6-pd.ts'
import { servesLan, toldByOthers } from './lan.ts'
import { decidePath, type Wishes } from './paths.ts'
import { decideNumbers, findByHardware } from './uplink-ids.ts'
import { withWeights } from './weights.ts'

export interface Uplinks {
  readonly uplinks: readonly Uplink[]
  readonly known: Readonly<Record<string, KnownUplink>>
  readonly warnings: readonly Trouble[]
}

const defaults = { weight: 1, metric: 10 } as const

interface Found extends Wishes {
  readonly name: string
  readonly link: Link
}

interface Candidate extends Found {
  readonly ways: Ways
}

/** The path of each family in which the device is an uplink, and whether only routers on a LAN say so. */
type Ways = Readonly<Record<Family, Path | null>> & { readonly isAdvertised: boolean }

/**
 * Uplinks in the order of their numbers: those that are here, and those that earlier runs or the configuration know.
 */
export function decideUplinks(config: Config, observed: Observed): Uplinks {
  const warnings: Trouble[] = []
  const candidates = named(
    observed.links.flatMap((link) => candidate(link, config, observed, warnings)),
    warnings,
  )
  const here = candidates.map(({ name, link }) => ({ name, interface: link.name, hardware: link.hardware }))
  const away = config.uplinks.filter(({ name }) => !here.some((uplink) => uplink.name === name))
  const known = decideNumbers([...here, ...away], config, observed)
  const uplinks = Object.entries(known).map(([name, { number, interface: device }]): Uplink => {
    const found = candidates.find((other) => other.name === name)
    if (found) {
      if (lacksBearer(found.link, observed))
        warnings.push({
          kind: 'no-bearer',
          uplink: name,
          reason: `uplink ${name}: its modem is not connected (ModemManager)`,
        })
      return present(found, number, observed)
    }
    return absent(
      name,
      number,
      device,
      config.uplinks.find((section) => section.name === name),
      observed,
    )
  })
  for (const uplink of uplinks) warnings.push(...whatIsRefused(uplink))
  for (const uplink of uplinks) warnings.push(...whatIsTooMuch(uplink, observed))
  for (const { name } of candidates)
    if (!Object.hasOwn(known, name))
      warnings.push({ kind: 'no-number', uplink: name, reason: `uplink ${name}: left out, all numbers are taken` })
  const told = withPrefixes(withWeights(uplinks, config, observed), known, config, observed)
  return { ...told, known: withFamilies(told.known, candidates, config, observed), warnings }
}

function whatIsRefused(uplink: Uplink): readonly Trouble[] {
  return families.flatMap((family): readonly Trouble[] => {
    const why = uplink[family]?.refused
    if (why === undefined) return []
    const reason = `uplink ${uplink.name}: left out for ${ipv(family)}, refused: ${why}`
    return [{ kind: 'refused', uplink: uplink.name, family, reason }]
  })
}

function whatIsTooMuch(uplink: Uplink, { links }: Observed): readonly Trouble[] {
  const link = links.find(({ name }) => name === uplink.interface)
  if (!link) return []
  return families.flatMap((family): readonly Trouble[] => {
    if (!exceedsBounds(link, family, uplink[family])) return []
    const reason = `uplink ${uplink.name}: more than ${maxAddresses} ${ipv(family)} addresses: sockets that are bound to the others are balanced`
    return [{ kind: 'many-addresses', uplink: uplink.name, family, reason }]
  })
}

function ipv(family: Family): string {
  return family === 'inet' ? 'IPv4' : 'IPv6'
}

/**
 * The known uplinks with the families in which they were told of by more than their neighbours. What was told before
 * counts until the next boot.
 */
function withFamilies(
  known: Readonly<Record<string, KnownUplink>>,
  candidates: readonly Candidate[],
  config: Config,
  observed: Observed,
): Readonly<Record<string, KnownUplink>> {
  return Object.fromEntries(
    Object.entries(known).map(([name, entry]) => {
      const found = candidates.find((other) => other.name === name)
      const before = getOwn(observed.state.uplinks, name)?.families ?? []
      const told = families.filter(
        (family) =>
          before.includes(family) ||
          (found && found.ways[family] !== null && toldByOthers(family, found.link, found, config, observed)),
      )
      return [name, { ...entry, ...(told.length > 0 && { families: told }) }]
    }),
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

const families = ['inet', 'inet6'] as const

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

function present({ name, link, section, stanza, ways: all }: Candidate, number: number, observed: Observed): Uplink {
  const enabled = isEnabled(name, section, observed)
  const ways = link.up && enabled ? all : noWays
  const path = (family: Family) =>
    withLine(name, family, withRefusal(ways[family], family, link, number, observed), section, observed)
  const paths = { inet: path('inet'), inet6: path('inet6') }
  const before = getOwn(observed.state.uplinks, name)?.families ?? []
  const awayIn = families.filter((family) => enabled && paths[family] === null && before.includes(family))
  return {
    name,
    number,
    interface: link.name,
    index: enabled ? link.index : null,
    state: stateOf(link, enabled, paths, lacksBearer(link, observed)),
    ...preferences(section, stanza),
    ...(awayIn.length > 0 && { awayIn }),
    ...paths,
  }
}

const noWays = { inet: null, inet6: null } as const

function stateOf(
  link: Link,
  enabled: boolean,
  { inet, inet6 }: Pick<Uplink, 'inet' | 'inet6'>,
  lacksBearer: boolean,
): UplinkState {
  if (!enabled) return 'disabled'
  if (!link.up || !link.carrier || lacksBearer) return 'down'
  const lines = [inet, inet6].flatMap((path) => (path && path.refused === undefined ? [path.line] : []))
  if (lines.length === 0) return 'unconfigured'
  const alive = lines.filter((line) => line?.state !== 'offline')
  if (alive.length === 0) return 'offline'
  if (alive.every((line) => line?.degraded)) return 'degraded'
  return alive.every((line) => line?.state === 'suspect') ? 'suspect' : 'online'
}

/** The path with what refused it: what the kernel or nft did not take cannot be used. */
function withRefusal(
  path: Path | null,
  family: Family,
  { name, index }: Link,
  number: number,
  { refused = [], ruleset, rulesetRefused }: Observed,
): Path | null {
  if (!path) return path
  const pins = ruleset?.chains.find((chain) => chain.name === 'pin')?.rules.join(' ') ?? ''
  const isKnown = new RegExp(`[ {]${index} : goto to_${number}[ ,}]`).test(pins)
  const why =
    rulesetRefused !== undefined && !isKnown
      ? rulesetRefused
      : refused.find(
          ({ gateway = path.gateway, ...other }) =>
            other.family === family && other.device === name && gateway === path.gateway,
        )?.why
  return why === undefined ? path : { ...path, refused: why }
}

/**
 * The path with what is known of its line. The daemon's verdict has the quota in it; before there is one, the counts on
 * disk tell.
 */
function withLine(
  name: string,
  family: Family,
  path: Path | null,
  section: UplinkConfig | undefined,
  { health, quotas }: Observed,
): Path | null {
  if (!path) return path
  const line = getOwn(getOwn(health ?? {}, name) ?? {}, family)
  const atQuota = section?.quota && quotas && verdictOf(getOwn(quotas.used, name), quotas.today, section.quota)
  if (!line && !atQuota) return path
  const barred = line?.barred || atQuota === 'disable'
  const degraded = line?.degraded || Boolean(atQuota)
  return { ...path, line: { state: line?.state ?? 'online', degraded, ...(barred ? { barred } : {}) } }
}

/** Whether a modem has no data connection: its link stays up in the kernel when the network has dropped it. */
function lacksBearer({ name }: Link, { bus }: Observed): boolean {
  return getOwn(bus, name)?.modem?.connected === false
}

function isEnabled(name: string, section: UplinkConfig | undefined, { disabled }: Observed): boolean {
  return (section?.enabled ?? true) && !disabled.includes(name)
}

function absent(
  name: string,
  number: number,
  device: string,
  section: UplinkConfig | undefined,
  observed: Observed,
): Uplink {
  const state = isEnabled(name, section, observed) ? 'absent' : 'disabled'
  return {
    name,
    number,
    interface: device,
    index: null,
    state,
    ...preferences(section, undefined),
    inet: null,
    inet6: null,
  }
}

function preferences(section: UplinkConfig | undefined, stanza: StanzaOptions | undefined) {
  const weight = section?.weight ?? stanza?.weight
  return {
    ...(weight === undefined ? { weight: defaults.weight, auto: true as const } : { weight }),
    metric: section?.metric ?? stanza?.metric ?? defaults.metric,
    ...(section?.standby ? { standby: true } : {}),
  }
}
