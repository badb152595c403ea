/** What the benchmarks of failover measure. Plain values. */
import type { Contender } from './contenders.ts'

/** One flow of programs/flows.ts. */
export interface Flow {
  /** As whom the server saw it, in order. */
  readonly peers: readonly string[]
  /** When packets were sent that were not answered (ms, CLOCK_MONOTONIC). */
  readonly lostAt: readonly number[]
}

export const faults = ['carrier', 'blackhole', 'lease', 'upgrade'] as const
export type Fault = (typeof faults)[number]

/** Null in all of these: not within the bound. */
export interface Round {
  /** From the fault until every new connection is good. */
  readonly goodMs: number | null
  /** From the repair until a new connection takes the uplink again. */
  readonly backMs: number | null
  /** Of each flow that was on the uplink; those on the other one may not lose any. */
  readonly lost: readonly number[]
  readonly lostElsewhere: number
}

export interface FaultResult {
  readonly who: Contender
  readonly fault: Fault
  /** How long each round was watched. */
  readonly boundMs: number
  readonly rounds: readonly Round[]
}

export interface FailoverPlan {
  readonly who: Contender
  readonly faults: readonly Fault[]
  readonly rounds: number
}

export interface FailoverResults {
  /** The machine. */
  readonly on: string
  readonly results: readonly FaultResult[]
}
