/**
 * What is known of the lines, and learned from what they carry: a state, of which a round (begin.ts) and a look at the
 * devices' counters (look.ts) make the next. The caller reads, writes and keeps the time. All times in monotonic ms. Pure.
 */
import type { Counters } from '../../kernel/devices/counters.ts'
import type { Spreading } from '../../model/spreading.ts'
import type { KnownLine } from '../../store/lines.ts'
import { figuresOf } from '../capacity/figures.ts'
import type { LineModel } from '../capacity/line-model.ts'
import type { Answer } from '../capacity/reading.ts'
import { toStored } from '../capacity/stored.ts'
import { newSpread, type SpreadState } from '../spread/spread.ts'
import type { Aim } from './aim.ts'

/** How often all targets are asked at rest, as the least round trip of ten minutes counts. */
export const sampleEveryMs = 280_000
const firstSampleMs = 30_000
/** How many answers between two looks are kept; bursts have three targets. */
const mostAnswers = 32

export interface Learning {
  /** Null before the first round. */
  readonly aim: Aim | null
  readonly spread: SpreadState
  /** Those of rules, by `ruleSpreadKey`. */
  readonly ruleSpreads: ReadonlyMap<string, SpreadState>
  readonly models: ReadonlyMap<string, Model>
  /** Answers that no look has learned from, by uplink. */
  readonly heard: ReadonlyMap<string, readonly Heard[]>
  readonly latest: Look | null
  readonly learnedAt: number
  /** When lines last carried enough to learn from. */
  readonly loadedAt: number
  readonly sampledAt: number
}

export interface Model {
  readonly device: string
  readonly line: LineModel
}

type Heard = Answer & { readonly at: number }

/** What a look has seen of all devices. */
export interface Look {
  readonly at: number
  readonly counters: ReadonlyMap<string, Counters>
}

export const never = Number.NEGATIVE_INFINITY

export function newLearning(at: number): Learning {
  return {
    ...{
      aim: null,
      spread: newSpread(null),
      ruleSpreads: new Map(),
      models: new Map(),
      heard: new Map(),
      latest: null,
    },
    ...{ learnedAt: never, loadedAt: never, sampledAt: at - sampleEveryMs + firstSampleMs },
  }
}

/** With what a probe of this uplink was answered, over either family. */
export function answered(before: Learning, uplink: string, answer: Answer, at: number): Learning {
  const answers = [...(before.heard.get(uplink) ?? []), { ...answer, at }].slice(-mostAnswers)
  return { ...before, heard: new Map([...before.heard, [uplink, answers]]) }
}

/** What is found out, for whoever decides or shows. */
export function spreadingOf({ aim, spread, ruleSpreads, models }: Learning): Spreading {
  const rules = [...ruleSpreads].flatMap(([key, { inForce }]) => (inForce === null ? [] : [[key, inForce] as const]))
  return {
    spread: aim?.wish?.spread ?? 'weight',
    ...(spread.inForce ?? { weights: {} }),
    ...(rules.length > 0 && { rules: Object.fromEntries(rules) }),
    lines: Object.fromEntries([...models].map(([name, { line }]) => [name, figuresOf(line)])),
  }
}

/** What is known of lines, to be written down. Those that are away keep what was known of them. */
export function knownLines(
  { models }: Learning,
  lines: ReadonlyMap<string, KnownLine>,
  wallMs: number,
): ReadonlyMap<string, KnownLine> {
  const now = [...models].map(
    ([name, { device, line }]) => [name, { device, line: { ...toStored(line, wallMs) } }] as const,
  )
  return new Map([...lines, ...now])
}
