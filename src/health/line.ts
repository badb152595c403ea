/** What is known of one line: an uplink's way to the internet in one family. Plain values; times in monotonic ms. */
import type { LineState } from '../model.ts'

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

export interface Line {
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
  /** The next background answer is missed after this. */
  readonly dueAt: number
  /** Counters of the device, newest last, of the last seconds. */
  readonly samples: readonly Sample[]
  readonly burst: { readonly began: number; readonly void: boolean } | null
  readonly failedBursts: number
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
  | { readonly kind: 'miss' }
  /** A burst has ended: so many of its targets answered, the fastest after so long. */
  | { readonly kind: 'burst'; readonly answered: number; readonly targets: number; readonly rttMs: number | null }
  /** Another line's failure, or its return from where all had failed, makes one doubt this one. */
  | { readonly kind: 'recheck' }
  /** Another address or gateway: what was learned of the former is void. */
  | { readonly kind: 'moved' }

export type LineEffect =
  /** Probe all targets at once; wait so long for the last answer. */
  | { readonly kind: 'burst'; readonly timeoutMs: number }
  /** The background target may be what is dead: take the next one. */
  | { readonly kind: 'next-target' }

export interface Advance {
  readonly line: Line
  readonly effects: readonly LineEffect[]
}
