/** observe -> decide -> diff -> apply -> verify: every trigger comes here; no log of actions is undone. */

import { setTimeout } from 'node:timers/promises'
import { programs } from '../layout.ts'
import type { Config } from '../model/config.ts'
import type { Desired } from '../model/desired.ts'
import type { Cgroups, Route } from '../model/kernel.ts'
import type { Observed } from '../model/observed.ts'
import { roleOf } from '../model/pair.ts'
import type { Step } from '../model/step.ts'
import { withLock } from '../os/lock.ts'
import { log, messageOf } from '../os/log.ts'
import { requireProgram } from '../os/run.ts'
import { saveUnsaved } from '../store/file.ts'
import { isPaused } from '../store/held-down.ts'
import { afterSteps } from './after-steps.ts'
import { apply, flushConnections, mayUndo } from './apply/apply.ts'
import { keepTable, restoreTable } from './apply/lost-table.ts'
import {
  isHeldBack,
  noteRefusals,
  publishRefusals,
  type Refusal,
  refusalsOf,
  refusedPaths,
  refusedRuleset,
} from './apply/refusals.ts'
import { decideWithoutRefused, findRefusedRules } from './apply/refused-rules.ts'
import { decide, decideNothing } from './decide/decide.ts'
import { untranslatedToForget } from './decide/translation/untranslated.ts'
import { diff } from './diff.ts'
import { keepWorld, leaveTheDead, withFormer, withReturned } from './head-start.ts'
import { observe } from './observe/observe.ts'
import { endsConnections, stillDue } from './still-due.ts'
import { createWaiting } from './waiting.ts'

/**
 * How many runs one round makes at most. The world may change while we write to it; what is still different then is
 * someone else's doing.
 */
const attempts = 3

export interface Outcome {
  readonly applied: readonly Step[]
  /** Steps that are still to be done; empty when the kernel is as wanted, or as near as it lets us. */
  readonly remaining: readonly Step[]
  /** Steps that the kernel refuses, and that are therefore left out until the next attempt. */
  readonly refused: readonly Refusal[]
  /** What went wrong on the way, one text line each. With `remaining` empty, a later attempt mended it. */
  readonly errors: readonly string[]
  /** The world at the end of the round. */
  readonly observed: Observed
  /** Whether all of ours is to be away. */
  readonly isDown: boolean
  /** When the look at it began, by performance.now(). */
  readonly lookedAt: number
  readonly desired: Desired
  /** Resolves when the connections of what went away are ended; never rejects. New connections are good long before. */
  readonly forgotten: Promise<void>
}

/** The world, and what it should be. */
export interface Found {
  readonly observed: Observed
  readonly desired: Desired
}

export interface Survey extends Found {
  readonly steps: readonly Step[]
}

/** Who hears of a round before it ends. */
export interface Hearers {
  /** Hears how the kernel should be, before it is so. */
  readonly onWish?: (desired: Desired) => void
  /** Hears how the world is once new connections have left what has died, before anything else is done. */
  readonly onLeft?: (found: Found) => void
  /** Hears how the world is when the kernel has taken all that followed from what was found, before that is looked at. */
  readonly onDone?: (found: Found) => void
}

/**
 * Makes the kernel as it should be. What was taken down while this run waited for the lock stays so. Throws where the kernel
 * cannot be read, or another run holds the lock for too long.
 */
export async function reconcile(config: Config, hearers: Hearers = {}): Promise<Outcome> {
  // Without conntrack(8) connections could not be ended later. Observing fails without the other programs.
  requireProgram(programs.conntrack)
  const first = async () => {
    const restored = await restoreTable()
    const { former, found } = await leaveTheDead(config)
    if (found !== null) hearers.onLeft?.(found)
    return { restored, former }
  }
  return converge(config, isPaused, hearers, first)
}

/** Takes everything of ours away. Throws like `reconcile`. */
export async function takeDown(config: Config, { onWish }: Hearers = {}): Promise<Outcome> {
  return converge(config, () => true, onWish ? { onWish } : {})
}

/**
 * What is, what should be, and the steps between; changes nothing. Throws for others than root, to whom nft(8) shows
 * nothing.
 */
export async function survey(config: Config): Promise<Survey> {
  return compare(config, (observed) => decide(config, observed))
}

/** The same for every user, without our nft table. */
export async function surveyWithoutRuleset(config: Config): Promise<Survey> {
  const observed = await observe(config, { ruleset: false })
  const desired = decide(config, observed)
  const steps = diff(observed, { ...desired, ruleset: null }, config.layout)
  return { observed, desired, steps }
}

/** By path, the slices whose traffic the kernel sends by their uplinks now, with their ids; see slices.ts. */
export function followedSlices({ remaining, refused, observed, desired }: Outcome): Cgroups {
  return remaining.length + refused.length === 0 && desired.ruleset !== null ? (observed.slices ?? {}) : {}
}

