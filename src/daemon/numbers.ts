/** Keeps uplinks' numbers over boots. */
import { isDeepStrictEqual } from 'node:util'
import type { Desired } from '../model/desired.ts'
import type { Observed } from '../model/observed.ts'
import { numbersToKeep } from '../reconcile/decide/uplinks/uplink-ids.ts'
import { saveNumbers } from '../store/numbers.ts'

/** Writes the numbers down where they are others than those in the file. Never throws. */
export function keepNumbers({ state }: Desired, observed: Observed): void {
  // Nothing is known while all is taken down, and what was known then holds.
  if (Object.keys(state.uplinks).length === 0) return
  const numbers = numbersToKeep(state.uplinks, observed, Math.floor(Date.now() / 1000))
  if (!isDeepStrictEqual(numbers, observed.earlierNumbers ?? {})) saveNumbers(numbers)
}
