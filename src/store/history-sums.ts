/**
 * What SQLite adds up of the history: a year of eight lines is 70,000 rows. The engine, which has no compiler, takes 2.5 s to make values
 * of them, and SQLite a tenth of a second to sum them.
 */
import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite'
import { type Counts, type HistoryQuery, historyStates, type LineCourse, type LineSums } from '../model/history.ts'
import type { Family } from '../net/family.ts'

const counted = [...historyStates, 'probes', 'lost', 'received', 'sent'] as const
const tenths = ['minMs', 'meanMs', 'maxMs', 'jitterMs'] as const

/**
 * A query for columns of minutes, or of hours and of the minutes of hours that have no row yet. `?1` is the first minute since 1970, and `?2`
 * the one after the last.
 */
export function rowsOf(step: HistoryQuery['step'], columns: string, where: string): string {
  const from = (table: string, first: string) =>
    `SELECT ${columns} FROM ${table} WHERE at >= ${first} AND at < ?2 AND ${where}`
  if (step === 60) return from('minutes', '?1')
  // One bound alone: of two, SQLite goes by the first, and walks through two months of minutes.
  return `${from('hours', '?1')} UNION ALL ${from('minutes', 'max(?1, (SELECT coalesce(max(at) + 60, 0) FROM hours))')}`
}

const ofLines = 'line IN (SELECT id FROM lines WHERE (?3 IS NULL OR uplink = ?3) AND (?4 IS NULL OR family = ?4))'

type Row = Readonly<Record<string, SQLOutputValue>>
type LineRow = Row & Pick<LineSums, 'uplink' | 'family'>

function ask(db: DatabaseSync, query: HistoryQuery, sql: string, ...more: readonly number[]): readonly LineRow[] {
  const found = db.prepare(sql).all(...parametersOf(query), ...more)
  return found.map((row) => ({ ...row, uplink: String(row['uplink']), family: row['family'] as Family }))
}

function parametersOf({ uplink, family, since, until }: HistoryQuery): readonly SQLInputValue[] {
  return [Math.floor(since / 60), Math.ceil(until / 60), uplink ?? null, family ?? null]
}

/** In the order of names. A sum of bytes is a number with a fraction, as a whole one may be more than JavaScript has. */
export function readSums(db: DatabaseSync, query: HistoryQuery): readonly LineSums[] {
  const sums = [
    ...counted.map((name) => `sum(${name}) * 1.0 AS ${name}`),
    'min(minMs) / 10.0 AS minMs, max(maxMs) / 10.0 AS maxMs, avg(jitterMs) / 10.0 AS jitterMs',
  ]
  const columns = ['line', ...counted, ...tenths].join(', ')
  const counts = (value: string, where: string) =>
    `SELECT line, json_group_array(json_array(value, rows) ORDER BY value) AS counts FROM (
       SELECT line, ${value} AS value, count(*) AS rows
         FROM (${rowsOf(query.step, 'line, meanMs, lost, probes', ofLines)}) WHERE ${where} GROUP BY line, value) GROUP BY line`
  const found = ask(
    db,
    query,
    `SELECT uplink, family, sums.*, latencies.counts AS latencies, losses.counts AS losses
       FROM (SELECT line, ${sums.join(', ')} FROM (${rowsOf(query.step, columns, ofLines)}) GROUP BY line) AS sums
       JOIN lines ON id = sums.line
       LEFT JOIN (${counts('meanMs / 10.0', 'meanMs IS NOT NULL')}) AS latencies ON latencies.line = id
       LEFT JOIN (${counts('1.0 * lost / probes', 'probes > 0')}) AS losses ON losses.line = id
       ORDER BY uplink, family`,
  )
  return found.map(sumsOf)
}

function sumsOf({ uplink, family, ...row }: LineRow): LineSums {
  const whole = (name: (typeof counted)[number]) => Number(row[name])
  const known = (name: string) => (row[name] === null ? null : Number(row[name]))
  const counts = (name: string): Counts => (row[name] === null ? [] : JSON.parse(String(row[name])))
  return {
    ...{ uplink, family, online: whole('online'), degraded: whole('degraded'), offline: whole('offline') },
    ...{ down: whole('down'), disabled: whole('disabled'), probes: whole('probes'), lost: whole('lost') },
    ...{ minMs: known('minMs'), maxMs: known('maxMs'), jitterMs: known('jitterMs') },
    ...{ received: known('received'), sent: known('sent') },
    ...{ latencies: counts('latencies'), losses: counts('losses') },
  }
}

export function readCourses(db: DatabaseSync, query: HistoryQuery, pieces: number): readonly LineCourse[] {
  const columns = 'line, at, meanMs, offline + down AS out, online + degraded + offline + down AS seen'
  const found = ask(
    db,
    query,
    `SELECT uplink, family, json_group_array(json_array(piece, ms, out, seen)) AS pieces FROM (
       SELECT line, CAST(max(0, at - ?1) * ?5 / (?2 - ?1) AS INTEGER) AS piece, avg(meanMs) / 10 AS ms, sum(out) AS out, sum(seen) AS seen
         FROM (${rowsOf(query.step, columns, ofLines)}) GROUP BY line, piece) JOIN lines ON id = line GROUP BY line ORDER BY uplink, family`,
    pieces,
  )
  return found.map(({ uplink, family, pieces: json }) => ({ uplink, family, pieces: JSON.parse(String(json)) }))
}

export function rowsAsText(db: DatabaseSync, query: HistoryQuery): string {
  const columns = ['line', 'at', ...counted, ...tenths].join(', ')
  const ofLine = (column: string) => `(SELECT ${column} FROM lines WHERE id = line)`
  const members = [
    ...[`'uplink', ${ofLine('uplink')}`, `'family', ${ofLine('family')}`, "'at', at * 60"],
    ...counted.map((name) => `'${name}', ${name}`),
    ...tenths.map((name) => `'${name}', ${name} / 10.0`),
  ]
  const sql = `SELECT group_concat(json_object(${members.join(', ')}), ',' || char(10)) AS text
    FROM (${rowsOf(query.step, columns, ofLines)} ORDER BY at, line)`
  return String(db.prepare(sql).get(...parametersOf(query))?.['text'] ?? '')
}
