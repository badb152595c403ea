/** What random choices may come to, from their distribution: how many of `count` connections fall to one uplink. */

/** A right program fails by bad luck so often: once in a thousand million looks. */
const falseAlarm = 1e-9

export interface Bounds {
  readonly least: number
  readonly most: number
}

/** Of `count` independent choices with probability `p`: fewer than `least`, or more than `most`, come with probability `alarm` at most. */
export function binomialBounds(count: number, p: number, alarm = falseAlarm): Bounds {
  const logFactorials = [0]
  for (let i = 1; i <= count; i++) logFactorials.push((logFactorials[i - 1] ?? 0) + Math.log(i))
  const logFactorial = (i: number) => logFactorials[i] ?? 0
  const probability = (hits: number) => {
    const ways = logFactorial(count) - logFactorial(hits) - logFactorial(count - hits)
    return Math.exp(ways + hits * Math.log(p) + (count - hits) * Math.log1p(-p))
  }
  // Each tail is summed from its far end, the smallest first, so that nothing is lost to rounding.
  let [least, below] = [0, probability(0)]
  while (below <= alarm / 2) below += probability(++least)
  let [most, above] = [count, probability(count)]
  while (above <= alarm / 2) above += probability(--most)
  return { least, most }
}

/** So many choices that each of those with probability `p` or more is made, but for one time in 1 / `alarm`. */
export function enoughForEach(p: number, alarm = falseAlarm): number {
  // There are 1 / p of them at most.
  return Math.ceil(Math.log(alarm * p) / Math.log1p(-p))
}

/** Throws when `hits` of `count` are no random choice with probability `p`. */
export function checkShare(hits: number | undefined, count: number, p: number, what = 'connections'): void {
  const { least, most } = binomialBounds(count, p)
  if (hits !== undefined && hits >= least && hits <= most) return
  throw new Error(`${what}: ${hits ?? 0} of ${count}, where ${least} to ${most} are to be expected of a share of ${p}`)
}

/** Standard deviations between `hits` of `count` and a binomial distribution with probability `p`. */
export function deviations(hits: number, count: number, p: number): number {
  return Math.abs(hits - count * p) / Math.sqrt(count * p * (1 - p))
}
