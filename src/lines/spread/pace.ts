/** How often weights may be changed: each change is a route that is replaced, and what swings serves nobody. Pure. */

const shortestMs = 2000
const minuteMs = 60_000
/** A tick that came early must not make the next one too late. */
const slackMs = 100
/**
 * The more often they were changed in the last minute, the more a change has to be worth: the logarithm of the factor that a
 * share changes by. 15 %, until there were three.
 */
const worth = [0.15, 0.15, 0.15, 0.22, 0.35, 0.6]
/** From the seventh on a factor of three, as when a line falls to a tenth. */
const worthBeyond = 1.1

/** `change`: the greatest of all lines', as a logarithm. */
export function mayChange(changes: readonly number[], change: number, at: number): boolean {
  const since = at - (changes.at(-1) ?? Number.NEGATIVE_INFINITY)
  if (since < shortestMs - slackMs) return false
  return change >= (worth[recent(changes, at).length] ?? worthBeyond)
}

export function remember(changes: readonly number[], at: number): readonly number[] {
  return [...recent(changes, at), at]
}

function recent(changes: readonly number[], at: number): readonly number[] {
  return changes.filter((one) => one > at - minuteMs)
}
