/** Has lines/learning find out what lines can carry, and new connections spread by that: reads, writes, and keeps the time. */
import { readCounters } from '../../kernel/devices/counters.ts'
import type { Answer } from '../../lines/capacity/reading.ts'
import { aimOf } from '../../lines/learning/aim.ts'
import { aimed, isSameWish } from '../../lines/learning/begin.ts'
import { answered, knownLines, newLearning, spreadingOf } from '../../lines/learning/learning.ts'
import { looked } from '../../lines/learning/look.ts'
import { withMeasured } from '../../lines/learning/measured.ts'
import type { Cause } from '../../model/cause.ts'
import type { Config } from '../../model/config.ts'
import type { Desired } from '../../model/desired.ts'
import type { InForce } from '../../model/spreading.ts'
import { log } from '../../os/log.ts'
import { type KnownLine, linesFile, loadLines, saveLines } from '../../store/lines.ts'
import { loadSpreading, saveSpreading } from '../../store/spreading.ts'
import type { Reply } from '../control/protocol.ts'
import type { Ticker } from '../ticker.ts'

/** How often lines are looked at, about each second: beats are as they come. */
const lookMs = 900
/** How old the figures that people are shown may be. */
const showMs = 5000
/** How often what was found out is written down; a power cut costs what was found out since. */
const writeMs = 300_000

export interface LearningWatch {
  /** After each round. */
  readonly update: (desired: Desired, config: Config) => void
  /** What a probe of this uplink was answered, over either family. */
  readonly hear: (uplink: string, answer: Answer) => void
  /** A line was loaded on purpose, and carried so many bytes/s downwards. */
  readonly measured: (uplink: string, rate: number) => Reply
  readonly stop: () => void
}

/** Calls `onWeights` when new connections are to be spread otherwise; `askMore` at each look, whether all targets are to be asked. */
export function learnLines(
  pulse: Ticker,
  onWeights: (cause: Cause) => void,
  askMore: (wanted: boolean) => void,
): LearningWatch {
  let learning = newLearning(performance.now())
  /** What /var/lib has of lines. */
  let lines: ReadonlyMap<string, KnownLine> | null = null
  let [shown, shownAt] = ['', 0]
  let [writtenAt, complained] = [performance.now(), false]

  function update({ uplinks }: Desired, config: Config): void {
    const before = learning
    const aim = aimOf(uplinks, config)
    lines ??= loadLines()
    const earlier = { spreading: before.aim === null ? loadSpreading() : null, lines, wallMs: Date.now() }
    learning = aimed(before, aim, earlier, performance.now())
    if (!isSameWish(before, aim)) show(performance.now())
  }

  function look(): undefined {
    if (!learning.aim || learning.aim.watched.length === 0) return
    const at = performance.now()
    const { learning: next, changed, changedRules, asksMore } = looked(learning, { at, counters: readCounters() })
    learning = next
    askMore(asksMore)
    const news = [
      ...(changed === null ? [] : [causeOf(changed)]),
      ...changedRules.map((one) => causeOf(one, ' of a rule')),
    ]
    if (news.length > 0 || at - shownAt >= showMs) show(at)
    for (const cause of news) onWeights(cause)
    if (isUnwritten() && at - writtenAt >= writeMs) write()
  }

  /** Writes down what is found out, for whoever decides or shows. */
  function show(at: number): void {
    shownAt = at
    const spreading = spreadingOf(learning)
    const text = JSON.stringify(spreading)
    if (text === shown) return
    shown = text
    saveSpreading(spreading)
  }

  function isUnwritten(): boolean {
    return learning.loadedAt > writtenAt
  }

  function write(): void {
    writtenAt = performance.now()
    const known = knownLines(learning, lines ?? new Map(), Date.now())
    try {
      saveLines(known)
      lines = known
    } catch (error) {
      if (!complained) log.failure('writing', linesFile.path, error)
      complained = true
    }
  }

  pulse.join(look, lookMs)
  return {
    update,
    hear: (uplink, answer) => {
      learning = answered(learning, uplink, answer, performance.now())
    },
    measured: (uplink, rate) => {
      if (!(rate > 0)) return { ok: false, message: 'no rate was told' }
      const next = withMeasured(learning, uplink, rate, performance.now())
      if (typeof next === 'string') return { ok: false, message: next }
      learning = next
      write()
      show(performance.now())
      return { ok: true, message: `${uplink} counts as known with ${((8 * rate) / 1e6).toPrecision(3)} Mbit/s down.` }
    },
    stop: () => {
      if (isUnwritten()) write()
    },
  }
}

function causeOf({ weights, takes }: InForce, whose = ''): Cause {
  const named = (takes ?? Object.keys(weights)).map((name) => `${name} ${weights[name] ?? 1}`)
  return { kind: 'weights', reason: `weights${whose} ${named.join(', ')}` }
}
