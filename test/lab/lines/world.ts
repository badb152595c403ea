/** A router with simulated lines behind it, a balancer that is asked once a second, and what came of it. */
import type { Reading } from '../../../src/lines/capacity/reading.ts'
import { type Load, webBytes } from './loads.ts'
import { randomOf } from './random.ts'
import {
  type LineSpec,
  probe,
  ratesOf,
  type SimulatedLine,
  simulatedLine,
  step,
  type TargetSpec,
  type Transfer,
} from './simulated-line.ts'

/** Once a second, with what the daemon would know of each line: weights from now on, or null to leave them. */
export type Balancer = (readings: readonly Reading[]) => readonly number[] | null

export interface World {
  readonly lines: readonly LineSpec[]
  readonly loads: readonly Load[]
}

export interface Second {
  /** Bytes/s that each line carried. */
  readonly carried: readonly { readonly down: number; readonly up: number }[]
  /** Bytes/s that each could have. */
  readonly could: readonly { readonly down: number; readonly up: number }[]
  readonly weights: readonly number[]
  readonly changed: boolean
  /** Transfers on each line. */
  readonly transfers: readonly number[]
}

export interface History {
  readonly seconds: readonly Second[]
  readonly done: readonly (Transfer & { readonly ended: number })[]
}

const stepS = 0.02
const stepsPerSecond = 50
/** What a host asks by itself: one a second, of each in turn. */
export const usualTargets: readonly TargetSpec[] = [{ farMs: 0 }, { farMs: 4 }, { farMs: 11 }]
/** The daemon runs for so long before anything is loaded. */
const restS = 20
const mostTransfers = 3000

export function simulate(world: World, balancer: Balancer, { seed = 1, seconds = 90 } = {}): History {
  // What is wanted is the same whatever a balancer does with it.
  const [wishes, picks, random] = [randomOf(3 * seed), randomOf(3 * seed + 1), randomOf(3 * seed + 2)]
  const lines = world.lines.map(simulatedLine)
  let weights: readonly number[] = lines.map(() => 1)
  const active = world.loads.map(() => 0)
  const next = world.loads.map(() => 0)
  const history: { seconds: Second[]; done: History['done'][number][] } = { seconds: [], done: [] }

  const begin = (load: Load, index: number, now: number) => {
    const size = load.kind === 'web' ? webBytes(wishes) : load.bytes
    const { way = 'down', most = Infinity } = load
    const transfer: Transfer = { size, way, load: index, most, began: now, left: size, rate: 0 }
    lines[pick(weights, picks.part())]?.[way].transfers.push(transfer)
    active[index] = (active[index] ?? 0) + 1
  }
  const beginAll = (now: number) => {
    for (const [index, load] of world.loads.entries()) {
      if (load.when && !load.when(now)) next[index] = now
      else if (load.kind === 'clients') while ((active[index] ?? 0) < load.clients) begin(load, index, now)
      else
        while ((next[index] ?? 0) <= now) {
          if ((active[index] ?? 0) < mostTransfers) begin(load, index, now)
          next[index] = (next[index] ?? 0) + wishes.exponential(load.perSecond)
        }
    }
  }

  for (let second = -restS; second < seconds; second++) {
    const before = lines.map(arrived)
    for (let i = 0; i < stepsPerSecond && second >= 0; i++) {
      const now = second + i * stepS
      beginAll(now)
      for (const line of lines)
        for (const transfer of step(line, now, stepS, random)) {
          active[transfer.load] = (active[transfer.load] ?? 1) - 1
          history.done.push({ ...transfer, ended: now + stepS })
        }
    }
    const readings = lines.map((line) => read(line, second, restS, random))
    const answer = balancer(readings)
    if (answer) weights = answer
    if (second < 0) continue
    history.seconds.push({
      carried: lines.map(arrived).map(({ down, up }, i) => ({
        down: down - (before[i]?.down ?? 0),
        up: up - (before[i]?.up ?? 0),
      })),
      could: world.lines.map((spec) => ratesOf(spec, second + 0.5)),
      weights,
      changed: answer !== null,
      transfers: lines.map(({ down, up }) => down.transfers.length + up.transfers.length),
    })
  }
  return history
}

function arrived({ rx, tx, again }: SimulatedLine): { readonly down: number; readonly up: number } {
  return { down: rx, up: tx - again }
}

function read(line: SimulatedLine, second: number, offset: number, random: ReturnType<typeof randomOf>): Reading {
  const targets = line.spec.targets ?? usualTargets
  const index = (second + offset) % targets.length
  const target = targets[index]
  return {
    at: (second + 1) * 1000,
    counters: { rx: Math.round(line.rx), tx: Math.round(line.tx) },
    answers: target ? [{ target: `target-${index}`, rttMs: probe(line, target, second + 1, random) }] : [],
  }
}

function pick(weights: readonly number[], part: number): number {
  let rest = part * weights.reduce((sum, weight) => sum + weight, 0)
  for (const [index, weight] of weights.entries()) {
    rest -= weight
    if (rest < 0) return index
  }
  return weights.length - 1
}
