/** The lines that weights are found out for in the lab, with the weights that a good administrator would set by hand. */
import type { Lines } from '../lab/loaded-lines.ts'
import { type Weighting, weightings } from './weights-results.ts'

export interface Case {
  readonly name: string
  readonly lines: Lines
  readonly byHand: readonly number[]
  readonly weightings: readonly Weighting[]
  /** Seconds since the load began: what is carried in each, and how long transfers take that end in the second. */
  readonly spans: readonly [Span, Span]
  /** Only transfers that began then count; those that ended in the second span, unless said. */
  readonly begun?: Span
  /** What becomes of a probe target of the second line as soon as it is loaded. */
  readonly target?: 'silent' | 'delays'
  /** That one is the only target that there is. */
  readonly isAlone?: boolean
}

type Span = readonly [number, number]

const minute: Case['spans'] = [
  [5, 30],
  [30, 60],
]
const ours: readonly Weighting[] = ['even', 'by itself', 'by hand']
const both = (...mbit: readonly number[]): Lines => ({ down: mbit, up: mbit, way: 'down' })
const equal = { lines: both(20, 20), byHand: [1, 1], weightings: ours, spans: minute }

export const cases: readonly Case[] = [
  { name: '40/10', lines: both(40, 10), byHand: [4, 1], weightings, spans: minute },
  {
    name: '100/20',
    lines: { down: [100, 20], up: [5, 20], way: 'down' },
    byHand: [5, 1],
    weightings,
    spans: minute,
  },
  {
    name: '5/20, uploads',
    lines: { down: [100, 20], up: [5, 20], way: 'up' },
    byHand: [1, 4],
    weightings: ours,
    spans: minute,
  },
  { name: '40/20/10', lines: both(40, 20, 10), byHand: [4, 2, 1], weightings: ours, spans: minute },
  {
    name: '15 and LTE: 30, from 30 s on 10, from 60 s on 40',
    lines: {
      ...{ down: [15, 30], up: [1, 10], way: 'down' },
      later: [
        { at: 30, line: 1, mbit: 10 },
        { at: 60, line: 1, mbit: 40 },
      ],
    },
    byHand: [1, 2],
    weightings: ours,
    spans: [
      [5, 30],
      [30, 90],
    ],
  },
  {
    name: '40/40, the second falls to 4 at 30 s; transfers that began 10 s later',
    lines: { ...both(40, 40), later: [{ at: 30, line: 1, mbit: 4 }] },
    byHand: [10, 1],
    weightings: ours,
    spans: [
      [5, 30],
      [30, 80],
    ],
    begun: [40, 65],
  },
  { name: '20/20', ...equal },
  { name: '20/20, a target of the second falls silent', ...equal, target: 'silent' },
  { name: '20/20, a target of the second delays by 150 ms', ...equal, target: 'delays' },
  { name: '20/20, the only target of the second delays by 150 ms', ...equal, target: 'delays', isAlone: true },
]
