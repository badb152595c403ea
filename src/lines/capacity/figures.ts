/** What is known of a line, for people and programs. Pure. */
import type { LineFigures, WayFigures } from '../../model/spreading.ts'
import type { LineModel, Way } from './line-model.ts'

/** How many seconds make a rate. */
const smoothed = 5
/** The precision of rates, in bits a second: what probes carry is no news. */
const step = 100_000

export function figuresOf(line: LineModel): LineFigures {
  return { down: wayFigures(line, 'down'), up: wayFigures(line, 'up') }
}

function wayFigures({ rates, capacity }: LineModel, way: Way): WayFigures {
  const latest = rates.slice(-smoothed)
  const mean = latest.reduce((sum, rate) => sum + rate[way], 0) / Math.max(1, latest.length)
  const { sure, rate } = capacity[way]
  return { carries: Math.round((8 * mean) / step) * step, capacity: Math.round(8 * rate), sure }
}
