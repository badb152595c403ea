/** The addresses that a network service tells of an interface. Pure. */

/**
 * How many of each family are taken. One that the interface has is enough to believe the rest, and neighbours can make
 * any number.
 */
const maxTold = 32

/** Sorted, as services' order is not certain: two answers can then be compared. */
export function toldAddresses(all: readonly string[]): readonly string[] {
  const [inet, inet6] = [all.filter((one) => !one.includes(':')), all.filter((one) => one.includes(':'))]
  return [inet, inet6].flatMap((some) => some.toSorted().slice(0, maxTold)).toSorted()
}
