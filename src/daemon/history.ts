/** Keeps the history of the lines: counts all the time, writes every five minutes and at the end. */
import { readCounters } from '../kernel/devices/counters.ts'
import type { LineEvent } from '../lines/path-health.ts'
import type { Desired } from '../model/desired.ts'
import type { Event } from '../model/event.ts'
import {
  type Dated,
  type GraphLine,
  type GraphQuery,
  type HistoryQuery,
  type HistoryRow,
  isHistoryEvent,
} from '../model/history.ts'
import type { Family } from '../net/family.ts'
import { log } from '../os/log.ts'
import { withRows } from '../status/history/graph.ts'
import { expiryOf, rollUp } from '../status/history/roll-up.ts'
import { createTally, type SeenLine, seenLines } from '../status/history/tally.ts'
import { type HistoryFile, historyPath, isDamage, openHistory, setAside } from '../store/history.ts'
import type { Reply } from './control/protocol.ts'
import type { Ticker } from './ticker.ts'

const lookMs = 10_000
const writeMs = 5 * 60_000
/** What is kept in memory while it cannot be written: a day of eight lines. */
const mostRows = 12_000
const mostEvents = 1000

export interface History {
  /** Called after each round. */
  readonly update: (desired: Desired) => void
  /** Counts a probe. */
  readonly hear: (uplink: string, family: Family, event: LineEvent) => void
  readonly tell: (events: readonly Event[]) => void
  /** Writes what is not written yet, and answers whether that is done. What the disk does not take stays in memory. */
  readonly write: () => Promise<Reply>
  /** Rows and events, also those that are not written yet; `limit` at most, the first rows and the last events. */
  readonly rows: (query: HistoryQuery, limit: number) => Promise<readonly HistoryRow[]>
  readonly events: (since: number, until: number, limit: number) => Promise<readonly Dated[]>
  /** What graphs show, up to the latest look. */
  readonly graph: (query: GraphQuery) => Promise<readonly GraphLine[]>
  readonly stop: () => Promise<void>
}

export function keepHistory(pulse: Ticker, path: string = historyPath): History {
  const tally = createTally()
  let lines: readonly SeenLine[] = []
  const had = new Map<string, readonly Family[]>()
  let rows: HistoryRow[] = []
  let events: Dated[] = [{ event: 'start', at: Date.now() }]
  let file: HistoryFile | null = null
  let failing = false
  let writing: Promise<void> | null = null
  let written = performance.now()

  function look(): undefined {
    const now = { wallMs: Date.now(), monotonicMs: performance.now() }
    rows.push(...tally.pass(now, lines, readCounters()))
    if (rows.length > mostRows) rows = rows.slice(-mostRows)
    if (now.monotonicMs - written >= writeMs) void write()
  }

  function update({ uplinks }: Desired): void {
    const next = seenLines(uplinks, had)
    for (const { name, inet, inet6 } of uplinks)
      if (inet || inet6)
        had.set(
          name,
          (['inet', 'inet6'] as const).filter((family) => (family === 'inet' ? inet : inet6) !== null),
        )
    const isSame = JSON.stringify(next) === JSON.stringify(lines)
    // The time until now counts for what was, so a change is no later than it is.
    if (!isSame) look()
    lines = next
    if (!isSame) look()
  }

  function write(): Promise<void> {
    written = performance.now()
    writing ??= tryToWrite().finally(() => {
      writing = null
    })
    return writing
  }

  async function tryToWrite(): Promise<void> {
    if (rows.length + events.length === 0) return
    try {
      file ??= await openOrReplace(path)
      const batch = { rows, events }
      file.write(batch, { now: Date.now() / 1000, expiry: expiryOf, rollUp })
      rows = rows.slice(batch.rows.length)
      events = events.slice(batch.events.length)
      if (failing) log.event({ event: 'recovery', doing: 'writing', what: path })
      failing = false
    } catch (error) {
      close()
      if (isDamage(error)) replaceDamaged(path, error)
      else if (!failing) log.failure('writing', path, error, 'the history is kept in memory meanwhile')
      failing = !isDamage(error)
    }
  }

  function close(): void {
    try {
      file?.close()
    } catch {}
    file = null
  }

  /** What is on disk; nothing where that cannot be read. */
  async function fromFile<T>(read: (file: HistoryFile) => readonly T[]): Promise<readonly T[]> {
    try {
      file ??= await openOrReplace(path)
      return read(file)
    } catch {
      return []
    }
  }

  pulse.join(look, lookMs)
  return {
    update,
    hear: tally.hear,
    tell: (told) => {
      const at = Date.now()
      events.push(...told.filter(isHistoryEvent).map((event) => ({ ...event, at })))
      if (events.length > mostEvents) events = events.slice(-mostEvents)
    },
    write: async () => {
      look()
      await write()
      return failing ? { ok: false, message: `${path} cannot be written` } : { ok: true, message: path }
    },
    rows: async (query, limit) => {
      const before = await fromFile((open) => open.rows(query, limit))
      const { since, until, uplink = null, family = null } = query
      const unwritten = rows.filter((row) => {
        const isMeant = (uplink === null || row.uplink === uplink) && (family === null || row.family === family)
        return isMeant && row.at >= since && row.at < until
      })
      return [...before, ...(query.step === 60 ? unwritten : rollUp(unwritten, query.step))].slice(0, limit)
    },
    events: async (since, until, limit) => {
      const before = await fromFile((open) => open.events(since, until, limit))
      const unwritten = events.filter(({ at }) => at >= since * 1000 && at < until * 1000)
      return [...before, ...unwritten].slice(-limit)
    },
    graph: async (query) => {
      const lines = await fromFile((open) => open.graph(query))
      return withRows(lines, [...rows, ...tally.rest()], query)
    },
    stop: async () => {
      look()
      rows.push(...tally.rest())
      await write()
      close()
    },
  }
}

async function openOrReplace(path: string): Promise<HistoryFile> {
  try {
    return await openHistory(path)
  } catch (error) {
    if (!isDamage(error)) throw error
    replaceDamaged(path, error)
    return openHistory(path)
  }
}

function replaceDamaged(path: string, error: unknown): void {
  try {
    const aside = setAside(path)
    log.failure('reading', path, error, `it is ${aside} now, and a new one begins`)
  } catch (second) {
    log.failure('setting aside', path, second)
  }
}
