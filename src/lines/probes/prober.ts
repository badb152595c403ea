/** What each kind of probe has to say for itself. */
import type { Failure } from '../../os/error.ts'
import type { ProbeSettings } from '../settings.ts'
import type { Answer, Egress } from './egress.ts'

export type Prober = Asking | Pinging

interface Bound {
  /** A socket that is bound to an address alone follows a route of `main`'s own to its target. */
  readonly bindsTo: 'device' | 'address'
  /** It needs the line's own name servers. */
  readonly needsNames: boolean
}

/** One question, which this process asks, or has asked, each time anew. */
export interface Asking extends Bound {
  readonly how: 'asks'
  /** True: answered. Else what was wrong, or false where that is not known, as when it throws. */
  readonly ask: (question: Question) => Promise<boolean | string>
}

export interface Question {
  readonly way: Egress
  readonly settings: ProbeSettings
  readonly target: string
  readonly timeoutMs: number
  /** Of both: the time is over, or nobody wants to know any more. */
  readonly signal: AbortSignal
  /** Nobody wants to know any more. */
  readonly stopped: AbortSignal
}

/** A program that sends by itself, and takes the time. It can ask the gateway as well. */
export interface Pinging extends Bound {
  readonly how: 'pings'
  /** Goes on until it is stopped. `onEnd` when it could not be started, or ended. Returns what stops it. */
  readonly watch: (
    way: Egress,
    target: string,
    intervalMs: number,
    onAnswer: (answer: Answer) => void,
    onEnd: (failure: Failure) => void,
  ) => () => void
  /** `waitMs` after the last request it ends by itself. Returns what stops it. */
  readonly burst: (way: Egress, target: string, waitMs: number, listener: BurstListener) => () => void
}

/**
 * What became of a burst: `unanswered` is the program's own word, which has sent all requests and then waited; `unknown` that it
 * was refused, killed or never started, which says nothing of the line. `failed`: it could not even send, by its line.
 */
export type BurstEnd = 'unanswered' | 'failed' | 'refused' | 'unknown'

export interface BurstListener {
  readonly onAnswer: (rttMs: number) => void
  /** The request of this number has not been answered until the next one left. */
  readonly onMiss: (sequence: number) => void
  readonly onEnd: (end: BurstEnd) => void
}
