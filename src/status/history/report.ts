/** Sums and events -> what people ask of the past: outages, availability, percentiles. Pure. */
import type { Counts, Dated, HistoryState, LineSums } from '../../model/history.ts'
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

export function lineReport({ uplink, family, latencies, losses, ...sums }: LineSums): LineReport {
  const { online, degraded, offline, down, disabled, probes, lost, minMs, maxMs, jitterMs, received, sent } = sums
  const works = online + degraded
  const wanted = works + offline + down
  const latencyMs = percentilesOf(latencies)
  return {
    ...{ uplink, family, seconds: { online, degraded, offline, down, disabled } },
    availability: wanted === 0 ? null : works / wanted,
    latencyMs: latencyMs && { ...latencyMs, min: minMs ?? latencyMs.min, max: maxMs ?? latencyMs.max },
    jitterMs: jitterMs === null ? null : Math.round(jitterMs * 10) / 10,
    loss: probes === 0 ? null : lost / probes,
    lossBy: percentilesOf(losses),
    ...{ received, sent },
  }
}

/** Nearest ranks: values that were there. */
function percentilesOf(counts: Counts): Percentiles | null {
  const [first] = counts
  const last = counts.at(-1)
  if (!first || !last) return null
  const all = counts.reduce((sum, [, rows]) => sum + rows, 0)
  const at = (part: number) => {
    let before = 0
    for (const [value, rows] of counts) {
      before += rows
      if (before >= Math.ceil(part * all)) return value
    }
    return last[0]
  }
  return { min: first[0], p50: at(0.5), p95: at(0.95), p99: at(0.99), max: last[0] }
}
