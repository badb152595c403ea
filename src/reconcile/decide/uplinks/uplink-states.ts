/** What state an uplink is in: one whose interface is here, and one whose is not. Pure. */
import { verdictOf } from '../../../lines/quota.ts'
import type { UplinkConfig } from '../../../model/config.ts'
import type { StanzaOptions } from '../../../model/facts.ts'
import type { Link } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Role } from '../../../model/state.ts'
import type { Path, Uplink, UplinkState } from '../../../model/uplink.ts'
import type { Family } from '../../../net/family.ts'
import { getOwn } from '../../../values/get-own.ts'
import type { Candidate } from './candidates.ts'
import { routedTo } from './dhcpv6-pd.ts'

const defaults = { weight: 1, metric: 10 } as const
const families = ['inet', 'inet6'] as const

export function present(
  { name, link, section, stanza, ways: all }: Candidate,
  number: number,
  observed: Observed,
  role: Role | null,
): Uplink {
  const enabled = isEnabled(name, section, observed)
  const drained = drainOf(name, section, stanza, observed)
  const hasLink = link.up && link.carrier && !lacksBearer(link, observed)
  const lingers = enabled || drained !== 'command' ? undefined : hasLink
  const isKept = enabled || lingers !== undefined
  const ways = link.up && isKept ? all : noWays
  const path = (family: Family) =>
    withLine(name, family, withRefusal(ways[family], family, link, number, observed), section, observed)
  const paths = { inet: path('inet'), inet6: path('inet6') }
  const before = getOwn(observed.state.uplinks, name)?.families ?? []
  const awayIn = families.filter((family) => enabled && paths[family] === null && before.includes(family))
  return {
    name,
    number,
    interface: link.name,
    index: isKept ? link.index : null,
    state: stateOf(link, enabled, paths, lacksBearer(link, observed), role),
    ...preferences(section, stanza),
    ...(role !== null && translation(section, paths, link, observed)),
    ...(getOwn(observed.state.uplinks, name)?.wasDead && { wasDead: true as const }),
    ...(awayIn.length > 0 && { awayIn }),
    ...(drained && { drained }),
    ...(lingers !== undefined && { lingers }),
    ...paths,
  }
}

const noWays = { inet: null, inet6: null } as const

function stateOf(
  link: Link,
  enabled: boolean,
  { inet, inet6 }: Pick<Uplink, 'inet' | 'inet6'>,
  lacksBearer: boolean,
  role: Role | null,
): UplinkState {
  if (!enabled) return 'disabled'
  if (!link.up || !link.carrier || lacksBearer) return 'down'
  const ways = [inet, inet6].flatMap((path) => (path && path.refused === undefined ? [path] : []))
  const lines = ways.flatMap((path) => (path.elsewhere ? [] : [path.line]))
  if (lines.length === 0) return role === 'standby' && ways.length > 0 ? 'standby' : 'unconfigured'
  const alive = lines.filter((line) => line?.state !== 'offline')
  if (alive.length === 0) return 'offline'
  if (alive.every((line) => line?.degraded)) return 'degraded'
  return alive.every((line) => line?.state === 'suspect') ? 'suspect' : 'online'
}

/**
 * What a pair's uplink translates to, where nobody says: the address that it has now, as masquerade's is forgotten when that
 * leaves, by both routers. Where it has prefixes, hosts keep their parts in these.
 */
function translation(
  section: UplinkConfig | undefined,
  paths: Pick<Uplink, 'inet' | 'inet6'>,
  link: Link,
  observed: Observed,
): Pick<Uplink, 'translateTo'> {
  const present = families.flatMap((family) => {
    const address = paths[family]?.addresses[0]
    const hasPrefixes = family === 'inet6' && routedTo(link.name, section, observed).length > 0
    return address === undefined || hasPrefixes ? [] : [[family, address] as const]
  })
  const translateTo = { ...Object.fromEntries(present), ...section?.source }
  return Object.keys(translateTo).length > 0 ? { translateTo } : {}
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
  // Of maps the listing has names alone.
  const devices = ruleset?.chains.find((chain) => chain.name === 'leaves')?.rules.join(' ') ?? ''
  const isKnown =
    new RegExp(`[ {]${index}[ ,]`).test(devices) && ruleset?.chains.some((chain) => chain.name === `to_${number}`)
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
  const misses = line?.misses
  return {
    ...path,
    line: { state: line?.state ?? 'online', degraded, ...(barred && { barred }), ...(misses && { misses }) },
  }
}

/** Whether a modem has no data connection: its link stays up in the kernel when the network has dropped it. */
export function lacksBearer({ name }: Link, { bus }: Observed): boolean {
  return getOwn(bus, name)?.modem?.connected === false
}

function isEnabled(name: string, section: UplinkConfig | undefined, { disabled }: Observed): boolean {
  return (section?.enabled ?? true) && !disabled.includes(name)
}

/** Who has the uplink drained. A weight of 0, in the configuration or else in the stanza, lasts longer than a command. */
function drainOf(
  name: string,
  section: UplinkConfig | undefined,
  stanza: StanzaOptions | undefined,
  { drained = [] }: Observed,
): Uplink['drained'] {
  if (drained.includes(name)) return 'command'
  return (section?.weight ?? stanza?.weight) === 0 ? 'weight' : undefined
}

export function absent(
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
    ...(section?.source && { translateTo: section.source }),
  }
}
