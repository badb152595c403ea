/** One round after another, by the configuration in force: reconcile, or stay away, and say in the log what was done. */

import { configInForce } from '../config/in-force.ts'
import { balancedTable, lastPriority } from '../layout.ts'
import { isBalancedDefault } from '../model/active-uplinks.ts'
import type { Config } from '../model/config.ts'
import type { Desired } from '../model/desired.ts'
import type { Event } from '../model/event.ts'
import { roundText, textOf } from '../model/event-text.ts'
import type { Cgroups } from '../model/kernel.ts'
import type { Observed } from '../model/observed.ts'
import type { SteeringRule } from '../model/rule.ts'
import type { Step } from '../model/step.ts'
import { log, messageOf } from '../os/log.ts'
import { commandOf } from '../reconcile/apply/commands.ts'
import { isWayOut, refusalLine } from '../reconcile/apply/refusals.ts'
import { decide } from '../reconcile/decide/decide.ts'
import { followedSlices, type Outcome, reconcile, survey, takeDown } from '../reconcile/reconcile.ts'
import { type Status, statusOf } from '../status/status.ts'
import { isPaused } from '../store/held-down.ts'
import type { Reply } from './control/protocol.ts'
import { eventsOf, type Telling } from './events.ts'
import { createLineBudget } from './line-budget.ts'
import type { Ran } from './scheduler.ts'

export interface ReconcileLoop {
  /** Reads the configuration, and gives the errors in it, which are logged: the last one without stays in force. */
  readonly load: () => readonly string[]
  /** Never throws: a failure is logged, and told in the reply. */
  readonly run: (reasons: readonly string[]) => Promise<Reply & Ran>
  /** Ends with the last work of the latest round: the connections of what went away are forgotten. */
  readonly forgotten: () => Promise<void>
  /** What the latest round wanted of the host's sysctls, and got. */
  readonly sysctls: () => Readonly<Record<string, string>>
  /** See reconcile.ts: as of the latest round. */
  readonly slices: () => Cgroups
  /** The control groups of rules that the latest round found; null while all is taken down. */
  readonly cgroups: () => Cgroups | null
  /** Of the configuration in force. */
  readonly rules: () => readonly SteeringRule[]
}

export interface ReconcileLoopOptions {
  /** A line in the log for every change, not only one for all. */
  readonly details: boolean
  /** Told after each round how the uplinks are then. */
  readonly onStatus?: (status: Status) => void
  /** Told after each round what should be, and now is. */
  readonly onDesired?: (desired: Desired, config: Config, observed: Observed) => void
}

