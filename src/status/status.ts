/** Facts for `ifbalance status`. Pure. */

import { whyNoLine } from '../lines/no-line.ts'
import { bytesNow } from '../lines/quota.ts'
import { isMetered } from '../lines/settings.ts'
import type { Config } from '../model/config.ts'
import type { Desired } from '../model/desired.ts'
import type { Modem } from '../model/facts.ts'
import type { LineHealth } from '../model/health.ts'
import type { Mode } from '../model/mode.ts'
import type { Observed } from '../model/observed.ts'
import { type Pair, pairOf } from '../model/pair.ts'
import type { NarrowedBy } from '../model/path-mtu.ts'
import type { CapacityFigures } from '../model/spreading.ts'
import { isStill, type StateTimes } from '../model/state-times.ts'
import { isWorking, type Path, type Uplink, type UplinkState } from '../model/uplink.ts'
import type { Family } from '../net/family.ts'
import { internetWays } from '../reconcile/decide/routing/internet.ts'
import { hitsOf } from '../reconcile/decide/steering/hits.ts'
import { redirectedServers } from '../reconcile/decide/translation/name-servers.ts'
import { getOwn } from '../values/get-own.ts'

/**
 * What `ifbalance status --json` prints. Later versions may add members; any other change of a member comes with
 * another `format`.
 */
export interface Status {
  readonly format: 1
  readonly mode: Mode
  /** Whether the daemon answers. */
  readonly daemon: boolean
  /** True after `ifbalance down`: nothing is balanced until `ifbalance apply`. */
  readonly heldDown: boolean
  /** Which of two routers this is; absent where it has no peer. */
  readonly pair?: Pair
  readonly uplinks: readonly UplinkStatus[]
  /** Rules that the kernel counts for; absent where none are, and for others than root, who cannot see it. */
  readonly rules?: readonly RuleStatus[]
  /**
   * Name servers of dead uplinks, each with the one that this host's questions to it go to; absent while there are
   * none.
   */
  readonly nameServers?: readonly { readonly asked: string; readonly answering: string }[]
  /** How many changes `ifbalance plan` would show. */
  readonly pending: number
  readonly warnings: readonly string[]
}

export interface UplinkStatus {
  readonly name: string
  readonly number: number
  readonly interface: string
  readonly state: UplinkState
  /** When the state began, in milliseconds since 1970, or the daemon, if that was later; absent where nobody has seen it. */
  readonly since?: number
  /** Why the uplink has no line that could be judged; absent where it has one. */
  readonly why?: string
  /** Who says that it takes no new connections, whatever else works; absent where nobody does. */
  readonly drained?: NonNullable<Uplink['drained']>
  /** Whether it is disabled, and the connections that a drain has left stay; absent where not. */
  readonly lingers?: true
  /** In force. */
  readonly weight: number
  /** It follows what the line can carry; absent where it is the administrator's word. */
  readonly auto?: true
  /** Whether it is one of those that `spread` has take new connections; absent where all do. */
  readonly takes?: boolean
  /** What it carries and can carry; absent where the daemon has not found out. */
  readonly line?: CapacityFigures
  readonly metric: number
  /** Whether it is used only while no uplink works that is not standby; absent where not. */
  readonly standby?: true
  /** Whether what it carries costs money, so that little is asked of it; absent where not. */
  readonly metered?: true
  /** Bytes that the contract allows a month, and those that are used, as last written down; absent without a quota. */
  readonly quota?: { readonly bytes: number; readonly used: number }
  readonly inet: PathStatus | null
  readonly inet6: PathStatus | null
  /** IPv6 prefixes that its provider routes to this host; absent where none are known. */
  readonly prefixes?: readonly string[]
  /** What ModemManager says, where it manages the uplink's modem. */
  readonly modem?: Modem
}

export interface RuleStatus {
  readonly name: string
  /** How many connections it has matched since it is in the kernel's table, or that was made anew. */
  readonly connections: number
}

export interface PathStatus {
  /** Null on a point-to-point link. */
  readonly gateway: string | null
  readonly addresses: readonly string[]
  /** The largest packet in bytes. */
  readonly mtu: number
  /** What makes it smaller than what would be without; absent where the interface alone says it. */
  readonly mtuBy?: NarrowedBy
  /** The share of new connections that the kernel sends here now, 0 to 1. */
  readonly share: number
  /** What traffic and probes say of the line; absent where nobody looks, as without the daemon. */
  readonly health?: LineHealth
}

