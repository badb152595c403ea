/**
 * What the kernel has refused, as this process remembers it. It is left out for a while, so that it costs neither the
 * others nor a processor, and tried again in growing pauses, or at once when the world around it is another. What is
 * refused for the first time is tried again at once: an address that was away at that moment may have been there when we
 * looked before, and may be when we look again.
 */

import type { Layout } from '../../layout.ts'
import { isOurTable, maxUplinks, uplinkTable } from '../../layout.ts'
import type { RefusedPath } from '../../model/facts.ts'
import type { Observed } from '../../model/observed.ts'
import type { Step } from '../../model/step.ts'
import type { Trouble } from '../../model/trouble.ts'
import type { Uplink } from '../../model/uplink.ts'
import { saveRefused } from '../../store/refused.ts'
import { isInOurTables } from '../decide/ours/previous-layout.ts'
import { commandOf } from './commands.ts'

export interface Refusal {
  readonly step: Step
  /** What ip or nft said, as one text line. */
  readonly why: string
}

interface Kept extends Refusal {
  readonly failures: number
  /** Until when it is left out, in milliseconds of performance.now(). */
  readonly until: number
  readonly around: string
}

const firstPauseMs = 5000
const longestPauseMs = 600_000

const kept = new Map<string, Kept>()

/**
 * Whether the step is to be left out for now, in a world that is the same for it. A table is at its first refusal, as
 * everything waits for it, and it names nothing that comes and goes.
 */
export function isHeldBack(step: Step, observed: Observed, layout: Layout): boolean {
  const isSure = step.kind === 'load-ruleset' || (kept.get(keyOf(step))?.failures ?? 0) > 1
  return isSure && isRefused(step, observed, layout)
}

/** Whether others have to do without the step for now. */
function isRefused(step: Step, observed: Observed, layout: Layout): boolean {
  const entry = kept.get(keyOf(step))
  return entry !== undefined && performance.now() < entry.until && entry.around === surroundings(step, observed, layout)
}

/**
 * Takes note of an attempt: what was tried, and what of it was refused. `observed` is the world that the steps were
 * made for.
 */
export function noteRefusals(
  tried: readonly Step[],
  refused: readonly Refusal[],
  observed: Observed,
  layout: Layout,
): void {
  for (const step of tried) if (!refused.some((other) => other.step === step)) kept.delete(keyOf(step))
  for (const { step, why } of refused) {
    const failures = (kept.get(keyOf(step))?.failures ?? 0) + 1
    const pause = Math.min(firstPauseMs * 2 ** Math.max(failures - 2, 0), longestPauseMs)
    const around = surroundings(step, observed, layout)
    kept.set(keyOf(step), { step, why, failures, until: performance.now() + pause, around })
  }
}

/** The steps that are held back, with the reasons. What nobody wants any more is forgotten. */
export function refusalsOf(steps: readonly Step[], observed: Observed, layout: Layout): readonly Refusal[] {
  const wanted = new Set(steps.map(keyOf))
  for (const key of kept.keys()) if (!wanted.has(key)) kept.delete(key)
  return steps.flatMap((step) => {
    const entry = kept.get(keyOf(step))
    return entry && isHeldBack(step, observed, layout) ? [{ step, why: entry.why }] : []
  })
}

/**
 * Ways out that are refused now. An uplink without a way out of its own must not be in the balanced default, as the
 * kernel would refuse the whole route.
 */
export function refusedPaths(observed: Observed, layout: Layout): readonly RefusedPath[] {
  return [...kept.values()].flatMap(({ step, why }) => {
    const path = wayOut(step, layout) ?? strictFilter(step, observed)
    return path && isRefused(step, observed, layout) ? [{ ...path, why }] : []
  })
}

/** Why nft refuses our table, so that only the uplinks in the present one can be used; undefined where it does not. */
export function refusedRuleset(observed: Observed, layout: Layout): string | undefined {
  return [...kept.values()].find(({ step }) => step.kind === 'load-ruleset' && isHeldBack(step, observed, layout))?.why
}

/** Writes the refused ways out down, for those who look without trying, such as `ifbalance status`. */
export function publishRefusals(observed: Observed, layout: Layout): void {
  saveRefused(refusedPaths(observed, layout))
}

/** Whether an uplink's own default was refused. */
export function isWayOut({ step }: Refusal, layout: Layout): boolean {
  return wayOut(step, layout) !== null
}

/** A refusal, with the uplink that it is about where there is one. */
export function troubleOf({ step, why }: Refusal, uplinks: readonly Uplink[], layout: Layout): Trouble {
  const [command = ''] = commandOf(step).split('\n')
  const table =
    'route' in step ? step.route.table : 'rule' in step ? Number(/lookup (\d+)/.exec(step.rule.spec)?.[1]) : 0
  const uplink = uplinks.find(({ number }) => uplinkTable(number, layout) === table)
  const reason = `refused: ${command}: ${why}`
  return uplink
    ? { kind: 'refused', uplink: uplink.name, reason: `uplink ${uplink.name}: ${reason}` }
    : { kind: 'refused', reason }
}

function wayOut(step: Step, layout: Layout): Omit<RefusedPath, 'why'> | null {
  if (step.kind !== 'replace-route') return null
  const { family, destination, table, type, nexthops } = step.route
  const [hop] = nexthops
  const isOne = hop !== undefined && nexthops.length === 1 && type === 'unicast' && destination === 'default'
  return isOne && isOurTable(table, layout) && table <= uplinkTable(maxUplinks, layout)
    ? { family, device: hop.device, gateway: hop.gateway }
    : null
}

/**
 * The way out that a strict rp_filter closes: where it cannot be changed, the kernel drops answers that come in by an
 * uplink that is not main's best.
 */
function strictFilter(step: Step, { sysctls }: Observed) {
  const device = step.kind === 'set-sysctl' ? /^net\/ipv4\/conf\/(.+)\/rp_filter$/.exec(step.name)?.[1] : undefined
  if (step.kind !== 'set-sysctl' || device === undefined || sysctls[step.name] !== '1') return null
  return { family: 'inet', device } as const
}

function keyOf(step: Step): string {
  // Which sets are kept depends on what is there, so it is no part of what is wanted.
  if (step.kind !== 'load-ruleset') return commandOf(step)
  const { chains, sets = [] } = step.ruleset
  return JSON.stringify([chains, sets.map(({ name }) => name)])
}

/** What may make the kernel decide otherwise: the route's interfaces, and what others have routed by them. */
function surroundings(step: Step, observed: Observed, layout: Layout): string {
  if (!('route' in step)) return ''
  const { links, routes } = observed
  const devices = new Set(step.route.nexthops.map(({ device }) => device))
  return JSON.stringify([
    links.filter(({ name }) => devices.has(name)),
    routes.filter(
      (route) => !isInOurTables(route, layout, observed) && route.nexthops.some(({ device }) => devices.has(device)),
    ),
  ])
}
