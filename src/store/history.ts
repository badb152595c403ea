/**
 * The history on disk, in SQLite. A write-ahead log with few checkpoints makes a commit a few pages at the end of one
 * file, and waits for the disk only at a checkpoint: cards wear by pages, and rounds must not wait. A power cut loses
 * minutes, and damages nothing. It is the daemon's file, which is never opened as root (see os/as-owner.ts).
 */
import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite'
import { paths } from '../layout.ts'
import {
  type Dated,
  type Expiry,
  type GraphLine,
  type GraphQuery,
  type HistoryQuery,
  type HistoryRow,
  historyStates,
  type Kept,
  type LineCourse,
  type LineSums,
} from '../model/history.ts'
import type { Family } from '../net/family.ts'
import { readCourses, readSums, rowsAsText, rowsOf } from './history-sums.ts'

export const historyPath = join(paths.lib, 'history.db')

export interface Batch {
  readonly rows: readonly HistoryRow[]
  readonly events: readonly Dated[]
}

/** What the file does not decide by itself. `now` in seconds since 1970. */
export interface Keeping {
  readonly now: number
  readonly expiry: (now: number, kept: Kept) => Expiry
  readonly rollUp: (rows: readonly HistoryRow[], seconds: number) => readonly HistoryRow[]
}

export interface HistoryFile {
  /** Writes all or nothing. Throws where the disk does not take it, or the file is damaged (`isDamage`). */
  readonly write: (batch: Batch, keeping: Keeping) => void
  /** In the order of time, `limit` at most: the first ones. */
  readonly rows: (query: HistoryQuery, limit?: number) => readonly HistoryRow[]
  /** What all rows of a time come to, by line, in the order of names. With rows of hours, minutes stand for the hours that have none yet. */
  readonly sums: (query: HistoryQuery) => readonly LineSums[]
  /** The course of each line in so many pieces of the time. */
  readonly courses: (query: HistoryQuery, pieces: number) => readonly LineCourse[]
  /** The same rows as JSON: objects as `HistoryRow` has them, with commas between, one a line. */
  readonly rowsText: (query: HistoryQuery) => string
  /** What graphs show of these uplinks' lines. */
  readonly graph: (query: GraphQuery) => readonly GraphLine[]
  /** In the order of time, `limit` at most: the last ones. Times in seconds since 1970. */
  readonly events: (since: number, until: number, limit?: number) => readonly Dated[]
  readonly close: () => void
}

const pageBytes = 4096
/** 40 MB. */
const mostPages = 9765
const mostEvents = 5000
/** Rows of minutes that a write makes rows of hours of: two days of many lines take many writes. */
const mostHours = 6
const schemaVersion = 1

const values = [...historyStates, 'probes', 'lost', 'minMs', 'meanMs', 'maxMs', 'jitterMs', 'received', 'sent'] as const
/** Numbers are kept whole: milliseconds by ten. */
const byTen: ReadonlySet<string> = new Set(['minMs', 'meanMs', 'maxMs', 'jitterMs'])

/**
 * `minutes` and `hours` are in the order of time, so that what is written stands at the end, and pages are full.
 * Node.js gives every number as one with a fraction, eight bytes each, and a column of whole numbers makes it one of as few as it needs.
 */
const schema = `
CREATE TABLE IF NOT EXISTS lines (id INTEGER PRIMARY KEY, uplink TEXT NOT NULL, family TEXT NOT NULL, UNIQUE (uplink, family));
${['minutes', 'hours'].map((table) => `CREATE TABLE IF NOT EXISTS ${table} (at INTEGER, line INTEGER, ${values.map((name) => `${name} INTEGER`).join(', ')}, PRIMARY KEY (at, line)) WITHOUT ROWID;`).join('\n')}
CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, event TEXT NOT NULL);
PRAGMA user_version = ${schemaVersion};
`

/** Opens the file, and makes it where it is not there, unless it is only to be read. Rejects where it cannot be. */
export async function openHistory(path: string, { readOnly = false } = {}): Promise<HistoryFile> {
  // Loaded only here: whoever keeps no history must not pay for it.
  const { DatabaseSync: Database } = await import('node:sqlite')
  const db = new Database(path, { readOnly, timeout: readOnly ? 2000 : 0 })
  try {
    // Who only reads is gone soon, and goes through the same pages several times.
    db.exec(`PRAGMA cache_size = ${readOnly ? -8192 : -512}; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;`)
    if (!readOnly) prepareToWrite(db)
  } catch (error) {
    db.close()
    throw error
  }
  return {
    write: (batch, keeping) => inOne(db, () => writeBatch(db, batch, keeping)),
    rows: (query, limit = -1) => readRows(db, query, limit),
    sums: (query) => readSums(db, query),
    courses: (query, pieces) => readCourses(db, query, pieces),
    rowsText: (query) => rowsAsText(db, query),
    graph: (query) => readGraph(db, query),
    events: (since, until, limit = mostEvents) => readEvents(db, since, until, limit),
    close: () => db.close(),
  }
}

