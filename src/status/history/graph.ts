/** What graphs show of lines: how long a step is, and rows that are not on disk yet. Pure. */
import { type GraphLine, type GraphQuery, type HistoryRow, historyStates } from '../../model/history.ts'

/** Up to so long a time is shown by minutes. */
const minutesSeconds = 25 * 3600
/** More points than a graph has pixels tell nothing. */
const mostPoints = 750

/** A query for a time in seconds since 1970, that begins and ends with whole steps. */
export function graphQuery(uplinks: readonly string[], since: number, until: number): GraphQuery {
  const base = until - since <= minutesSeconds ? 60 : 3600
  const step = base * Math.ceil((until - since) / base / mostPoints)
  return { uplinks, since: Math.floor(since / step) * step, until: Math.ceil(until / step) * step, step }
}

/** With rows that are not on disk yet. */
export function withRows(
  lines: readonly GraphLine[],
  rows: readonly HistoryRow[],
  { uplinks, since, until, step }: GraphQuery,
): readonly GraphLine[] {
  const known = new Map(lines.map((line) => [`${line.uplink} ${line.family}`, line]))
  for (const row of rows) {
    if (!uplinks.includes(row.uplink) || row.at < since || row.at >= until) continue
    const { uplink, family, probes, lost, meanMs, received, sent } = row
    const seen = historyStates.reduce((sum, state) => sum + row[state], 0)
    const point = JSON.stringify([Math.floor((row.at - since) / step), seen, probes, lost, meanMs, received, sent])
    const before = known.get(`${uplink} ${family}`)
    known.set(`${uplink} ${family}`, { uplink, family, points: before ? `${before.points},${point}` : point })
  }
  return [...known.values()]
}

/** `{"step":60,"since":1790000400,"lines":[{"uplink":"dsl","family":"inet","points":[[0,60,6,0,8.5,1000,100]]}]}` */
export function graphText(lines: readonly GraphLine[], { since, step }: GraphQuery): string {
  const texts = lines.map(
    ({ uplink, family, points }) => `{"uplink":${JSON.stringify(uplink)},"family":"${family}","points":[${points}]}`,
  )
  return `{"step":${step},"since":${since},"lines":[${texts.join(',')}]}`
}
