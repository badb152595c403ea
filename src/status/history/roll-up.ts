/** Rows of minutes -> rows of hours or of any other span, and what is deleted when. Pure. */
import { type Expiry, type HistoryRow, historyStates, type Kept, keptDays } from '../../model/history.ts'

/** One row for each line and each span of so many seconds, in the order of time. */
export function rollUp(rows: readonly HistoryRow[], seconds: number): readonly HistoryRow[] {
  const beginning = ({ at }: HistoryRow) => at - (at % seconds)
  const groups = Map.groupBy(rows, (row) => `${beginning(row)} ${row.uplink} ${row.family}`)
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    return first ? [sumOf(group, first, beginning(first))] : []
  })
}

function sumOf(rows: readonly HistoryRow[], { uplink, family }: HistoryRow, at: number): HistoryRow {
  const sum = (read: (row: HistoryRow) => number | null) => rows.reduce((total, row) => total + (read(row) ?? 0), 0)
  const states = { online: 0, degraded: 0, offline: 0, down: 0, disabled: 0 }
  for (const state of historyStates) states[state] = sum((row) => row[state])
  const best = (read: (row: HistoryRow) => number | null, choose: (...values: readonly number[]) => number) => {
    const known = rows.flatMap((row) => read(row) ?? [])
    return known.length === 0 ? null : choose(...known)
  }
  const total = (read: (row: HistoryRow) => number | null) =>
    rows.every((row) => read(row) === null) ? null : sum(read)
  return {
    ...{ uplink, family, at, ...states, probes: sum(({ probes }) => probes), lost: sum(({ lost }) => lost) },
    minMs: best(({ minMs }) => minMs, Math.min),
    meanMs: meanOf(rows, ({ meanMs }) => meanMs),
    maxMs: best(({ maxMs }) => maxMs, Math.max),
    jitterMs: meanOf(rows, ({ jitterMs }) => jitterMs),
    received: total(({ received }) => received),
    sent: total(({ sent }) => sent),
  }
}

/** The mean by how many probes were answered. */
function meanOf(rows: readonly HistoryRow[], read: (row: HistoryRow) => number | null): number | null {
  let weights = 0
  let sum = 0
  for (const row of rows) {
    const value = read(row)
    if (value === null) continue
    const weight = Math.max(1, row.probes - row.lost)
    weights += weight
    sum += weight * value
  }
  return weights === 0 ? null : Math.round((sum / weights) * 10) / 10
}

const day = 86_400

/**
 * What is deleted at a write. As much at once as is quickly done: the rest at the next ones. Where there is little room
 * left, the oldest minutes go before their time; rows of a future go, as the clock was wrong then.
 */
export function expiryOf(now: number, { oldestMinute, used }: Kept): Expiry {
  const oldest = oldestMinute ?? now
  const due = used > 0.95 ? Math.min(now - 3600, oldest + 4 * 3600) : now - keptDays.minutes * day
  return { minutes: Math.min(due, oldest + day / 2), hours: now - keptDays.hours * day, after: now + day }
}