function prepareToWrite(db: DatabaseSync): void {
  db.exec(`PRAGMA page_size = ${pageBytes}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;`)
  db.exec(`PRAGMA wal_autocheckpoint = 64; PRAGMA journal_size_limit = 524288; PRAGMA max_page_count = ${mostPages};`)
  inOne(db, () => db.exec(schema))
}

function inOne(db: DatabaseSync, work: () => void): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    work()
    db.exec('COMMIT')
  } catch (error) {
    // SQLite may have rolled back by itself, as where the disk is full.
    try {
      db.exec('ROLLBACK')
    } catch {}
    throw error
  }
}

function writeBatch(db: DatabaseSync, { rows, events }: Batch, { now, expiry, rollUp }: Keeping): void {
  insert(db, 'minutes', rows)
  const event = db.prepare('INSERT INTO events (at, event) VALUES (?, ?)')
  for (const { at, ...rest } of events) event.run(Math.round(at), JSON.stringify(rest))
  if (events.length > 0) db.exec(`DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ${mostEvents}`)
  for (const hour of hoursToRollUp(db, now)) {
    insert(db, 'hours', rollUp(readRows(db, { since: hour, until: hour + 3600, step: 60 }, -1), 3600))
  }
  const oldest = numberOf(db, 'SELECT min(at) AS n FROM minutes')
  const pages = (numberOf(db, 'PRAGMA page_count') ?? 0) - (numberOf(db, 'PRAGMA freelist_count') ?? 0)
  const { minutes, hours, after } = expiry(now, {
    oldestMinute: oldest === null ? null : oldest * 60,
    used: pages / mostPages,
  })
  const remove = (table: string, where: string, at: number) => db.prepare(`DELETE FROM ${table} WHERE ${where}`).run(at)
  remove('minutes', 'at < ?', Math.floor(minutes / 60))
  remove('hours', 'at < ?', Math.floor(hours / 60))
  remove('events', 'at < ?', hours * 1000)
  for (const table of ['minutes', 'hours']) remove(table, 'at > ?', Math.floor(after / 60))
}

/** Beginnings of hours that are over, in seconds since 1970, and of which there are minutes and nothing else yet. */
function hoursToRollUp(db: DatabaseSync, now: number): readonly number[] {
  const done = numberOf(db, 'SELECT max(at) AS n FROM hours')
  const after = done === null ? 0 : done + 60
  const found: number[] = []
  let from = after
  while (found.length < mostHours) {
    const next = numberOf(db, 'SELECT min(at) AS n FROM minutes WHERE at >= ?', from)
    if (next === null) break
    const hour = next - (next % 60)
    if ((hour + 60) * 60 > now) break
    found.push(hour * 60)
    from = hour + 60
  }
  return found
}

/**
 * A restart in the middle of a minute leaves two parts of it, which are added; of figures, the first part's stay. What the
 * host's clock goes through twice counts once.
 */
const total = (from: string) => historyStates.map((state) => `${from}${state}`).join(' + ')
const onConflict = `ON CONFLICT DO UPDATE SET ${[...historyStates, 'probes', 'lost', 'received', 'sent']
  .map((name) => `${name} = coalesce(${name} + excluded.${name}, ${name}, excluded.${name})`)
  .join(', ')} WHERE ${total('')} + ${total('excluded.')} <= 61`

function insert(db: DatabaseSync, table: 'minutes' | 'hours', rows: readonly HistoryRow[]): void {
  const marks = ['at', 'line', ...values].map(() => '?').join(', ')
  const statement = db.prepare(`INSERT INTO ${table} VALUES (${marks}) ${onConflict}`)
  const idOf = lineIds(db)
  for (const row of rows) {
    const numbers = values.map((name): SQLInputValue => {
      const value = row[name]
      return value === null ? null : Math.round(byTen.has(name) ? value * 10 : value)
    })
    statement.run(Math.floor(row.at / 60), idOf(row), ...numbers)
  }
}

/** Gives the id of a row's line, and makes one for a line that is new. */
function lineIds(db: DatabaseSync): (row: HistoryRow) => number {
  const all = db.prepare('SELECT id, uplink, family FROM lines').all()
  const ids = new Map(all.map(({ id, uplink, family }) => [`${uplink} ${family}`, Number(id)]))
  return ({ uplink, family }) => {
    const known = ids.get(`${uplink} ${family}`)
    if (known !== undefined) return known
    const made = db.prepare('INSERT INTO lines (uplink, family) VALUES (?, ?)').run(uplink, family)
    const id = Number(made.lastInsertRowid)
    ids.set(`${uplink} ${family}`, id)
    return id
  }
}

