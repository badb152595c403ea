/** What probes and traffic say of the lines. */
import type { Family } from '../net/family.ts'
import type { LineFigures } from './line-figures.ts'

/**
 * `suspect`: something was not answered, probes are out; in use. `offline`: a quorum of the probes' targets does not answer.
 */
export type LineState = 'online' | 'suspect' | 'offline'

export interface LineHealth extends LineFigures {
  readonly state: LineState
  /**
   * Whether it is slower or lossier than its settings allow, or its quota is used up: then it is used after all others.
   */
  readonly degraded: boolean
  /** Whether it carries nothing, whatever else there is: its quota is used up, and `at-quota` is `disable`. */
  readonly barred?: boolean
  /** What rules ask for and the line misses (`qualityText`), each with the reason for people; absent: nothing. */
  readonly misses?: Readonly<Record<string, string>>
  /** When the state began, in milliseconds of CLOCK_REALTIME. */
  readonly since: number
  /** Why the state is what it is: one phrase for people. */
  readonly why: string
  /** The last probe in words: whether it was answered, and by what; null before the first. */
  readonly lastProbe: string | null
}

export type Health = Readonly<Record<string, Readonly<Partial<Record<Family, LineHealth>>>>>
