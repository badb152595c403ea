/** Rows and outages -> availability by calendar month of the host's time zone. Pure but for that. */
import type { HistoryRow } from '../model/history.ts'
import { type Outage, outagesWithin, reportOf } from '../status/history/report.ts'
import type { MonthReport } from './history-text.ts'

/** Oldest first; an outage counts in each month that it touches, with what of it is in there. */
export function monthsOf(rows: readonly HistoryRow[], outages: readonly Outage[], now: number): readonly MonthReport[] {
  const months = Map.groupBy(rows, ({ at }) => monthOf(at * 1000))
  return [...months].flatMap(([month, inMonth]) => {
    const [from, to] = boundsOf(month)
    return reportOf(inMonth).map(({ uplink, family, availability, seconds }) => {
      const own = outages.filter((one) => one.uplink === uplink && (one.family ?? family) === family)
      const within = outagesWithin(own, from, to)
      const lengths = within.map(({ begin, end }) => (Math.min(end ?? now, to) - Math.max(begin, from)) / 1000)
      return {
        ...{ month, uplink, family, availability, outSeconds: seconds.offline + seconds.down, outages: within.length },
        longestSeconds: Math.max(0, ...lengths),
      }
    })
  })
}

function monthOf(ms: number): string {
  const date = new Date(ms)
  return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}`
}

function boundsOf(month: string): readonly [number, number] {
  const [year = 0, index = 1] = month.split('-').map(Number)
  return [new Date(year, index - 1, 1).getTime(), new Date(year, index, 1).getTime()]
}
