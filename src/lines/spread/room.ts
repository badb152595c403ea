/** Whether a line could take more. Pure. */
import { isSteady, loadOf } from '../capacity/learn.ts'
import { type Direction, type LineModel, rateOf } from '../capacity/line-model.ts'

/**
 * A line that carries less than this part of its capacity has nothing that waits, unless it has fallen and stays there.
 */
const spare = 0.85

/** For a line that is known to carry so much and no more. */
export function hasRoom(line: LineModel, direction: Direction): boolean {
  const { sure, rate } = line.capacity[direction]
  if (sure !== 'known') return false
  if (loadOf(line, direction) === 'free') return true
  return rateOf(line, direction) < spare * rate && !isSteady(line, direction, { seconds: 3, varies: 0.2, part: 0 })
}
