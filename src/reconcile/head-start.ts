/**
 * New connections leave what has just been told to be dead before the world is looked at: a look takes ten times as long as
 * the one command for that. What the balanced defaults become is decided as ever, of the world as the last round left it, with
 * the news. The round that follows sees to all else, and to what the world has become meanwhile.
 */
import { withCables } from '../kernel/devices/cables.ts'
import { hasCarrier } from '../kernel/devices/carrier.ts'
import { isBalancedDefault } from '../model/active-uplinks.ts'
import type { Config } from '../model/config.ts'
import type { Desired } from '../model/desired.ts'
import type { Health } from '../model/health.ts'
import type { Route } from '../model/kernel.ts'
import type { Observed } from '../model/observed.ts'
import type { Step } from '../model/step.ts'
import { log } from '../os/log.ts'
import { loadHealth } from '../store/health.ts'
import { afterSteps } from './after-steps.ts'
import { apply } from './apply/apply.ts'
import { decideWithoutRefused } from './apply/refused-rules.ts'
import { routeKey } from './diff.ts'

let last: Observed | null = null
let lost: ReadonlySet<string> = new Set()

/** Keeps the world after a round; null where the kernel is not as it should be. */
export function keepWorld(observed: Observed | null): void {
  last = observed
}

/** Takes note of a device that has lost its carrier. */
export function noticeLoss(device: string): void {
  lost = new Set([...lost, device])
}

/** What the kernel has taken before the round. */
export interface HeadStart {
  /** The balanced defaults that were replaced, as they were. */
  readonly former: readonly Route[]
  /** The world of the last round with the news, and what it should be; null where nothing was replaced. */
  readonly found: { readonly observed: Observed; readonly desired: Desired } | null
}

const none: HeadStart = { former: [], found: null }

/**
 * Replaces the balanced defaults. Needs no lock: what another run writes at the same time, the round puts right. Never throws.
 */
export async function leaveTheDead(config: Config): Promise<HeadStart> {
  // News may come late: who has a carrier again, or is another device by now, may be in that world already.
  const [before, devices] = [last, new Set([...lost].filter((device) => !hasCarrier(device)))]
  lost = new Set()
  if (before === null) return none
  try {
    const after = withNews(before, devices, loadHealth())
    if (after === null) return none
    const desired = decideWithoutRefused(config, after)
    const changes = withoutTheDead(before.routes, desired.routes, config)
    if (changes.length === 0) return none
    const steps = changes.map(({ now }) => ({ kind: 'replace-route', route: now }) as const)
    const refused = await apply(steps)
    const former = changes.map(({ former }) => former)
    return { former, found: refused.length > 0 ? null : { observed: afterSteps(after, steps), desired } }
  } catch (error) {
    log.failure('leaving', 'what is dead', error)
    return none
  }
}

/** The world, where routes are still the former ones: what follows from the change is decided by what was there before it. */
export function withFormer(observed: Observed, former: readonly Route[]): Observed {
  if (former.length === 0) return observed
  const isReplaced = isOneOf(former)
  return { ...observed, routes: [...observed.routes.filter((route) => !isReplaced(route)), ...former] }
}

/** The steps from that world, and those that give back what was taken, where it is not dead after all. */
export function withReturned(
  steps: readonly Step[],
  wanted: readonly Route[],
  former: readonly Route[],
): readonly Step[] {
  if (former.length === 0) return steps
  const isThere = isOneOf(steps.flatMap((step) => (step.kind === 'replace-route' ? [step.route] : [])))
  const wasTaken = isOneOf(former)
  const back = wanted.filter((route) => wasTaken(route) && !isThere(route))
  return [...steps, ...back.map((route) => ({ kind: 'replace-route', route }) as const)]
}

function isOneOf(routes: readonly Route[]): (route: Route) => boolean {
  const keys = new Set(routes.map(routeKey))
  return (route) => keys.has(routeKey(route))
}

/** The world with devices that have lost their carriers, and with what is known of the lines; null where nothing has died. */
export function withNews(before: Observed, devices: ReadonlySet<string>, health: Health): Observed | null {
  const has = before.links.some(({ name, carrier }) => carrier && devices.has(name))
  const known = new Set(offline(before.health ?? {}))
  if (!has && offline(health).every((line) => known.has(line))) return null
  const links = before.links.map((link) => (devices.has(link.name) ? { ...link, carrier: false } : link))
  return { ...before, links: withCables(links, before.leases), health }
}

function offline(health: Health): readonly string[] {
  return Object.entries(health).flatMap(([name, families]) =>
    Object.entries(families).flatMap(([family, line]) => (line?.state === 'offline' ? [`${name} ${family}`] : [])),
  )
}

/** Balanced defaults that lose a way, as they were and as they are to be. */
export function withoutTheDead(
  there: readonly Route[],
  wanted: readonly Route[],
  { layout }: Pick<Config, 'layout'>,
): readonly { readonly former: Route; readonly now: Route }[] {
  const balanced = there.filter((route) => isBalancedDefault(route, layout))
  const byKey = new Map(balanced.map((route) => [routeKey(route), route]))
  return wanted.flatMap((now) => {
    const former = byKey.get(routeKey(now))
    const left = new Set(now.nexthops.map(({ device }) => device))
    const losesOne = former?.nexthops.some(({ device }) => !left.has(device)) ?? false
    return former && losesOne && left.size > 0 ? [{ former, now }] : []
  })
}
