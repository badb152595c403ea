/** What probes and traffic say of the lines. */
import type { Family } from '../net/family.ts'
import type { LineFigures } from './line-figures.ts'

/**
 * `suspect`: something was not answered, probes are out; in use. `offline`: a quorum of the probes' targets does not answer.
 */
export type LineState = 'online' | 'suspect' | 'offline'

export interface LineHealth extends LineFigures {
  readonly state: LineState
  /** Slower or lossier than its settings allow, or its quota is used up: used after all others. */
  readonly degraded: boolean
  /** Its quota is used up, and it is to carry nothing then, whatever else there is. */
  readonly barred?: boolean
  /** Milliseconds of CLOCK_REALTIME: when the state began. */
  readonly since: number
  /** One phrase for people. */
  readonly why: string
  /** Answered or not, and by what; null before the first. */
  readonly lastProbe: string | null
}

export type Health = Readonly<Record<string, Readonly<Partial<Record<Family, LineHealth>>>>>
