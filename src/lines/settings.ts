/** What an uplink's section, or its absence, means for the probes. Pure. */
import type { Config } from '../model/config.ts'
import { type ProbeKind, type ProbeTargets, probeKinds } from '../model/probe-kind.ts'
import type { Family } from '../net/family.ts'
import { hostOf } from '../net/target.ts'
import { familyOf, isLinkLocal } from '../net/valid.ts'
import type { LineSettings } from './path-health.ts'

export interface ProbeSettings extends LineSettings {
  readonly kind: ProbeKind
  /** Probes of it cost money: there are no more than are needed. */
  readonly metered: boolean
  readonly targets: readonly string[]
  readonly name: string
  /** The line's own name servers, for kinds that need names. */
  readonly resolvers: readonly string[]
  /** By target, the name server that is asked where its echo is missing; see probes/opinion-servers.ts. */
  readonly opinions: Readonly<Record<string, string>>
  readonly status: number
  readonly body: string | null
}

/** Anycast resolvers of three operators: they are near, and are not down together. */
export const defaultTargets: Readonly<Record<Family, readonly string[]>> = {
  inet: ['1.1.1.1', '8.8.8.8', '9.9.9.9'],
  inet6: ['2606:4700:4700::1111', '2001:4860:4860::8888', '2620:fe::fe'],
}

/**
 * Pages of two operators. Plain HTTP on purpose: what stands in between answers itself, and gives itself away by that.
 * A portal has something to say, so none answers `204 No Content`.
 */
export const defaultUrls = [
  'http://connectivitycheck.gstatic.com/generate_204',
  'http://cp.cloudflare.com/generate_204',
]
const defaultUrlStatus = 204

/**
 * Paces of probes. A burst is little more than a kilobyte: with these, an idle metered line's probes stay below 3 MB a
 * day whatever happens.
 */
const paces = {
  unmetered: { intervalMs: 1000, offlineIntervalMs: 1000, burstEveryMs: 5000 },
  metered: { intervalMs: 60_000, offlineIntervalMs: 10_000, burstEveryMs: 90_000 },
} as const

/** How a line is probed: what its section says, and defaults by device and family. */
export function probeSettings(uplink: string, device: string, family: Family, config: Config): ProbeSettings {
  const section = config.uplinks.find(({ name }) => name === uplink)
  const probe = section?.probe ?? {}
  const kind = config.balance.probe ?? probe.kind ?? 'icmp'
  const metered = isMetered(uplink, device, config)
  const pace = metered ? paces.metered : paces.unmetered
  const targets = targetsOf[probeKinds[kind]](probe.targets, family)
  const intervalMs = probe.intervalMs ?? pace.intervalMs
  return {
    kind: targets.length === 0 ? 'none' : kind,
    targets,
    metered,
    intervalMs,
    offlineIntervalMs: probe.intervalMs ?? pace.offlineIntervalMs,
    burstEveryMs: pace.burstEveryMs,
    countUp: probe.countUp ?? 3,
    countDown: probe.countDown ?? 1,
    quorum: Math.min(probe.quorum ?? Math.ceil(targets.length / 2), targets.length),
    bounds: {
      maxLatencyMs: probe.maxLatencyMs === undefined ? 1500 : probe.maxLatencyMs,
      maxJitterMs: probe.maxJitterMs ?? null,
      maxLoss: probe.maxLoss === undefined ? 0.2 : probe.maxLoss,
    },
    name: probe.name ?? 'debian.org',
    resolvers: [],
    opinions: {},
    status: probe.status ?? (probe.targets ? 200 : defaultUrlStatus),
    body: probe.body ?? null,
  }
}

/** Whether what an uplink carries costs money: its section says so, or it is a modem. */
export function isMetered(uplink: string, device: string, config: Config): boolean {
  // systemd names modems' interfaces ww...
  return config.uplinks.find(({ name }) => name === uplink)?.metered ?? /^ww/.test(device)
}

const targetsOf: Readonly<
  Record<ProbeTargets, (given: readonly string[] | undefined, family: Family) => readonly string[]>
> = {
  hosts: ofFamily,
  services: ofFamily,
  pages: (given = defaultUrls) => given,
  script: (given = []) => given,
  gateway: () => ['gateway'],
  nothing: () => [],
}

/** Targets of a family. What was configured for one family only leaves the other to the defaults. */
function ofFamily(given: readonly string[] = [], family: Family): readonly string[] {
  const own = given.filter((target) => familyOf(hostOf(target)) === family)
  return own.length > 0 ? own : defaultTargets[family]
}

/**
 * Whom a line is asked for the size that packets may have. Echoes tell that, whatever else tells whether the line is alive:
 * they go to the addresses that are asked then, and to the usual ones where none are (pages have names). Nobody is asked where an
 * administrator has another question than the internet (`arp`, `script`, `none`).
 */
export function echoTargets(
  { kind, targets }: Pick<ProbeSettings, 'kind' | 'targets'>,
  family: Family,
): readonly string[] {
  const asks = probeKinds[kind]
  if (asks === 'pages') return defaultTargets[family]
  if (asks !== 'hosts' && asks !== 'services') return []
  return targets.map(hostOf).filter((target) => familyOf(target) === family && !isLinkLocal(target))
}
