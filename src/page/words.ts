/** Numbers as people read them. Pure. */

/** A share of 0 to 1; what is not nothing is not shown as nothing. */
export function percentText(share: number): string {
  const percent = share * 100
  if (percent > 0 && percent < 1) return '< 1 %'
  return `${Math.round(percent)} %`
}

/** Bits a second with three digits at most, in units of 1000, as contracts have them. */
export function rateText(bitsPerSecond: number): string {
  return `${withUnit(bitsPerSecond, ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s'])}`
}

/** Milliseconds, with a fraction only where there is little else. */
export function latencyText(ms: number): string {
  return `${ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms)} ms`
}

/** How long ago a moment was; both in milliseconds since 1970. */
export function agoText(then: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - then) / 1000))
  if (seconds < 120) return `${seconds} s`
  if (seconds < 2 * 3600) return `${Math.round(seconds / 60)} min`
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} days`
}

function withUnit(value: number, units: readonly string[]): string {
  let rest = value
  let index = 0
  while (rest >= 999.5 && index < units.length - 1) {
    rest /= 1000
    index += 1
  }
  const digits = rest >= 99.5 || index === 0 ? 0 : rest >= 9.95 ? 1 : 2
  return `${Number(rest.toFixed(digits))} ${units[index]}`
}
