/** How many uplinks could carry connections, in words; apart from what counts them, as browsers read events, too. Pure. */

/** `1 uplink is usable`. */
export function usableText(count: number): string {
  return count === 1 ? '1 uplink is usable' : `${count} uplinks are usable`
}
