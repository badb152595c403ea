/** Whether a line is good enough for the rules that ask for quality. Pure. */
import { type LineQuality, qualityText } from '../model/line-quality.ts'
import type { Bounds, PathHealth } from './path-health.ts'
import { faultOf, isMeasured } from './quality.ts'

/** A line's standing with one wish of rules. Times in monotonic ms. */
export interface Standing {
  /** Why it misses what is asked for, for people; null: it does not. */
  readonly missed: string | null
  /** Since when it would meet it again with some room; null: it does not. */
  readonly fineSince: number | null
  /** How long it has to be fine before it is good enough again. */
  readonly holdMs: number
  /** When it was last good enough again. */
  readonly backAt: number
}

/** By what is asked for, in words. */
export type Standings = ReadonlyMap<string, Standing>

/** Figures have to be within this part of their bounds, for so long, before a line is good enough again. */
const room = 0.8
const firstHoldMs = 10_000
/** The time doubles each time that the line misses soon after it came back: what swings all day must not move telephones all day. */
const mostHoldMs = 320_000
const soonMs = 600_000

/** The standings now. What is asked for no more is forgotten. */
export function judgeFor(before: Standings, line: PathHealth, asked: readonly LineQuality[], now: number): Standings {
  if (before.size === 0 && asked.length === 0) return before
  return new Map(
    asked.flatMap((quality) => {
      const key = qualityText(quality)
      return key === null ? [] : [[key, judged(before.get(key) ?? unjudged, line, boundsOf(quality), now)]]
    }),
  )
}

const unjudged: Standing = { missed: null, fineSince: null, holdMs: firstHoldMs, backAt: Number.NEGATIVE_INFINITY }

function judged(before: Standing, line: PathHealth, bounds: Bounds, now: number): Standing {
  // A dead line has worse faults, and its figures are those of before.
  if (line.state === 'offline') return { ...before, fineSince: null }
  const fault = faultOf(line, bounds)
  if (before.missed === null) {
    if (fault === null) return before
    const isSoon = now - before.backAt < soonMs
    const holdMs = isSoon ? Math.min(mostHoldMs, 2 * before.holdMs) : firstHoldMs
    return { ...before, missed: fault, fineSince: null, holdMs }
  }
  if (fault !== null) return { ...before, missed: fault, fineSince: null }
  const isFine = isMeasured(line, bounds) && faultOf(line, bounds, room) === null
  if (!isFine) return { ...before, fineSince: null }
  const fineSince = before.fineSince ?? now
  return now - fineSince < before.holdMs
    ? { ...before, fineSince }
    : { missed: null, fineSince: null, holdMs: before.holdMs, backAt: now }
}

function boundsOf({ maxLatencyMs, maxJitterMs, maxLoss }: LineQuality): Bounds {
  return { maxLatencyMs: maxLatencyMs ?? null, maxJitterMs: maxJitterMs ?? null, maxLoss: maxLoss ?? null }
}

/** What the line misses, with the reasons for people. */
export function missesOf(standings: Standings): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...standings].flatMap(([asked, { missed }]) => (missed === null ? [] : [[asked, missed] as const])),
  )
}

/** What an earlier daemon said that the line misses. */
export function inheritedStandings(misses: Readonly<Record<string, string>>): Standings {
  return new Map(Object.entries(misses).map(([asked, missed]) => [asked, { ...unjudged, missed }]))
}