export function createReconcileLoop({ details, onStatus, onDesired }: ReconcileLoopOptions): ReconcileLoop {
  let config: Config | null = null
  let isDown = false
  let forgotten: Promise<void> = Promise.resolve()
  let sysctls: Readonly<Record<string, string>> = {}
  let slices: Cgroups = {}
  let cgroups: Cgroups | null = null
  let telling: Telling | null = null
  /** The same wish twice, and something to do: what we had done was undone. */
  let wantedBefore = ''
  /** What was said in the round before is not said again. */
  let said: ReadonlySet<string> = new Set()

  const budgets = {
    details: createLineBudget('info', 600, 120),
    warnings: createLineBudget('warning', 100, 30),
    changes: createLineBudget('info', 300, 60),
    events: createLineBudget('notice', 300, 60),
  }

  /** Warnings of this round, each logged when it is new. */
  function tell(lines: readonly string[]): void {
    const news = [...new Set(lines)].filter((line) => !said.has(line))
    budgets.warnings.say(
      news.map((reason) => ({ event: 'trouble', reason })),
      log.event,
    )
    said = new Set(lines)
  }

  /** What `journalctl -p notice` has. */
  function tellEvents({ observed, desired }: Outcome, inForce: Config, held: boolean): void {
    if (held) {
      if (telling !== null) log.event({ event: 'held-down' })
      telling = null
      return
    }
    const scene = { observed, uplinks: desired.uplinks, carrying: carriersOf(desired, inForce) }
    const { events, telling: now } = eventsOf(telling, scene, performance.now())
    budgets.events.say(events, log.event)
    telling = now
  }

  /** While all is held down, the uplinks are shown as they would be. */
  function show(observed: Observed, inForce: Config, rest: Pick<Status, 'heldDown' | 'pending'>): void {
    if (!onStatus) return
    onStatus(
      statusOf({ config: inForce, observed, desired: decide(inForce, observed), daemon: true, warnings: [], ...rest }),
    )
  }

  async function act(reasons: readonly string[]): Promise<Reply & Ran> {
    const held = isPaused()
    config ??= configInForce().config
    const inForce = config
    if (held && isDown) {
      if (onStatus) show((await survey(inForce)).observed, inForce, { heldDown: true, pending: 0 })
      return { ok: true, message: textOf({ event: 'held-down' }) }
    }
    const outcome = await (held ? takeDown(inForce) : reconcile(inForce))
    isDown = held && outcome.remaining.length === 0
    forgotten = outcome.forgotten
    sysctls = inPlace(outcome)
    slices = followedSlices(outcome)
    cgroups = held ? null : (outcome.observed.cgroups ?? {})
    show(outcome.observed, inForce, { heldDown: held, pending: outcome.remaining.length + outcome.refused.length })
    onDesired?.(outcome.desired, inForce, outcome.observed)
    if (details) {
      tellEvents(outcome, inForce, held)
      const changes = outcome.applied.map((step) => ({ event: 'change', command: lineOf(step) }) as const)
      budgets.details.say(changes, log.event)
    }
    // Names of sets say what is in them, which may be much.
    const wanted = JSON.stringify(outcome.desired, (key, value) => (key === 'elements' ? undefined : value))
    const repaired = outcome.applied.length > 0 && wanted === wantedBefore
    wantedBefore = wanted
    const say = (event: Event) => budgets.changes.say([event], log.event)
    return { ...report(outcome, inForce, held, reasons, { tell, say }), repaired }
  }

  return {
    load: () => {
      const { errors, warnings, config: found } = configInForce({ keep: true })
      if (errors.length === 0 || config === null) config = found
      for (const reason of errors) log.event({ event: 'configuration', isError: true, reason })
      for (const reason of warnings) log.event({ event: 'configuration', isError: false, reason })
      return errors
    },
    run: async (reasons) => {
      try {
        return await act(reasons)
      } catch (error) {
        tell([messageOf(error)])
        return { ok: false, message: messageOf(error) }
      }
    },
    forgotten: () => forgotten,
    sysctls: () => sysctls,
    slices: () => slices,
    cgroups: () => cgroups,
    rules: () => config?.rules ?? [],
  }
}

/** Where the kernel refuses some, nobody has changed them. */
function inPlace({ desired, observed }: Outcome): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(desired.sysctls).filter(([name, value]) => observed.sysctls[name] === value))
}

/** One line for all changes; nothing where nothing was to do. */
function report(
  outcome: Outcome,
  inForce: Config,
  held: boolean,
  reasons: readonly string[],
  { tell, say }: { readonly tell: (lines: readonly string[]) => void; readonly say: (event: Event) => void },
): Reply {
  const { applied, remaining, refused, errors, desired } = outcome
  const carrying = carriersOf(desired, inForce)
  const result = { heldDown: held, carrying }
  if (applied.length > 0) say({ event: 'round', ...result, changes: applied.length, causes: reasons })
  const undone = remaining.map((step) => `not as it should be: ${lineOf(step)}`)
  const left = refused.filter((refusal) => !isWayOut(refusal, inForce.numbers))
  const lines = left.map((refusal) => refusalLine(refusal, desired.uplinks, inForce.numbers))
  tell([...new Set([...desired.warnings, ...errors, ...lines, ...undone])])
  return { ok: remaining.length === 0, message: undone.length > 0 ? (errors[0] ?? undone[0] ?? '') : roundText(result) }
}

/** Those that new connections of one family at least take. Without rules, none, whatever is online: conflicts.ts says why. */
function carriersOf({ routes, rules, uplinks }: Desired, { numbers }: Config): readonly string[] {
  // Where another's default comes first, nothing leads to the balanced one.
  const leading = rules.filter(
    ({ priority, spec }) => priority === lastPriority && spec.endsWith(`lookup ${balancedTable(numbers)}`),
  )
  const balanced = routes.filter(
    (route) => isBalancedDefault(route, numbers) && leading.some(({ family }) => family === route.family),
  )
  const devices = new Set(balanced.flatMap(({ nexthops }) => nexthops.map(({ device }) => device)))
  return uplinks.filter((uplink) => devices.has(uplink.interface)).map(({ name }) => name)
}

/** A ruleset has many lines; `ifbalance plan` shows them. */
function lineOf(step: Step): string {
  const [first = '', ...rest] = commandOf(step).split('\n')
  return rest.length > 0 ? `${first} ... (${rest.length} lines)` : first
}