/** What was done before the world was looked at. */
interface Begun {
  /** The step that has put our table back; null where it was there. */
  readonly restored: Step | null
  /** Routes as they were before what is dead was taken out of them. */
  readonly former: readonly Route[]
}

/** `isHeld`: whether all of ours is to be away, which is asked once nobody else runs, and before each wish. */
async function converge(
  config: Config,
  isHeld: () => boolean,
  { onWish, onDone }: Hearers,
  first?: () => Promise<Begun>,
): Promise<Outcome> {
  const { restored, former } = (await first?.()) ?? { restored: null, former: [] }
  const outcome = await withLock(async () => {
    let isDown = isHeld()
    const wish = (observed: Observed) => {
      isDown ||= isHeld()
      const desired = isDown ? decideNothing(observed) : decideWithoutRefused(config, observed)
      onWish?.(desired)
      return desired
    }
    saveUnsaved()
    const applied: Step[] = restored === null ? [] : [restored]
    const errors: string[] = []
    let lookedAt = performance.now()
    let { observed, desired, steps } = await compare(config, wish, withRefusals, former)
    if (restored !== null) applied.push(...sinceLost(observed, desired, config))
    const due = () => steps.filter((step) => !isHeldBack(step, observed, config.layout))
    for (let attempt = 1; due().length > 0 && attempt <= attempts; attempt++) {
      const tried = due()
      try {
        const refused = await apply(tried)
        noteRefusals(tried, refused, observed, config.layout)
        if (refused.some(({ step }) => step.kind === 'load-ruleset')) await findRefusedRules(config, observed)
        applied.push(...tried.filter((step) => !refused.some((refusal) => refusal.step === step)))
        if (refused.length === 0 && !isDown) onDone?.({ observed: afterSteps(observed, tried), desired })
      } catch (error) {
        errors.push(messageOf(error))
        applied.push(...tried)
      }
      lookedAt = performance.now()
      ;({ observed, desired, steps } = await compare(config, wish, withRefusals))
    }
    keepTable(steps.some(({ kind }) => kind === 'load-ruleset' || kind === 'delete-ruleset') ? null : desired.ruleset)
    const refused = refusalsOf(steps, observed, config.layout)
    publishRefusals(observed, config.layout)
    keepWorld(desired.ruleset !== null && due().length === 0 ? observed : null)
    waiting.see({ observed, desired, config })
    return { applied, remaining: due(), refused, errors, observed, isDown, lookedAt, desired }
  })
  return { ...outcome, forgotten: endConnections(outcome.applied, config) }
}

/**
 * Ends the connections of what went away, where `due` says so of each world that is seen until it begins: a line may be back before
 * that. One of two routers waits first, and does it only while it is active, as it ends them on both. Never rejects.
 */
export async function endConnections(steps: readonly Step[], config: Config, due: Due = stillDue): Promise<void> {
  const ending = steps.filter(endsConnections)
  if (ending.length === 0) return
  const left = waiting.add(ending, (step, { config: then, ...world }) => due(step, world, then))
  try {
    if (!config.ha) return await flushConnections(ending, left.has)
    await setTimeout(config.ha.holdSeconds * 1000)
    const { observed, desired } = await survey(config)
    const steps = left.take({ observed, desired, config })
    if (roleOf(config, observed) === 'active') await flushConnections(steps)
  } catch (error) {
    log.failure('ending', 'connections', error)
  } finally {
    left.take(null)
  }
}

const waiting = createWaiting<Found & { readonly config: Config }>()

type Due = (step: Step, world: Found, config: Config) => readonly Step[]

/** Steps that end connections which began while the table was lost for a moment. */
function sinceLost(observed: Observed, desired: Desired, { layout }: Config): readonly Step[] {
  return untranslatedToForget({ ...observed, ruleset: null }, desired.ruleset, desired.uplinks, layout)
}

/** The world with what this process knows to be refused, as it has tried. */
function withRefusals({ refused: _, ...observed }: Observed, { layout }: Config): Observed {
  const refused = refusedPaths(observed, layout)
  const rulesetRefused = refusedRuleset(observed, layout)
  return {
    ...observed,
    ...(refused.length > 0 && { refused }),
    ...(rulesetRefused !== undefined && { rulesetRefused }),
  }
}

async function compare(
  config: Config,
  wish: (observed: Observed) => Desired,
  known = (observed: Observed, _: Config) => observed,
  former: readonly Route[] = [],
): Promise<Survey> {
  const observed = withFormer(known(await observe(config), config), former)
  const desired = wish(observed)
  const steps = withReturned(diff(observed, desired, config.layout), desired.routes, former)
  return { observed, desired, steps: steps.filter(mayUndo) }
}
