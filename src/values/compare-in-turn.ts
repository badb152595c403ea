/** Order of lists of numbers, for sorting: the first that differs decides. Pure. */
export function compareInTurn(one: readonly number[], other: readonly number[]): number {
  return one.map((value, index) => value - (other[index] ?? 0)).find((difference) => difference !== 0) ?? 0
}
