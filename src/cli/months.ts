/** Availability by calendar month of the host's time zone. Pure but for that. */
import type { LineReport, Outage } from '../status/history/report.ts'
import { outagesWithin } from '../status/history/report.ts'
import type { MonthReport } from './history-text.ts'

/** A month, or the part of it that is asked for; in seconds since 1970. */
export interface Month {
  /** `2026-11` */
  readonly name: string
  readonly since: number
  readonly until: number
}

/** The months of a time, oldest first. */
export function monthsBetween(since: number, until: number): readonly Month[] {
  const months: Month[] = []
  let from = since
  while (from < until) {
    const date = new Date(from * 1000)
    const [year, month] = [date.getFullYear(), date.getMonth()]
    const to = Math.min(until, new Date(year, month + 1, 1).getTime() / 1000)
    months.push({ name: `${year}-${String(month + 1).padStart(2, '0')}`, since: from, until: to })
    from = to
  }
  return months
}

/** An outage counts in each month that it touches, with what of it is in there; one that goes on is until `now`, in milliseconds since 1970. */
export function monthReports(
  { name: month, since, until }: Month,
  lines: readonly LineReport[],
  outages: readonly Outage[],
  now: number,
): readonly MonthReport[] {
  const [from, to] = [since * 1000, until * 1000]
  return lines.map(({ uplink, family, availability, seconds }) => {
    const own = outages.filter((one) => one.uplink === uplink && (one.family ?? family) === family)
    const within = outagesWithin(own, from, to)
    const lengths = within.map(({ begin, end }) => (Math.min(end ?? now, to) - Math.max(begin, from)) / 1000)
    return {
      ...{ month, uplink, family, availability, outSeconds: seconds.offline + seconds.down, outages: within.length },
      longestSeconds: Math.max(0, ...lengths),
    }
  })
}
