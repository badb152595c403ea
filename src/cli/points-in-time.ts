/** Points in time and spans: how people write them, and how they are shown. Pure but for the host's time zone. */
const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 7 * 86_400 }

export const timeWords = 'a time ago such as 90m, 24h, 7d or 8w, or a date such as 2026-11-26 or "2026-11-26 08:30"'

/** Seconds since 1970, of a time ago or a date in the host's time zone; null for anything else. */
export function readTime(text: string, now: number): number | null {
  const [, amount, unit = ''] = /^(\d{1,6})([smhdw])$/.exec(text) ?? []
  if (amount !== undefined) return now - Number(amount) * (units[unit] ?? 0)
  const [, date, clock = '00:00'] = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?))?$/.exec(text) ?? []
  const at = date === undefined ? Number.NaN : new Date(`${date}T${clock}`).getTime()
  return Number.isNaN(at) ? null : at / 1000
}

/** `2026-11-26 08:30:05` in the host's time zone. */
export function localTime(ms: number): string {
  const date = new Date(ms)
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/** `45 s`, `12 min`, `3 h 20 min`, `5 d 2 h`. */
export function spanText(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 120) return `${whole} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 120) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
  const days = Math.floor(hours / 24)
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`
}
