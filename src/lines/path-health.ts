/** What is known of one line: an uplink's way out in one family. Plain values, monotonic ms. Pure. */
import type { LineState } from '../model/health.ts'

export interface LineSettings {
  /** Time between two background probes; `offlineIntervalMs` while the line is offline. */
  readonly intervalMs: number
  readonly offlineIntervalMs: number
  /** How many answers in a row make an offline line online. */
  readonly countUp: number
  /** How many failed bursts in a row make a line silent. */
  readonly countDown: number
  /** How many of a burst's targets have to answer. */
  readonly quorum: number
  /** Above these the line is degraded, and so used last. */
  readonly bounds: Bounds
  /** Traffic alone may set off a few bursts at once, and then one in so many milliseconds. */
  readonly burstEveryMs: number
}

/** Bounds of a line's figures; null: none. */
export interface Bounds {
  readonly maxLatencyMs: number | null
  readonly maxJitterMs: number | null
  /** Share of lost probes, 0 to 1. */
  readonly maxLoss: number | null
}

/** Round trips of a line, in ms. */
export interface RoundTrip {
  /** Smoothed, and its mean deviation, as TCP has them (RFC 6298). */
  readonly smooth: number
  readonly deviation: number
  /** Of the last answer, and of the quickest one before it. */
  readonly last: number
  readonly least: number
}

export interface PathHealth {
  readonly state: LineState
  /** Whether it is slower or lossier than the settings allow. */
  readonly degraded: boolean
  readonly since: number
  /** Why the state is what it is: one phrase for people. */
  readonly why: string
  /** Null until something answered. */
  readonly rtt: RoundTrip | null
  /** Whether each of the latest background probes was answered, newest last. */
  readonly outcomes: readonly boolean[]
  /** Whether each of the latest questions was answered that were asked instead of a missed probe, newest last. */
  readonly opinions: readonly boolean[]
  /** The next background answer is missed after this time. */
  readonly dueAt: number
  /** The device's packet counters of the last seconds, newest last. */
  readonly samples: readonly Sample[]
  readonly burst: { readonly began: number; readonly void: boolean } | null
  /**
   * When the latest burst ended. None begins by itself before `restUntil`, which is later after bursts that said
   * nothing.
   */
  readonly burstEndedAt: number
  readonly restUntil: number
  /** Bursts in a row that said nothing, as nobody knows whether anything left. */
  readonly voids: number
  readonly failedBursts: number
  /**
   * Whether so many bursts failed that the line is dead, unless everything is (arbiter.ts). It is asked as rarely as an
   * offline line.
   */
  readonly silent: boolean
  /** What is overdue; null while nothing is. */
  readonly failing: Failing | null
  /** The latest burst that a quorum answered; null before the first. */
  readonly alive: Alive | null
  /** When it was last known to fail. */
  readonly troubledAt: number
  /** Number of background answers in a row. */
  readonly answers: number
  /** When anything was last answered. */
  readonly answeredAt: number
  /** Number of misses in a row. */
  readonly misses: number
  /** When the first and the last of those, or of the latest that were missed in a row, were sent; null: none was yet. */
  readonly missed: { readonly from: number; readonly to: number } | null
  /** The latest time in which probes were sent and nothing was heard (shared-misses.ts); null: there was none. */
  readonly silence: { readonly from: number; readonly to: number } | null
  /** How many bursts traffic may still set off. */
  readonly tokens: number
  readonly tokensAt: number
  /** How long the line must answer before it is used again: grows with each failure, decays with time. */
  readonly penalty: number
  readonly penaltyAt: number
}

/** Bounds that hold however late this host sends, reads and wakes: order tells what was sent when, not delays. */
export interface Failing {
  /** What was sent before was overdue by this time. */
  readonly since: number
  /** Something that was not answered either was sent at this time, or later. */
  readonly askedAt: number
  /** When another line is known to have answered what it was asked after `since`; null: none has yet. */
  readonly witnessedAt: number | null
}

export interface Alive {
  /** What was answered had not been sent before this time. */
  readonly sentAfter: number
  /** The answer was here by this time. */
  readonly cameAt: number
}

export interface Sample {
  readonly at: number
  readonly rx: number
  readonly tx: number
}

export type LineEvent =
  /** Sent twice a second at least, with the device's packet counters; null where they cannot be read. */
  | {
      readonly kind: 'tick'
      readonly counters: { readonly rx: number; readonly tx: number } | null
      /** So many lines are being asked that this one has to wait with it. */
      readonly isCrowded?: boolean
    }
  /**
   * A background probe was answered, or the next one left while it was not. `isShared`: all lines have missed what this one
   * had missed right before (shared-misses.ts).
   */
  | { readonly kind: 'answer'; readonly rttMs: number; readonly isShared?: boolean }
  | { readonly kind: 'miss'; readonly asked?: true }
  /**
   * The result of the question to a name server by the same line that follows a miss with `asked`; null: no answer.
   * `datagram`: it was answered by UDP.
   */
  | {
      readonly kind: 'opinion'
      readonly rttMs: number | null
      readonly datagram: boolean
      readonly isShared?: boolean
    }
  /** The burst goes on, and so many of its first requests are overdue that no quorum can have answered them. */
  | { readonly kind: 'late' }
  | BurstEnded
  /** Somebody wants to know: the line is to be asked, whatever its state. */
  | { readonly kind: 'ask' }
  /** The line is to be asked again, as what it was asked before says too little. */
  | { readonly kind: 'ask-anew' }
  /** Another line was asked since this one fails, and has answered. */
  | { readonly kind: 'witnessed' }
  /** The line is dead, and others are not. */
  | { readonly kind: 'convict' }
  /** What carried the line has lost its cable, so it is dead, whatever it was asked: `why`, as one phrase. */
  | { readonly kind: 'cut'; readonly why: string }
  /** The line has another address or gateway, so what was learned of the former is void. */
  | { readonly kind: 'moved' }

export interface BurstEnded {
  readonly kind: 'burst'
  readonly targets: number
  readonly answered: number
  /** Of how many targets nobody knows whether they were asked. */
  readonly unknown: number
  /** Whether too few echo requests were answered, but a quorum of the questions that were asked first instead. */
  readonly muted?: true
  /** The fastest answer in ms; null: none. */
  readonly rttMs: number | null
  /** Time from the first request to the last one in ms, at least. */
  readonly spanMs: number
  /** Why nothing is known, or what came instead of an answer. */
  readonly cause?: string
}

export type LineEffect =
  /**
   * Probe all targets at once, and wait `timeoutMs` for the last answer. What takes longer than `dueMs` is late; null:
   * that is not known.
   */
  | { readonly kind: 'burst'; readonly timeoutMs: number; readonly dueMs: number | null }
  /** Probe another target in the background, as this one may be what is dead. */
  | { readonly kind: 'next-target' }

export interface Advance {
  readonly line: PathHealth
  readonly effects: readonly LineEffect[]
}
