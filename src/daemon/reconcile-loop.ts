/** One round after another, by the configuration in force: reconciles, or stays away, and logs what was done. */

import { configInForce } from '../config/in-force.ts'
import { balancedTable, lastPriority } from '../layout.ts'
import { balancedDevices } from '../model/active-uplinks.ts'
import type { Cause } from '../model/cause.ts'
import type { Config } from '../model/config.ts'
import type { Desired } from '../model/desired.ts'
import type { Event } from '../model/event.ts'
import { roundText, textOf } from '../model/event-text.ts'
import type { Cgroups } from '../model/kernel.ts'
import type { Observed } from '../model/observed.ts'
import { pairOf } from '../model/pair.ts'
import type { SteeringRule } from '../model/rule.ts'
import type { Step } from '../model/step.ts'
import { isOfRuleset, type Trouble } from '../model/trouble.ts'
import { codeOf } from '../os/error.ts'
import { log, messageOf } from '../os/log.ts'
import { commandOf } from '../reconcile/apply/commands.ts'
import { isWayOut, troubleOf } from '../reconcile/apply/refusals.ts'
import { decide } from '../reconcile/decide/decide.ts'
import { type Found, followedSlices, type Outcome, reconcile, survey, takeDown } from '../reconcile/reconcile.ts'
import { type Status, statusOf } from '../status/status.ts'
import { isPaused } from '../store/held-down.ts'
import { loadUsable } from '../store/usable.ts'
import { omitUndefined } from '../values/omit-undefined.ts'
import type { Reply } from './control/protocol.ts'
import { eventsOf, type Telling } from './events.ts'
import { createLineBudget } from './line-budget.ts'
import { type Scene, sceneOf } from './relevance.ts'
import type { Ran } from './scheduler.ts'

export interface ReconcileLoop {
  /**
   * Reads the configuration, and returns its errors, which are logged: then the last one without errors stays in force.
   */
  readonly load: () => readonly string[]
  /** Makes a round. Never throws: a failure is logged, and told in the reply. */
  readonly run: (causes: readonly Cause[]) => Promise<Reply & Ran>
  /** Resolves with the last work of the latest round: the connections of what went away are ended. */
  readonly forgotten: () => Promise<void>
  /** The host's sysctls that the latest round wanted, and got, by name. */
  readonly sysctls: () => Readonly<Record<string, string>>
  /** The slices that the latest round left followed; see followedSlices() of reconcile.ts. */
  readonly slices: () => Cgroups
  /** The control groups of rules that the latest round found; null while all is taken down. */
  readonly cgroups: () => Cgroups | null
  /** What the latest round found, for those who watch the kernel. */
  readonly scene: () => Scene
  /** Rules of the configuration in force. */
  readonly rules: () => readonly SteeringRule[]
}

export interface ReconcileLoopOptions {
  /** Whether the log has a text line for every change, and not only one for all. */
  readonly details: boolean
  /** Called after each round with how the uplinks are then. */
  readonly onStatus?: (status: Status) => void
  /** Called with what should be, before it is. */
  readonly onWish?: (desired: Desired, config: Config) => void
  /** Called after each round with what should be, and now is. */
  readonly onDesired?: (desired: Desired, config: Config, observed: Observed) => void
  /** Called with each event that is logged of uplinks. */
  readonly onEvent?: (event: Event) => void
}

