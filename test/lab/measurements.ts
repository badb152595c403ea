/** Figures, printed and kept, so that docs/measurements.md can be made from them. */
import { appendFileSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

export interface Measurement {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** At most this much; null for a figure without one. */
  readonly limit: number | null
  readonly release: string
  readonly stack: string
}

const file = `${import.meta.dirname}/../../dist/measurements.jsonl`

export function record(measurement: Measurement): void {
  const value = Math.round(measurement.value * 100) / 100
  const { name, unit, limit, release, stack } = measurement
  const bound = limit === null ? '' : ` (at most ${limit} ${unit})`
  process.stdout.write(`  ${release} ${stack}: ${name}: ${value} ${unit}${bound}\n`)
  mkdirSync(dirname(file), { recursive: true })
  appendFileSync(file, `${JSON.stringify({ ...measurement, value, at: new Date().toISOString() })}\n`)
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = sorted.length >> 1
  const [low = Number.NaN, high = Number.NaN] =
    sorted.length % 2 ? [sorted[middle], sorted[middle]] : sorted.slice(middle - 1)
  return (low + high) / 2
}

/** Standard deviations between `hits` of `count` and a binomial distribution with probability `p`. */
export function deviations(hits: number, count: number, p: number): number {
  return Math.abs(hits - count * p) / Math.sqrt(count * p * (1 - p))
}
