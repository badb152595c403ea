/** Answers of GetGraph and GetEvents, see org.ifbalance1(5) -> what graphs show. Pure. */
import type { Dated } from '../model/history.ts'
import type { UplinkState } from '../model/uplink.ts'
import { outagesOf } from '../status/history/report.ts'

export const ranges = {
  hour: { title: 'Hour', seconds: 3600 },
  day: { title: 'Day', seconds: 86_400 },
  week: { title: 'Week', seconds: 7 * 86_400 },
  months: { title: '60 days', seconds: 60 * 86_400 },
} as const
export type Range = keyof typeof ranges

/** As many as the daemon answers for at once. */
export const mostGraphs = 8

type Values = readonly (number | null)[]

export interface LineSeries {
  readonly uplink: string
  readonly family: 'inet' | 'inet6'
  readonly latencyMs: Values
  /** 0 to 100. */
  readonly lossPercent: Values
  /** Bits a second; of an uplink's first line alone, empty for the other. */
  readonly down: Values
  /** The same below 0, so that both are in one graph. */
  readonly up: Values
}

export interface Graphs {
  /** In seconds since 1970, one for each step: values of all lines are at these. */
  readonly times: readonly number[]
  readonly lines: readonly LineSeries[]
}

interface Sum {
  seen: number
  probes: number
  lost: number
  answered: number
  msSum: number
  received: number | null
  sent: number | null
}

type Point = readonly (number | null)[]

/** Of the text that GetGraph gives, for a time that ends at `until`, in seconds since 1970. */
export function graphsOf(text: string, until: number): Graphs {
  const answer: {
    readonly step: number
    readonly since: number
    readonly lines: readonly {
      readonly uplink: string
      readonly family: LineSeries['family']
      readonly points: readonly Point[]
    }[]
  } = JSON.parse(text)
  const { step, since } = answer
  const times = Array.from({ length: Math.max(1, Math.ceil((until - since) / step)) }, (_, slot) => since + slot * step)
  const lines = answer.lines.map(({ uplink, family, points }): LineSeries => {
    const sums = sumsOf(points, times.length)
    const each = (read: (sum: Sum) => number | null) => sums.map((sum) => (sum ? read(sum) : null))
    const rates = (read: (sum: Sum) => number | null, sign: 1 | -1) => {
      const values = each((sum) => rateOf(read(sum), sum.seen, sign))
      return values.every((value) => value === null) ? [] : values
    }
    return {
      ...{ uplink, family },
      latencyMs: each(({ answered, msSum }) => (answered > 0 ? msSum / answered : null)),
      lossPercent: each(({ probes, lost }) => (probes > 0 ? (lost * 100) / probes : null)),
      down: rates(({ received }) => received, 1),
      up: rates(({ sent }) => sent, -1),
    }
  })
  return { times, lines }
}

/** A slot may come twice: what is on disk of it, and what is not yet. */
function sumsOf(points: readonly Point[], length: number): readonly (Sum | undefined)[] {
  const sums: (Sum | undefined)[] = Array(length).fill(undefined)
  for (const [slot, seen, probes, lost, ms, received, sent] of points) {
    if (typeof slot !== 'number' || slot < 0 || slot >= length) continue
    const sum = sums[slot] ?? { seen: 0, probes: 0, lost: 0, answered: 0, msSum: 0, received: null, sent: null }
    sum.seen += seen ?? 0
    sum.probes += probes ?? 0
    sum.lost += lost ?? 0
    const answered = ms == null ? 0 : Math.max((probes ?? 0) - (lost ?? 0), 1)
    sum.answered += answered
    sum.msSum += (ms ?? 0) * answered
    if (received != null) sum.received = (sum.received ?? 0) + received
    if (sent != null) sum.sent = (sum.sent ?? 0) + sent
    sums[slot] = sum
  }
  return sums
}

function rateOf(bytes: number | null, seconds: number, sign: 1 | -1): number | null {
  // Not -0, of which an axis makes a word of its own.
  return bytes === null || seconds === 0 ? null : bytes === 0 ? 0 : (sign * bytes * 8) / seconds
}

export interface Band {
  readonly uplink: string
  readonly kind: 'out' | 'degraded' | 'disabled' | 'drained'
  /** In seconds since 1970. */
  readonly from: number
  readonly to: number
}

/** A time in which an uplink was not as it should be, for a graph that ends at `until`, in seconds since 1970. */
export function bandsOf(events: readonly Dated[], until: number): readonly Band[] {
  const out = outagesOf(events).map(({ uplink, begin, end }) =>
    bandOf(uplink, 'out', begin / 1000, end === null ? until : end / 1000),
  )
  const open = new Map<string, Band>()
  const closed: Band[] = []
  const set = (uplink: string, kind: Band['kind'], isOn: boolean, at: number) => {
    const key = `${uplink} ${kind}`
    const before = open.get(key)
    if (isOn && !before) open.set(key, bandOf(uplink, kind, at, until))
    if (isOn || !before) return
    open.delete(key)
    closed.push({ ...before, to: at })
  }
  for (const event of events) {
    const at = event.at / 1000
    if (event.event === 'drain') set(event.uplink, 'drained', event.drained, at)
    if (event.event !== 'uplink' || event.family !== undefined) continue
    set(event.uplink, 'degraded', event.to === 'degraded', at)
    set(event.uplink, 'disabled', event.to === 'disabled', at)
  }
  return [...out, ...closed, ...open.values()].toSorted((one, other) => one.from - other.from)
}

function bandOf(uplink: string, kind: Band['kind'], from: number, to: number): Band {
  return { uplink, kind, from, to }
}

/** The fields that GetEvents gives, as the program's own events; what a later version tells besides is left out. */
export function eventsOf(fields: readonly Readonly<Record<string, string>>[]): readonly Dated[] {
  return fields.flatMap((one): readonly Dated[] => {
    const at = Number(one['at']) / 1000
    const uplink = one['IFBALANCE_UPLINK'] ?? ''
    const reason = one['IFBALANCE_REASON'] ?? ''
    const carrying = one['IFBALANCE_CARRYING']?.split(' ').filter((name) => name !== '')
    const duration = one['IFBALANCE_DURATION_MS']
    const more = carrying ? { carrying } : {}
    switch (one['IFBALANCE_EVENT']) {
      case 'uplink': {
        const family = one['IFBALANCE_FAMILY']
        return [
          {
            ...{ event: 'uplink', at, uplink, reason, ...more },
            from: (one['IFBALANCE_FORMER_STATE'] as UplinkState | undefined) ?? null,
            to: one['IFBALANCE_STATE'] as UplinkState,
            ...(family && { family: family === 'IPv6' ? 'inet6' : 'inet' }),
            ...(duration && { durationMs: Number(duration) }),
          },
        ]
      }
      case 'drain':
        return [{ event: 'drain', at, uplink, reason, drained: one['IFBALANCE_DRAINED'] === 'yes', ...more }]
      case 'carrying':
        return [{ event: 'carrying', at, carrying: carrying ?? [] }]
      case 'held-down':
        return [{ event: 'held-down', at }]
      case 'failback':
        return [{ event: 'failback', at, uplink }]
      case 'start':
        return [{ event: 'start', at }]
      default:
        return []
    }
  })
}
