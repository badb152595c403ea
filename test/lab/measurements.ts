/**
 * Figures, printed and kept, so that docs/measurements.md can be made from them. Facts are tested, figures are measured: on a
 * busy machine a figure beyond its bound says little of the program, so a test fails only beyond three times the bound, and
 * as many times more as programs wait for each processor, and as this machine takes longer to start a program than those do
 * that the bounds are meant for: nearly all that we do is done by programs.
 * With IFBALANCE_FIGURES=strict, as `npm run measurements` has it, the bound itself counts.
 */
import { appendFileSync, mkdirSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { dirname } from 'node:path'
import { slowness } from './slowness.ts'

export interface Measurement {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** At most this much; null for a figure without one. */
  readonly limit: number | null
  /** At least this much. */
  readonly least?: number
  readonly release: string
  readonly stack: string
}

const file = `${import.meta.dirname}/../../dist/measurements.jsonl`

/** Figures are what is asked for, and may take their time. */
export const isStrict = process.env['IFBALANCE_FIGURES'] === 'strict'

/**
 * What a bound is multiplied by, or divided. A bound of nothing at all is one of facts, and stays. The kernel's load of the
 * last minute is how many programs run or wait (proc_loadavg(5)).
 */
function tolerance(): number {
  if (isStrict) return 1
  slow ??= slowness()
  return 3 * slow * Math.max(1, (loadavg()[0] ?? 0) / availableParallelism())
}

let slow: number | undefined

/** Prints and keeps a figure. Throws when it is beyond its bound (see above), and where there is none. */
export function record(measurement: Measurement): void {
  if (Number.isNaN(measurement.value)) throw new Error(`${measurement.name}: not measured`)
  const value = Math.round(measurement.value * 100) / 100
  const bound = boundOf(measurement)
  const { name, unit, release, stack } = measurement
  const said = `${release} ${stack}: ${name}: ${value} ${unit}${bound === '' ? '' : ` (${bound} ${unit})`}`
  process.stdout.write(`  ${said}\n`)
  mkdirSync(dirname(file), { recursive: true })
  appendFileSync(file, `${JSON.stringify({ ...measurement, value, at: new Date().toISOString() })}\n`)
  const times = tolerance()
  if (isBeyond({ ...measurement, value }, times))
    throw new Error(isStrict ? said : `${said}, and that ${times.toFixed(1)} times over`)
}

/** Beyond its bound, or beyond so many times that. */
export function isBeyond({ value, limit, least }: Measurement, times = 1): boolean {
  return (limit !== null && value > limit * times) || (least !== undefined && value < least / times)
}

/** `at most 500`, `at least 700`; empty without one. */
export function boundOf({ limit, least }: Pick<Measurement, 'limit' | 'least'>): string {
  const parts = [limit === null ? [] : [`at most ${limit}`], least === undefined ? [] : [`at least ${least}`]]
  return parts.flat().join(', ')
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = sorted.length >> 1
  const [low = Number.NaN, high = Number.NaN] =
    sorted.length % 2 ? [sorted[middle], sorted[middle]] : sorted.slice(middle - 1)
  return (low + high) / 2
}
