/** Seconds, round trips and bytes of lines -> rows of a minute. Without a clock or files of its own. */
import type { LineEvent } from '../../lines/path-health.ts'
import type { HistoryRow, HistoryState } from '../../model/history.ts'
import type { Uplink } from '../../model/uplink.ts'
import type { Family } from '../../net/family.ts'

export interface SeenLine {
  readonly uplink: string
  readonly family: Family
  readonly state: HistoryState
  /** The interface whose bytes are this line's; null for an uplink's second line. */
  readonly device: string | null
}

export interface Moment {
  /** Milliseconds since 1970, which may leap, and of a clock that does not. */
  readonly wallMs: number
  readonly monotonicMs: number
}

export interface Tally {
  /** Counts a probe of a line. */
  readonly hear: (uplink: string, family: Family, event: LineEvent) => void
  /**
   * Counts the time since the call before for the states of then, and gives the rows of minutes that are over. `lines`
   * are as they are from now on; `bytes` are an interface's since it is there.
   */
  readonly pass: (
    now: Moment,
    lines: readonly SeenLine[],
    bytes: ReadonlyMap<string, { readonly rxBytes: number; readonly txBytes: number }>,
  ) => readonly HistoryRow[]
  /** The rows so far of the minute that goes on. */
  readonly rest: () => readonly HistoryRow[]
}

/** A gap in the daemon's own time: it was stopped, or the machine was. Nobody saw what the lines did. */
const gapMs = 60_000
const minuteMs = 60_000

interface Counted {
  readonly uplink: string
  readonly family: Family
  readonly ms: Record<HistoryState, number>
  probes: number
  lost: number
  times: number
  sum: number
  min: number
  max: number
  last: number | null
  steps: number
  stepSum: number
  bytes: { received: number; sent: number } | null
}

export function createTally(): Tally {
  let before: { readonly now: Moment; readonly lines: readonly SeenLine[] } | null = null
  /** The minute that goes on, since 1970. */
  let minute = 0
  let counted = new Map<string, Counted>()
  const counters = new Map<string, { readonly rxBytes: number; readonly txBytes: number }>()

  const of = (uplink: string, family: Family): Counted => {
    const key = `${uplink} ${family}`
    const known = counted.get(key)
    if (known) return known
    const made = newCounted(uplink, family)
    counted.set(key, made)
    return made
  }

  function close(): readonly HistoryRow[] {
    const rows = rest()
    counted = new Map()
    return rows
  }

  function rest(): readonly HistoryRow[] {
    return [...counted.values()].flatMap((one) => rowOf(one, minute * 60))
  }

  function countBytes(lines: readonly SeenLine[], bytes: Parameters<Tally['pass']>[2]): void {
    for (const { uplink, family, device } of lines) {
      const now = device === null ? undefined : bytes.get(device)
      if (device === null || !now) continue
      const was = counters.get(device)
      counters.set(device, now)
      const line = of(uplink, family)
      line.bytes ??= { received: 0, sent: 0 }
      // A counter that is less than it was is another device's of that name.
      const isSame = was && now.rxBytes >= was.rxBytes && now.txBytes >= was.txBytes
      if (!isSame) continue
      line.bytes.received += now.rxBytes - was.rxBytes
      line.bytes.sent += now.txBytes - was.txBytes
    }
  }

  function pass(now: Moment, lines: readonly SeenLine[], bytes: Parameters<Tally['pass']>[2]): readonly HistoryRow[] {
    const finished: HistoryRow[] = []
    const elapsed = before === null ? 0 : now.monotonicMs - before.now.monotonicMs
    const seen = before !== null && elapsed > 0 && elapsed <= gapMs ? before.lines : []
    let from = now.wallMs - (seen.length > 0 ? elapsed : 0)
    if (before === null) minute = Math.floor(from / minuteMs)
    while (from < now.wallMs || minute !== Math.floor(now.wallMs / minuteMs)) {
      const current = Math.floor(from / minuteMs)
      if (current !== minute) {
        finished.push(...close())
        minute = current
      }
      const until = Math.min(now.wallMs, (minute + 1) * minuteMs)
      for (const { uplink, family, state } of seen) of(uplink, family).ms[state] += until - from
      if (until === from) break
      from = until
    }
    countBytes(lines, bytes)
    before = { now, lines }
    return finished
  }

  function hear(uplink: string, family: Family, event: LineEvent): void {
    if (event.kind === 'answer') addTime(of(uplink, family), event.rttMs)
    else if (event.kind === 'miss' && !event.asked) addProbe(of(uplink, family), true)
    // A missed echo that is asked for otherwise counts by what becomes of that.
    else if (event.kind === 'opinion') addProbe(of(uplink, family), event.rttMs === null)
  }

  return { hear, pass, rest }
}

