/** Four or sixteen bytes -> an address as text; null for anything else. Pure. */

export function addressFromBytes(told: unknown): string | null {
  // D-Bus gives a Uint8Array, JSON an array of numbers.
  const value = told instanceof Uint8Array ? [...told] : told
  if (!Array.isArray(value) || !value.every(isByte)) return null
  if (value.length === 4) return value.join('.')
  if (value.length !== 16) return null
  const groups = Array.from({ length: 8 }, (_, i) => ((value[2 * i] ?? 0) << 8) | (value[2 * i + 1] ?? 0))
  return compressed(groups)
}

function isByte(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255
}

/**
 * An IPv6 address as iproute2 writes it (RFC 5952), so that two can be compared as text. The URL parser writes it so.
 */
function compressed(groups: readonly number[]): string {
  const long = groups.map((group) => group.toString(16)).join(':')
  return new URL(`http://[${long}]/`).hostname.slice(1, -1)
}
