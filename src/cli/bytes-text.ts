/** Bytes with three digits, in units of 1000 as contracts have them. Pure. */
const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** `0 B`, `12.3 GB`. */
export function bytesText(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${units[power]}`
}
