/** What is known of a line, for people and programs. Pure. */
import type { CapacityFigures, DirectionFigures } from '../../model/spreading.ts'
import type { Direction, LineModel } from './line-model.ts'

/** How many seconds make a rate. */
const smoothed = 5
/** The precision of rates, in bits a second: what probes carry is no news. */
const step = 100_000

export function figuresOf(line: LineModel): CapacityFigures {
  return { down: directionFigures(line, 'down'), up: directionFigures(line, 'up') }
}

function directionFigures({ rates, capacity }: LineModel, direction: Direction): DirectionFigures {
  const latest = rates.slice(-smoothed)
  const mean = latest.reduce((sum, rate) => sum + rate[direction], 0) / Math.max(1, latest.length)
  const { sure, rate } = capacity[direction]
  return { carries: Math.round((8 * mean) / step) * step, capacity: Math.round(8 * rate), sure }
}
