/** What a look at the devices' counters makes of what is known of lines. Pure. */
import type { Counters } from '../../kernel/devices/counters.ts'
import type { InForce } from '../../model/spreading.ts'
import { demandOf, learn, learnedFrom } from '../capacity/learn.ts'
import { restRate } from '../capacity/line-model.ts'
import { observe } from '../capacity/observe.ts'
import { type SpreadState, spreadOver, type Wish } from '../spread/spread.ts'
import type { Aim, Watched } from './aim.ts'
import { type Learning, type Look, type Model, sampleEveryMs } from './learning.ts'

/** How often what is looked at is learned from while nothing is carried. A gap of five seconds would be another time. */
const restLookMs = 3000
/** How long other targets are asked on after a load: how far they are at rest says how late they were. */
const restMs = 20_000
/** How long they are asked at rest, each `sampleEveryMs`. */
const sampleMs = 3500

/**
 * With one more look, about each second. `changed` is what is in force then, where that is another than before; `asksMore` is
 * whether all targets of the lines are to be asked until the next look.
 */
export function looked(
  before: Learning,
  look: Look,
): {
  readonly learning: Learning
  readonly changed: InForce | null
  /** What is in force for rules that is another than before. */
  readonly changedRules: readonly InForce[]
  readonly asksMore: boolean
} {
  const { aim, latest } = before
  const isQuiet = aim !== null && latest !== null && isAtRest(aim, latest, look)
  let learning: Learning = { ...before, latest: look }
  if (aim !== null && (!isQuiet || look.at - before.learnedAt >= restLookMs)) {
    // What was passed over is where the load began.
    if (!isQuiet && latest !== null && latest.at > before.learnedAt) learning = learnedBy(learning, aim, latest)
    learning = learnedBy(learning, aim, look)
  }
  const { inForce } = learning.spread
  const [asksMore, sampledAt] = wantsMore(learning, look.at)
  return {
    learning: { ...learning, sampledAt },
    changed: inForce === before.spread.inForce ? null : inForce,
    changedRules: [...learning.ruleSpreads].flatMap(([key, { inForce: now }]) =>
      now === null || now === before.ruleSpreads.get(key)?.inForce ? [] : [now],
    ),
    asksMore,
  }
}

function isAtRest({ watched }: Aim, before: Look, { at, counters }: Look): boolean {
  const most = (restRate * (at - before.at)) / 1000
  return watched.every(({ device }) => bytesOf(counters.get(device)) - bytesOf(before.counters.get(device)) < most)
}

function learnedBy(before: Learning, aim: Aim, look: Look): Learning {
  const observed = aim.watched.reduce((learning, one) => observedBy(learning, one, look), before)
  const shared = new Set([...aim.groups, ...[...aim.rules.values()].flatMap(({ groups }) => groups)].flat())
  const members = aim.watched.flatMap(({ name, bandwidth }) => {
    const model = observed.models.get(name)
    return model && shared.has(name) ? [{ name, ...model, bandwidth }] : []
  })
  const lines = learn(members)
  const models = new Map(observed.models)
  for (const [i, { name, device }] of members.entries()) {
    const line = lines[i]
    if (line) models.set(name, { device, line })
  }
  const demand = demandOf(lines)
  const isLoaded = demand.down + demand.up >= learnedFrom
  return {
    ...observed,
    models,
    spread: respread(observed.spread, aim, models, look.at),
    ruleSpreads: new Map(
      [...observed.ruleSpreads].map(([key, state]) => {
        const ruleAim = aim.rules.get(key)
        return [key, ruleAim ? respread(state, ruleAim, models, look.at) : state]
      }),
    ),
    learnedAt: look.at,
    loadedAt: isLoaded ? look.at : before.loadedAt,
  }
}

function observedBy(learning: Learning, { name, device }: Watched, { at, counters }: Look): Learning {
  const known = learning.models.get(name)
  if (!known) return learning
  const found = counters.get(device)
  const answers = learning.heard.get(name) ?? []
  const line = observe(known.line, {
    at,
    counters: found
      ? { rx: found.rxBytes, tx: found.txBytes, rxPackets: found.rxPackets, txPackets: found.txPackets }
      : null,
    answers: answers.filter((one) => one.at <= at),
  })
  // What has come since then is of the next look.
  const later = answers.filter((one) => one.at > at)
  return {
    ...learning,
    models: new Map([...learning.models, [name, { device, line }]]),
    heard: new Map([...learning.heard, [name, later]]),
  }
}

function respread(
  before: SpreadState,
  { wish, groups }: { readonly wish: Wish | null; readonly groups: Aim['groups'] },
  models: ReadonlyMap<string, Model>,
  at: number,
): SpreadState {
  if (wish === null) return before
  const lines = groups.map((names) =>
    Object.fromEntries(
      names.flatMap((name) => {
        const line = models.get(name)?.line
        return line ? [[name, line] as const] : []
      }),
    ),
  )
  return spreadOver(before, wish, lines, at)
}

/** Whether all targets are asked, and when the latest sample began. */
function wantsMore({ aim, loadedAt, sampledAt }: Learning, at: number): readonly [boolean, number] {
  if (aim === null || !isSpread(aim)) return [false, sampledAt]
  if (at - loadedAt < restMs) return [true, sampledAt]
  const began = at - sampledAt >= sampleEveryMs ? at : sampledAt
  return [at - began < sampleMs, began]
}

/** Whether what is found out changes anything. */
function isSpread({ wish, groups, rules }: Aim): boolean {
  if ([...rules.values()].some((rule) => rule.groups.flat().length > 1)) return true
  return wish !== null && groups.flat().length > 1 && (wish.spread !== 'weight' || wish.isAuto)
}

function bytesOf(counters: Counters | undefined): number {
  return counters ? counters.rxBytes + counters.txBytes : 0
}
