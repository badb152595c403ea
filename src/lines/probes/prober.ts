/** What each kind of probe has to describe of itself. */
import type { Failure } from '../../os/error.ts'
import type { ProbeSettings } from '../settings.ts'
import type { Answer, Egress } from './egress.ts'

export type Prober = Asking | Pinging

interface Bound {
  /**
   * What its sockets are bound to. One that is bound to an address alone follows a route of `main`'s own to its target.
   */
  readonly bindsTo: 'device' | 'address'
  /** Whether it needs the line's own name servers. */
  readonly needsNames: boolean
}

/** A kind with single questions, each of which this process asks, or has asked. */
export interface Asking extends Bound {
  readonly how: 'asks'
  /**
   * True where it was answered; otherwise what was wrong, or false where that is not known. Throwing counts as false.
   */
  readonly ask: (question: Question) => Promise<boolean | string>
}

export interface Question {
  readonly egress: Egress
  readonly settings: ProbeSettings
  readonly target: string
  readonly timeoutMs: number
  /** Aborted when the time is over, and when nobody wants to know any more. */
  readonly signal: AbortSignal
  /** Aborted when nobody wants to know any more. */
  readonly stopped: AbortSignal
}

/** A kind with a program that sends by itself, and takes the time. It can ask the gateway, too. */
export interface Pinging extends Bound {
  readonly how: 'pings'
  /**
   * Probes until it is stopped. Calls `onEnd` when the program could not be started, or has ended. Returns what stops
   * it.
   */
  readonly watch: (
    egress: Egress,
    target: string,
    intervalMs: number,
    onAnswer: (answer: Answer) => void,
    onEnd: (failure: Failure) => void,
  ) => () => void
  /** Sends a burst, and ends by itself `waitMs` after the last request. Returns what stops it. */
  readonly burst: (egress: Egress, target: string, waitMs: number, listener: BurstListener) => () => void
}

/**
 * What became of a burst. `unanswered` is the program's own word: it has sent all requests and then waited. `failed`:
 * it could not even send by its line. `refused`: this host's firewall let nothing out. `unknown`: it was killed or
 * never started, which says nothing of the line.
 */
export type BurstEnd = 'unanswered' | 'failed' | 'refused' | 'unknown'

export interface BurstListener {
  readonly onAnswer: (rttMs: number) => void
  /** The request of this number had no answer when the next one left. */
  readonly onMiss: (sequence: number) => void
  readonly onEnd: (end: BurstEnd) => void
}