function newCounted(uplink: string, family: Family): Counted {
  return {
    ...{ uplink, family, ms: { online: 0, degraded: 0, offline: 0, down: 0, disabled: 0 }, probes: 0, lost: 0 },
    ...{ times: 0, sum: 0, min: 0, max: 0, last: null, steps: 0, stepSum: 0, bytes: null },
  }
}

function addProbe(line: Counted, isLost: boolean): void {
  line.probes += 1
  if (isLost) line.lost += 1
}

function addTime(line: Counted, rttMs: number): void {
  addProbe(line, false)
  line.min = line.times === 0 ? rttMs : Math.min(line.min, rttMs)
  line.max = Math.max(line.max, rttMs)
  line.times += 1
  line.sum += rttMs
  if (line.last !== null) {
    line.steps += 1
    line.stepSum += Math.abs(rttMs - line.last)
  }
  line.last = rttMs
}

/** None where nobody saw the line. */
function rowOf(line: Counted, at: number): readonly HistoryRow[] {
  const { uplink, family, ms, probes, lost, times, bytes } = line
  const seconds = (state: HistoryState) => Math.round(ms[state] / 1000)
  const states = {
    ...{ online: seconds('online'), degraded: seconds('degraded'), offline: seconds('offline') },
    ...{ down: seconds('down'), disabled: seconds('disabled') },
  }
  if (Object.values(states).every((value) => value === 0)) return []
  return [
    {
      ...{ uplink, family, at, ...states, probes, lost },
      ...{ minMs: times === 0 ? null : tenths(line.min), meanMs: times === 0 ? null : tenths(line.sum / times) },
      maxMs: times === 0 ? null : tenths(line.max),
      jitterMs: line.steps === 0 ? null : tenths(line.stepSum / line.steps),
      ...{ received: bytes?.received ?? null, sent: bytes?.sent ?? null },
    },
  ]
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10
}

const families = ['inet', 'inet6'] as const

/**
 * The lines of uplinks, and the state of each. One that has no way out is known by the families in which it had one, by
 * `had`.
 */
export function seenLines(
  uplinks: readonly Uplink[],
  had: ReadonlyMap<string, readonly Family[]>,
): readonly SeenLine[] {
  return uplinks.flatMap((uplink) => {
    const here = families.filter((family) => uplink[family] !== null)
    const known = here.length > 0 ? here : (uplink.awayIn ?? had.get(uplink.name) ?? [])
    const all = known.length > 0 ? known : (['inet'] as const)
    return all.map((family, index) => ({
      ...{ uplink: uplink.name, family, state: stateOf(uplink, family) },
      device: index === 0 ? uplink.interface : null,
    }))
  })
}

function stateOf({ state, ...paths }: Uplink, family: Family): HistoryState {
  if (state === 'disabled') return 'disabled'
  const path = paths[family]
  if (state === 'absent' || state === 'down' || state === 'unconfigured') return 'down'
  if (path === null || path.refused !== undefined) return 'down'
  if (path.line?.state === 'offline') return 'offline'
  return path.line?.degraded ? 'degraded' : 'online'
}
