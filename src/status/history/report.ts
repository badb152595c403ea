/** Rows and events -> what people ask of the past: outages, availability, percentiles. Pure. */
import type { Dated, HistoryRow, HistoryState } from '../../model/history.ts'
import { historyStates } from '../../model/history.ts'
import type { Family } from '../../net/family.ts'

export interface Outage {
  readonly uplink: string
  /** The line that was out alone; absent where the uplink was out with all of its lines. */
  readonly family?: Family
  readonly state: string
  /** In milliseconds since 1970; `end` is null while it goes on. */
  readonly begin: number
  readonly end: number | null
  readonly reason: string
  /** The daemon was not there at the end, so it may have ended sooner or later. */
  readonly unseenEnd?: true
}

/**
 * Outages, oldest first. Events have to be in the order of time; what was out before the first of them is not known.
 */
export function outagesOf(events: readonly Dated[]): readonly Outage[] {
  const open = new Map<string, Outage>()
  /** Those that the daemon found open when it began, until it says otherwise. */
  const doubtful = new Map<string, { readonly outage: Outage; readonly at: number }>()
  const found: Outage[] = []
  for (const event of events) {
    if (event.event === 'start') {
      for (const [key, outage] of open) doubtful.set(key, { outage, at: event.at })
      open.clear()
      continue
    }
    if (event.event !== 'uplink') continue
    const key = `${event.uplink} ${event.family ?? ''}`
    const doubted = doubtful.get(key)
    const former = open.get(key)
    if (doubted && event.from === null && isOut(event.to)) {
      doubtful.delete(key)
      open.set(key, doubted.outage)
      continue
    }
    if (isOut(event.to)) {
      // Another state of the same outage: its beginning and its first reason stay.
      if (former) continue
      const { uplink, family, to: state, at: begin, reason } = event
      open.set(key, { uplink, ...(family && { family }), state, begin, end: null, reason })
      continue
    }
    if (former) found.push({ ...former, end: event.at })
    open.delete(key)
  }
  for (const { outage, at } of doubtful.values()) found.push({ ...outage, end: at, unseenEnd: true })
  return [...found, ...open.values()].toSorted((one, other) => one.begin - other.begin)
}

/** What somebody has disabled, or taken away for good, is not out. */
function isOut(state: string): boolean {
  return ['offline', 'down', 'absent', 'unconfigured'].includes(state)
}

/** Outages that touch a time. */
export function outagesWithin(outages: readonly Outage[], since: number, until: number): readonly Outage[] {
  return outages.filter(({ begin, end }) => begin < until && (end ?? until) >= since)
}

export interface LineReport {
  readonly uplink: string
  readonly family: Family
  /** Seconds in each state. */
  readonly seconds: Readonly<Record<HistoryState, number>>
  /** Part of the time that was seen and in which nobody had it disabled, 0 to 1; null where that is none. */
  readonly availability: number | null
  /** Of the means of rows; null where nothing was measured. */
  readonly latencyMs: Percentiles | null
  readonly jitterMs: number | null
  /** Part of the probes that was lost, 0 to 1, and of rows' losses, percentiles. */
  readonly loss: number | null
  readonly lossBy: Percentiles | null
  readonly received: number | null
  readonly sent: number | null
}

export interface Percentiles {
  readonly min: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

/** A report for each line, in the order of names. */
export function reportOf(rows: readonly HistoryRow[]): readonly LineReport[] {
  const lines = Map.groupBy(rows, ({ uplink, family }) => `${uplink} ${family}`)
  return [...lines]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([, ofLine]) => (ofLine[0] ? [lineReport(ofLine, ofLine[0])] : []))
}

function lineReport(rows: readonly HistoryRow[], { uplink, family }: HistoryRow): LineReport {
  const sum = (read: (row: HistoryRow) => number | null) => rows.reduce((total, row) => total + (read(row) ?? 0), 0)
  const known = (read: (row: HistoryRow) => number | null) => rows.flatMap((row) => read(row) ?? [])
  const seconds = { online: 0, degraded: 0, offline: 0, down: 0, disabled: 0 }
  for (const state of historyStates) seconds[state] = sum((row) => row[state])
  const works = seconds.online + seconds.degraded
  const wanted = works + seconds.offline + seconds.down
  const means = known(({ meanMs }) => meanMs)
  const probed = rows.filter(({ probes }) => probes > 0)
  const jitters = known(({ jitterMs }) => jitterMs)
  const latencies = percentilesOf(means)
  const probes = sum((row) => row.probes)
  return {
    ...{ uplink, family, seconds, availability: wanted === 0 ? null : works / wanted },
    latencyMs: latencies && {
      ...latencies,
      min: -largest(
        known(({ minMs }) => minMs).map((value) => -value),
        -latencies.min,
      ),
      max: largest(
        known(({ maxMs }) => maxMs),
        latencies.max,
      ),
    },
    jitterMs: jitters.length === 0 ? null : round(jitters.reduce((total, one) => total + one, 0) / jitters.length, 1),
    loss: probes === 0 ? null : sum(({ lost }) => lost) / probes,
    lossBy: percentilesOf(probed.map(({ lost, probes: all }) => lost / all)),
    received: rows.every((row) => row.received === null) ? null : sum((row) => row.received),
    sent: rows.every((row) => row.sent === null) ? null : sum((row) => row.sent),
  }
}

function largest(values: readonly number[], least: number): number {
  return values.reduce((max, value) => Math.max(max, value), least)
}

function percentilesOf(values: readonly number[]): Percentiles | null {
  if (values.length === 0) return null
  const sorted = Float64Array.from(values).sort()
  // The nearest rank: a value that was there.
  const at = (part: number) => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0
  return { min: at(0), p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) }
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