function readRows(
  db: DatabaseSync,
  { uplink, family, since, until, step }: HistoryQuery,
  limit: number,
): readonly HistoryRow[] {
  const table = step === 60 ? 'minutes' : 'hours'
  const statement = db.prepare(
    `SELECT uplink, family, at, ${values.join(', ')} FROM ${table} JOIN lines ON id = line ` +
      'WHERE at >= ?1 AND at < ?2 AND (?3 IS NULL OR uplink = ?3) AND (?4 IS NULL OR family = ?4) ORDER BY at, line LIMIT ?5',
  )
  const wanted = [Math.floor(since / 60), Math.ceil(until / 60), uplink ?? null, family ?? null, limit]
  return statement.all(...wanted).map(rowOf)
}

/** Without intermediate lists: a year of eight lines is 70,000 rows, and the engine runs without a compiler. */
function rowOf(row: Readonly<Record<string, SQLOutputValue>>): HistoryRow {
  const tenth = (value: SQLOutputValue | undefined) => (value === null ? null : Number(value) / 10)
  const whole = (value: SQLOutputValue | undefined) => (value === null ? null : Number(value))
  return {
    uplink: String(row['uplink']),
    family: row['family'] as Family,
    at: Number(row['at']) * 60,
    online: Number(row['online']),
    degraded: Number(row['degraded']),
    offline: Number(row['offline']),
    down: Number(row['down']),
    disabled: Number(row['disabled']),
    probes: Number(row['probes']),
    lost: Number(row['lost']),
    minMs: tenth(row['minMs']),
    meanMs: tenth(row['meanMs']),
    maxMs: tenth(row['maxMs']),
    jitterMs: tenth(row['jitterMs']),
    received: whole(row['received']),
    sent: whole(row['sent']),
  }
}

/** From an hour a point on, from rows of hours; minutes stand for the hours that have no row yet. */
function readGraph(db: DatabaseSync, { uplinks, since, until, step }: GraphQuery): readonly GraphLine[] {
  const rows = rowsOf(
    step < 3600 ? 60 : 3600,
    `line, at, probes, lost, meanMs, received, sent, ${total('')} AS seen`,
    'line IN (SELECT id FROM lines WHERE uplink IN (SELECT value FROM json_each(?4)))',
  )
  const answered = 'CASE WHEN meanMs IS NULL THEN 0 ELSE max(probes - lost, 1) END'
  const statement = db.prepare(
    `WITH slots AS (SELECT line, CAST((at - ?1) / ?3 AS INTEGER) AS slot, sum(seen) AS seen, sum(probes) AS probes, sum(lost) AS lost,
       round(sum(meanMs * ${answered}) / (10.0 * nullif(sum(${answered}), 0)), 1) AS ms, sum(received) AS received, sum(sent) AS sent
       FROM (${rows}) GROUP BY line, slot)
     SELECT uplink, family, group_concat(json_array(slot, seen, probes, lost, ms, received, sent)) AS points
       FROM slots JOIN lines ON id = line GROUP BY line ORDER BY line`,
  )
  const found = statement.all(since / 60, Math.ceil(until / 60), step / 60, JSON.stringify(uplinks))
  return found.map(({ uplink, family, points }) => ({
    ...{ uplink: String(uplink), family: family as Family, points: String(points) },
  }))
}

function readEvents(db: DatabaseSync, since: number, until: number, limit: number): readonly Dated[] {
  const statement = db.prepare('SELECT at, event FROM events WHERE at >= ? AND at < ? ORDER BY id DESC LIMIT ?')
  return statement
    .all(since * 1000, until * 1000, limit)
    .map(({ at, event }) => ({ ...JSON.parse(String(event)), at: Number(at) }))
    .reverse()
}

function numberOf(db: DatabaseSync, sql: string, ...parameters: readonly number[]): number | null {
  const [value = null] = Object.values(db.prepare(sql).get(...parameters) ?? {})
  return value === null ? null : Number(value)
}

/** Whether the file is not what it should be, so that it has to make room for another: SQLITE_CORRUPT, SQLITE_NOTADB. */
export function isDamage(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0
  return code === 11 || code === 26 || error instanceof SyntaxError
}

/** Moves a damaged file out of the way, in place of an earlier one, and gives its new path. */
export function setAside(path: string): string {
  const aside = `${path}.damaged`
  renameSync(path, aside)
  for (const end of ['-wal', '-shm']) rmSync(`${path}${end}`, { force: true })
  return aside
}
