/** What the benchmarks of the control path measure. Plain values. */

/** One reconcile inside a process that goes on. */
export interface Run {
  readonly ms: number
  /** Processor time of the process and of the programs that it ran. */
  readonly cpuMs: number
  readonly programs: number
  readonly changes: number
  /** Differences that are left; there should be none. */
  readonly left: number
}

export const amounts = ['nothing', 'one', 'all'] as const
export type Amount = (typeof amounts)[number]

export interface ReconcileResult {
  readonly uplinks: number
  readonly amount: Amount
  readonly rounds: number
  /** Median. */
  readonly ms: number
  /** Mean. */
  readonly cpuMs: number
  readonly programs: number
  readonly changes: number
}

/** One command of ours or of a peer, from its start to its end. */
export interface CommandResult {
  readonly who: 'article' | 'shorewall' | 'ifbalance'
  readonly what: string
  readonly rounds: number
  /** Median. */
  readonly ms: number
  /** Mean of the command's processes, and of our daemon where one runs. */
  readonly cpuMs: number
  /** Processes that were started, the daemon's included. */
  readonly processes: number
}

export interface ControlResults {
  /** The machine. */
  readonly on: string
  readonly reconcile: readonly ReconcileResult[]
  readonly commands: readonly CommandResult[]
}