export interface Facts {
  readonly config: Config
  readonly observed: Observed
  readonly desired: Desired
  readonly pending: number
  readonly daemon: boolean
  readonly heldDown: boolean
  /** Since when uplinks are in their states, as far as that was seen. */
  readonly times?: StateTimes
  /** How many uplinks keepalived is told to be usable; null or absent where it is told nothing. */
  readonly usable?: number | null
  /** Warnings of the configuration. */
  readonly warnings: readonly string[]
}

/** The facts for one moment. */
export function statusOf(facts: Facts): Status {
  const { config, observed, desired, pending, daemon, heldDown, times = {}, usable, warnings } = facts
  const ways = { inet: internetWays('inet', observed), inet6: internetWays('inet6', observed) }
  const share = (family: Family, device: string) =>
    ways[family].filter((way) => way.device === device).reduce((sum, way) => sum + way.share, 0)
  const redirected = redirectedServers(config, desired.uplinks, observed)
  const rules = [...hitsOf(observed.ruleset, config.rules)].map(([name, connections]) => ({ name, connections }))
  const pair = pairOf(config, observed, desired.uplinks, usable ?? null)
  return {
    format: 1,
    mode: config.balance.mode,
    daemon,
    heldDown,
    ...(pair && { pair }),
    uplinks: desired.uplinks.filter(isShown(config, observed)).map((uplink) => {
      const modem = getOwn(observed.bus, uplink.interface)?.modem
      const quota = quotaOf(uplink, config, observed)
      const costs = isMetered(uplink.name, uplink.interface, config) && ({ metered: true } as const)
      const time = getOwn(times, uplink.name)
      const since = time && isStill(time, uplink.state) && { since: time.since }
      return {
        ...uplinkStatus(uplink, share, observed),
        ...since,
        ...costs,
        ...(quota && { quota }),
        ...(modem && { modem }),
      }
    }),
    ...(rules.length > 0 && { rules }),
    ...(redirected.length > 0 && { nameServers: redirected.map(({ from, to }) => ({ asked: from, answering: to })) }),
    pending,
    warnings: [...warnings, ...desired.warnings.map(({ reason }) => reason)],
  }
}

/**
 * Whether no uplink works of those that are wanted; never where everything was taken down by command, or the uplinks are
 * with the other one of two routers.
 */
export function isAllDead({ heldDown, pair, uplinks }: Status): boolean {
  if (heldDown || pair?.role === 'standby') return false
  const wanted = uplinks.filter(({ state }) => state !== 'disabled')
  return wanted.length > 0 && !wanted.some(isWorking)
}

/**
 * Whether an uplink is shown. A device that is here and is no uplink any more is not: only what still has its number
 * stays there.
 */
function isShown({ uplinks }: Config, { links }: Observed) {
  const here = new Set(links.map(({ name }) => name))
  return ({ name, state, interface: device }: Uplink) =>
    state !== 'absent' || !here.has(device) || uplinks.some((section) => section.name === name)
}

function quotaOf({ name }: Uplink, { uplinks }: Config, { quotas }: Observed): UplinkStatus['quota'] {
  const quota = uplinks.find((section) => section.name === name)?.quota
  const periods = getOwn(quotas?.used ?? {}, name)
  return quota && quotas && periods && { bytes: quota.bytes, used: bytesNow(periods, quotas.today, quota) }
}

type Share = (family: Family, device: string) => number

function uplinkStatus(uplink: Uplink, share: Share, observed: Observed): UplinkStatus {
  const { name, number, interface: device, state, weight, metric, prefixes, ...paths } = uplink
  const why = whyNoLine(uplink, observed)
  const { auto, takes, drained, lingers } = uplink
  const line = getOwn(observed.spreading?.lines ?? {}, name)
  const status = (family: Family, path: Path | null): PathStatus | null => {
    const health = path?.line && getOwn(observed.health ?? {}, name)?.[family]
    return (
      path && {
        gateway: path.gateway,
        addresses: path.addresses,
        mtu: path.mtu,
        ...(path.narrowed && { mtuBy: path.narrowed.by }),
        share: share(family, device),
        ...(health && { health }),
      }
    )
  }
  return {
    ...{ name, number, interface: device, state, ...(why !== null && { why }), weight, metric },
    ...{ ...(drained && { drained }), ...(lingers && { lingers }) },
    ...(uplink.standby && { standby: true }),
    ...{ ...(auto && { auto }), ...(takes !== undefined && { takes }), ...(line && { line }) },
    inet: status('inet', paths.inet),
    inet6: status('inet6', paths.inet6),
    ...(prefixes && { prefixes }),
  }
}
