/** What is known of one line: an uplink's way to the internet in one family. Plain values; times in monotonic ms. */
import type { LineState } from '../model/health.ts'

export interface LineSettings {
  /** Between two background probes; while the line is offline, `offlineIntervalMs`. */
  readonly intervalMs: number
  readonly offlineIntervalMs: number
  /** So many answers in a row make an offline line online. */
  readonly countUp: number
  /** So many failed bursts in a row make a line offline. */
  readonly countDown: number
  /** Of a burst's targets, so many have to answer. */
  readonly quorum: number
  /** Above these the line is degraded: used last. Null: never. */
  readonly maxLatencyMs: number | null
  /** 0 to 1. */
  readonly maxLoss: number | null
  /** Bursts that traffic alone may set off: so many at once, then one in so many milliseconds. */
  readonly burstEveryMs: number
}

export interface PathHealth {
  readonly state: LineState
  /** Slow or lossy beyond what the settings allow. */
  readonly degraded: boolean
  readonly since: number
  /** One phrase for people. */
  readonly why: string
  /** Smoothed round trip time and its mean deviation, as TCP's (RFC 6298); null until something answered. */
  readonly rtt: { readonly smooth: number; readonly deviation: number } | null
  /** The latest background probes, newest last: answered or not. */
  readonly outcomes: readonly boolean[]
  /** Of the questions that were asked where one of those was missed, the latest last: answered or not. */
  readonly opinions: readonly boolean[]
  /** The next background answer is missed after this. */
  readonly dueAt: number
  /** Counters of the device, newest last, of the last seconds. */
  readonly samples: readonly Sample[]
  readonly burst: { readonly began: number; readonly void: boolean } | null
  /** The latest burst ended then; none begins by itself before `restUntil`, which is later after bursts that said nothing. */
  readonly burstEndedAt: number
  readonly restUntil: number
  /** Bursts in a row that said nothing: nobody knows whether anything left. */
  readonly voids: number
  readonly failedBursts: number
  /** So many bursts failed that it is dead, unless everything is: arbiter.ts. It is asked as rarely as an offline line. */
  readonly silent: boolean
  /** Null while nothing that was sent is overdue. */
  readonly failing: Failing | null
  /** Of the latest burst that a quorum answered. */
  readonly alive: Alive | null
  /** When it was last known to fail. */
  readonly troubledAt: number
  /** Background answers in a row. */
  readonly answers: number
  /** When anything was last answered. */
  readonly answeredAt: number
  /** Misses in a row. */
  readonly misses: number
  /** Bursts that traffic may still set off. */
  readonly tokens: number
  readonly tokensAt: number
  /** Grows with each failure, decays with time: how long the line must answer before it is used again. */
  readonly penalty: number
  readonly penaltyAt: number
}

/** Bounds that hold however late this host sends, reads and rings: what was sent is told apart by order, not by delays. */
export interface Failing {
  /** What was sent before was overdue by then. */
  readonly since: number
  /** Something that was not answered either was sent then, or later. */
  readonly askedAt: number
  /** Another line is known to have answered then what it was asked after `since`; null: none yet. */
  readonly witnessedAt: number | null
}

export interface Alive {
  /** What was answered had not been sent before that. */
  readonly sentAfter: number
  /** And its answer was here by then. */
  readonly cameAt: number
}

export interface Sample {
  readonly at: number
  readonly rx: number
  readonly tx: number
}

export type LineEvent =
  /** Twice a second at least, with the device's packet counters; null where they cannot be read. */
  | { readonly kind: 'tick'; readonly counters: { readonly rx: number; readonly tx: number } | null }
  /** A background probe was answered, or the next one left without an answer to it. */
  | { readonly kind: 'answer'; readonly rttMs: number }
  | { readonly kind: 'miss'; readonly asked?: true }
  /** After a miss that said `asked`: what came of a question to a name server by the same line; null: nothing. `datagram`: by UDP. */
  | { readonly kind: 'opinion'; readonly rttMs: number | null; readonly datagram: boolean }
  /** The burst goes on, and so many of its first requests are overdue that no quorum can have answered them. */
  | { readonly kind: 'late' }
  | BurstEnded
  /** Whatever state it is in: somebody wants to know. */
  | { readonly kind: 'ask' }
  /** The same, and what it was asked before says too little. */
  | { readonly kind: 'ask-anew' }
  /** Another line was asked since this one fails, and has answered. */
  | { readonly kind: 'witnessed' }
  /** It is dead, and others are not. */
  | { readonly kind: 'convict' }
  /** Another address or gateway: what was learned of the former is void. */
  | { readonly kind: 'moved' }

export interface BurstEnded {
  readonly kind: 'burst'
  readonly targets: number
  readonly answered: number
  /** Of how many nobody knows whether they were asked. */
  readonly unknown: number
  /** Too few echo requests were answered, but what was asked first instead was, by a quorum. */
  readonly muted?: true
  /** The fastest answer; null: none. */
  readonly rttMs: number | null
  /** Requests went out for so long at least, from the beginning to the last one. */
  readonly spanMs: number
  /** Why nothing is known, or what came instead of an answer. */
  readonly cause?: string
}

export type LineEffect =
  /** Probe all targets at once; wait so long for the last answer. What takes longer than `dueMs` is late; null: unknown. */
  | { readonly kind: 'burst'; readonly timeoutMs: number; readonly dueMs: number | null }
  /** The background target may be what is dead: take the next one. */
  | { readonly kind: 'next-target' }

export interface Advance {
  readonly line: PathHealth
  readonly effects: readonly LineEffect[]
}