export function createReconcileLoop({
  details,
  onStatus,
  onWish,
  onDesired,
  onEvent,
}: ReconcileLoopOptions): ReconcileLoop {
  let config: Config | null = null
  let isDown = false
  let forgotten: Promise<void> = Promise.resolve()
  let sysctls: Readonly<Record<string, string>> = {}
  let slices: Cgroups = {}
  let cgroups: Cgroups | null = null
  let scene: Scene = { isOfUplink: () => true, hadCarrier: () => true, areHidden: false }
  let telling: Telling | null = null
  /**
   * What was wanted in the round before. The same again, with something to do, means that others have undone what we
   * had done.
   */
  let wantedBefore = ''
  /** Warnings of the round before, which are not said again. */
  let said: ReadonlySet<string> = new Set()

  const budgets = {
    details: createLineBudget('info', 600, 120),
    warnings: createLineBudget('warning', 100, 30),
    changes: createLineBudget('info', 300, 60),
    events: createLineBudget('notice', 300, 60),
  }

  /** Logs the troubles of a round that are new. */
  function tell(troubles: readonly Trouble[]): void {
    const byReason = new Map(troubles.map((trouble) => [trouble.reason, trouble]))
    const news = [...byReason.values()].filter(({ reason }) => !said.has(reason))
    budgets.warnings.say(
      news.map((trouble) => ({ event: 'trouble', ...trouble })),
      log.event,
    )
    said = new Set(byReason.keys())
  }

  function tellEvent(event: Event): void {
    log.event(event)
    onEvent?.(event)
  }

  /** Logs the events of a round, which `journalctl -p notice` shows. */
  function tellEvents({ observed, desired }: Found, inForce: Config, held: boolean): void {
    if (held) {
      if (telling !== null) tellEvent({ event: 'held-down' })
      telling = null
      return
    }
    const pair = pairOf(inForce, observed, desired.uplinks, toldUsable(inForce))
    const carrying = carriersOf(desired, inForce)
    const scene = { observed, uplinks: desired.uplinks, carrying, ...(pair && { pair }) }
    const { events, telling: now } = eventsOf(telling, scene, performance.now())
    budgets.events.say(events, tellEvent)
    telling = now
  }

  /** Shows how the uplinks are; while all is held down, how they would be. */
  function show({ observed, desired }: Found, inForce: Config, rest: Pick<Status, 'heldDown' | 'pending'>): void {
    const shown = rest.heldDown ? decide(inForce, observed) : desired
    // Everyone may read it.
    const open = { ...shown, warnings: shown.warnings.filter((trouble) => !isOfRuleset(trouble)) }
    const facts = { config: inForce, observed, desired: open, usable: toldUsable(inForce), ...rest }
    onStatus?.(statusOf({ ...facts, daemon: true, warnings: [] }))
  }

  async function act(causes: readonly Cause[]): Promise<Reply & Ran> {
    const isPausedNow = isPaused()
    config ??= configInForce().config
    const inForce = config
    if (isPausedNow && isDown) {
      if (onStatus) show(await survey(inForce), inForce, { heldDown: true, pending: 0 })
      return { ok: true, message: textOf({ event: 'held-down' }) }
    }
    // What has become of uplinks is told when the kernel has what follows from it: looking at that takes as long again. One of
    // two routers is told by all that it looks at, what keepalived is told included.
    const announce = (found: Found) => {
      if (inForce.ha) return
      show(found, inForce, { heldDown: false, pending: 0 })
      if (details) tellEvents(found, inForce, false)
    }
    const onDone = (found: Found) => {
      // Who hears of it may do the next thing at once: a line that went is no longer probed by then.
      if (!inForce.ha) onDesired?.(found.desired, inForce, found.observed)
      announce(found)
    }
    const hearers = { onWish: (desired: Desired) => onWish?.(desired, inForce), onLeft: announce, onDone }
    const outcome = await (isPausedNow ? takeDown(inForce, hearers) : reconcile(inForce, hearers))
    const held = outcome.isDown
    isDown = held && outcome.remaining.length === 0
    forgotten = outcome.forgotten
    sysctls = inPlace(outcome)
    slices = followedSlices(outcome)
    scene = sceneOf(outcome.observed, outcome.desired.uplinks, inForce)
    cgroups = held ? null : (outcome.observed.cgroups ?? {})
    onDesired?.(outcome.desired, inForce, outcome.observed)
    show(outcome, inForce, { heldDown: held, pending: outcome.remaining.length + outcome.refused.length })
    if (details) {
      tellEvents(outcome, inForce, held)
      const changes = outcome.applied.map(
        (step) => ({ event: 'change', step: step.kind, command: lineOf(step) }) as const,
      )
      budgets.details.say(changes, log.event)
    }
    // Elements of sets are left out: there may be many, and the names of sets stand for them.
    const wanted = JSON.stringify(outcome.desired, (key, value) => (key === 'elements' ? undefined : value))
    const repaired = outcome.applied.length > 0 && wanted === wantedBefore
    wantedBefore = wanted
    const say = (event: Event) => budgets.changes.say([event], log.event)
    return { ...report(outcome, inForce, held, causes, { tell, say }), repaired, lookedAt: outcome.lookedAt }
  }

  return {
    load: () => {
      const { errors, warnings, isLastGood, config: found } = configInForce({ keep: true })
      if (errors.length === 0 || config === null) config = found
      for (const reason of errors) log.event({ event: 'configuration', isError: true, reason })
      const instead = errors.length > 0 && ({ inForce: isLastGood ? 'last-good' : 'understood' } as const)
      for (const reason of warnings) log.event({ event: 'configuration', isError: false, ...instead, reason })
      return errors
    },
    run: async (causes) => {
      try {
        return await act(causes)
      } catch (error) {
        tell([{ kind: 'failed', ...omitUndefined({ code: codeOf(error) }), reason: messageOf(error) }])
        return { ok: false, message: messageOf(error) }
      }
    },
    forgotten: () => forgotten,
    sysctls: () => sysctls,
    slices: () => slices,
    cgroups: () => cgroups,
    scene: () => scene,
    rules: () => config?.rules ?? [],
  }
}

