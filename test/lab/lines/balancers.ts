/** The law as the daemon would run it, and what it is measured against. */
import { learn } from '../../../src/lines/capacity/learn.ts'
import { type LineModel, newLine } from '../../../src/lines/capacity/line-model.ts'
import { observe } from '../../../src/lines/capacity/observe.ts'
import { type Balance, newBalance, weigh } from '../../../src/lines/spread/weights.ts'
import type { Balancer } from './world.ts'

export function fixed(weights: readonly number[] | null): Balancer {
  let told = weights === null
  return () => {
    if (told) return null
    told = true
    return weights
  }
}

export function byCapacity(count: number, trace?: (lines: readonly LineModel[], balance: Balance) => void): Balancer {
  let lines: readonly LineModel[] = Array.from({ length: count }, () => newLine())
  let balance = newBalance
  return (readings) => {
    const observed = lines.map((line, i) => {
      const reading = readings[i]
      return reading ? observe(line, reading) : line
    })
    lines = learn(observed.map((line) => ({ line })))
    const named = Object.fromEntries(lines.map((line, i) => [`line-${i}`, line]))
    const { balance: next, weights } = weigh(balance, named, readings[0]?.at ?? 0)
    balance = next
    trace?.(lines, balance)
    return weights && lines.map((_, i) => weights[`line-${i}`] ?? 1)
  }
}
