/** How often weights may be changed: each change is a route that is replaced, and what swings serves nobody. Pure. */

const shortestMs = 2000
const minuteMs = 60_000
/** A tick that came early must not make the next one too late. */
const slackMs = 100
/**
 * What a change has to be worth, by the number of changes in the last minute: the logarithm of the factor by which a
 * share changes. 15 % for the first three.
 */
const worth = [0.15, 0.15, 0.15, 0.22, 0.35, 0.6]
/**
 * What the seventh change in a minute and later ones have to be worth: a factor of three, as when a line falls to a
 * tenth.
 */
const worthBeyond = 1.1

/** Whether weights may be changed now. `change`: the greatest of all lines' changes, as a logarithm. */
export function mayChange(changes: readonly number[], change: number, at: number): boolean {
  const since = at - (changes.at(-1) ?? Number.NEGATIVE_INFINITY)
  if (since < shortestMs - slackMs) return false
  return change >= (worth[recent(changes, at).length] ?? worthBeyond)
}

/** The times of changes with one more, without those older than a minute. */
export function remember(changes: readonly number[], at: number): readonly number[] {
  return [...recent(changes, at), at]
}

function recent(changes: readonly number[], at: number): readonly number[] {
  return changes.filter((one) => one > at - minuteMs)
}