/** What keepalived is told; null where there is no peer. */
function toldUsable({ ha }: Config): number | null {
  return ha ? loadUsable() : null
}

/** Wanted sysctls that have their values. Where the kernel refuses some, others have not changed them. */
function inPlace({ desired, observed }: Outcome): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(desired.sysctls).filter(([name, value]) => observed.sysctls[name] === value))
}

/** Logs one message for all changes, none where nothing was to do, and returns the reply. */
function report(
  outcome: Outcome,
  inForce: Config,
  held: boolean,
  causes: readonly Cause[],
  { tell, say }: { readonly tell: (troubles: readonly Trouble[]) => void; readonly say: (event: Event) => void },
): Reply {
  const { applied, remaining, refused, errors, desired } = outcome
  const carrying = carriersOf(desired, inForce)
  const result = { heldDown: held, carrying }
  if (applied.length > 0) say({ event: 'round', ...result, changes: applied.length, causes })
  const undone = remaining.map((step) => `not as it should be: ${lineOf(step)}`)
  const left = refused.filter((refusal) => !isWayOut(refusal, inForce.layout))
  const refusals = left.map((refusal) => troubleOf(refusal, desired.uplinks, inForce.layout))
  tell([
    ...desired.warnings,
    ...errors.map((reason) => ({ kind: 'failed', reason }) as const),
    ...refusals,
    ...undone.map((reason) => ({ kind: 'without-effect', reason }) as const),
  ])
  return { ok: remaining.length === 0, message: undone.length > 0 ? (errors[0] ?? undone[0] ?? '') : roundText(result) }
}

/**
 * Names of the uplinks that new connections of one family at least take. Where our rules are missing, none do, whatever
 * is online: conflicts.ts says why.
 */
function carriersOf({ routes, rules, uplinks }: Desired, { layout }: Config): readonly string[] {
  // Where another's default comes first, nothing leads to the balanced one.
  const leading = rules.filter(
    ({ priority, spec }) => priority === lastPriority && spec.endsWith(`lookup ${balancedTable(layout)}`),
  )
  const ways = [...new Set(leading.map(({ family }) => family))].map((family) =>
    balancedDevices(family, routes, layout),
  )
  return uplinks.filter((uplink) => ways.some((devices) => devices.has(uplink.interface))).map(({ name }) => name)
}

/** A step's first text line: a ruleset has many, and `ifbalance plan` shows them. */
function lineOf(step: Step): string {
  const [first = '', ...rest] = commandOf(step).split('\n')
  return rest.length > 0 ? `${first} ... (${rest.length} lines)` : first
}
