/** Which lines take new connections, and with what weights, by what [balance] or a rule says. Pure. */
import type { InForce, Spread } from '../../model/spreading.ts'
import type { LineModel } from '../capacity/line-model.ts'
import { type Nearest, nearest, newNearest, roomiest } from './latency.ts'
import { newOverflow, type Overflow, overflow } from './overflow.ts'
import { mayChange, remember } from './pace.ts'
import { type Balance, balanceWith, newBalance, weigh } from './weights.ts'

export interface SpreadState {
  readonly balance: Balance
  readonly overflow: Overflow
  readonly nearest: Nearest
  /** What is in force; null: nothing was found out. It is the same value as before where nothing is to change. */
  readonly inForce: InForce | null
}

export interface Wish {
  readonly spread: Spread
  /** The part of its capacity, 0 to 1, from which on a line is full for `overflow`. */
  readonly overflowAt: number
  /** Nobody wrote weights down. */
  readonly isAuto: boolean
}

export function newSpread(inForce: InForce | null): SpreadState {
  const balance = inForce === null ? newBalance : balanceWith(inForce.weights)
  return { balance, overflow: newOverflow, nearest: newNearest, inForce }
}

/** What another set of lines counts as, as a logarithm: it is worth a change at any time, but not at each moment. */
const anotherSet = 1.2

/** What is in force after one more second. `groups`: the lines that may take connections, of one metric each, the lowest first. `at` in monotonic ms. */
export function spreadOver(
  before: SpreadState,
  { spread, overflowAt, isAuto }: Wish,
  groups: readonly Readonly<Record<string, LineModel>>[],
  at: number,
): SpreadState {
  const lines: Readonly<Record<string, LineModel>> = Object.assign({}, ...groups)
  if (Object.keys(lines).length < 2) return before
  if (spread === 'weight') return isAuto ? weighed(before, lines, at) : before
  if (spread === 'overflow') return inTurn(before, groups, overflowAt, isAuto, at)
  const { nearest: next, weights } = (spread === 'load' ? roomiest : nearest)(before.nearest, lines, at)
  if (weights === null) return { ...before, nearest: next }
  const takes = spread === 'load' ? {} : { takes: Object.keys(weights) }
  return { ...before, nearest: next, inForce: { weights, ...takes } }
}

function weighed(before: SpreadState, lines: Readonly<Record<string, LineModel>>, at: number): SpreadState {
  const { balance, weights } = weigh(before.balance, lines, at)
  if (weights === null) return { ...before, balance }
  // Who is away for a moment comes back with what it had.
  return { ...before, balance, inForce: { ...before.inForce, weights: { ...before.inForce?.weights, ...weights } } }
}

function inTurn(
  before: SpreadState,
  groups: readonly Readonly<Record<string, LineModel>>[],
  overflowAt: number,
  isAuto: boolean,
  at: number,
): SpreadState {
  const { overflow: state, takes } = overflow(before.overflow, groups, overflowAt, at)
  const wished = before.inForce?.takes?.join() !== takes.join()
  const { changes } = before.balance
  const isChange = wished && (before.inForce === null || mayChange(changes, anotherSet, at))
  const balance = isChange ? { ...before.balance, changes: remember(changes, at) } : before.balance
  const inForce = isChange ? { weights: before.inForce?.weights ?? {}, takes } : before.inForce
  const next = { ...before, balance, overflow: state, inForce }
  const all: Readonly<Record<string, LineModel>> = Object.assign({}, ...groups)
  const taking = Object.entries(all).filter(([name]) => inForce?.takes?.includes(name))
  return isAuto && taking.length > 1 ? weighed(next, Object.fromEntries(taking), at) : next
}
