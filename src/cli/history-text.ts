/** `ifbalance history` as text for people. Pure. */
import { textOf } from '../model/event-text.ts'
import type { Dated, LineCourse } from '../model/history.ts'
import type { Family } from '../net/family.ts'
import type { LineReport, Outage } from '../status/history/report.ts'
import { bytesText } from './bytes-text.ts'
import { type Paint, printableLines } from './output.ts'
import { localTime, spanText } from './points-in-time.ts'
import { type Column, layOut } from './table.ts'

/** What is shown; times in seconds since 1970. */
export interface Shown {
  readonly since: number
  readonly until: number
  readonly lines: readonly LineReport[]
  /** In pieces, `graphWidth` of them; none where no graph is to be shown. */
  readonly courses: readonly LineCourse[]
  readonly outages: readonly Outage[]
}

const columns: readonly Column[] = [
  { title: 'LINE', align: 'left' },
  { title: '', align: 'left' },
  { title: 'AVAILABLE', align: 'right' },
  { title: 'MS 50 %', align: 'right' },
  { title: '95 %', align: 'right' },
  { title: '99 %', align: 'right' },
  { title: 'JITTER', align: 'right' },
  { title: 'LOSS', align: 'right' },
  { title: 'DOWN', align: 'right' },
  { title: 'UP', align: 'right' },
]

/** The tables of lines and outages, and a line of blocks for each line's course. */
export function historyText({ since, until, lines, courses, outages }: Shown, paint: Paint): string {
  if (lines.length === 0 && outages.length === 0)
    return `Nothing is known of ${localTime(since * 1000)} to ${localTime(until * 1000)}.`
  // The first minute of a line has no row yet.
  const table = lines.length === 0 ? [] : ['', ...layOut(columns, lines.map(rowOf), paint)]
  return [
    `${localTime(since * 1000)} to ${localTime(until * 1000)}`,
    ...table,
    ...(courses.length > 0 ? ['', ...courses.flatMap(graphOf)] : []),
    '',
    ...outageLines(outages, until, paint),
  ].join('\n')
}

function rowOf({ uplink, family, availability, latencyMs, jitterMs, loss, received, sent }: LineReport) {
  const number = (value: number | null | undefined) => (value === null || value === undefined ? '-' : String(value))
  const texts = [
    ...[uplink, familyText(family), availability === null ? '-' : percent(availability)],
    ...[number(latencyMs?.p50), number(latencyMs?.p95), number(latencyMs?.p99), number(jitterMs)],
    ...[
      loss === null ? '-' : percent(loss),
      ...[received, sent].map((bytes) => (bytes === null ? '-' : bytesText(bytes))),
    ],
  ]
  return texts.map((text) => ({ text }))
}

function familyText(family: Family): string {
  return family === 'inet' ? 'IPv4' : 'IPv6'
}

/** Not rounded up to all: what was out for a minute of a year was out. */
function percent(part: number): string {
  const digits = (Math.floor(part * 100_000) / 1000).toFixed(3)
  return `${digits.replace(/\.?0+$/, '')} %`
}

/** Pieces of a line's course, one a character. */
export const graphWidth = 48
const blocks = '▁▂▃▄▅▆▇█'

/** The latency in pieces of the time, from 0 to the largest; a space where nothing is known, and `x` where it was out. */
function graphOf({ uplink, family, pieces }: LineCourse): readonly string[] {
  if (pieces.every(([, ms]) => ms === null)) return []
  const most = pieces.reduce((max, [, ms]) => Math.max(max, ms ?? 0), 0.1)
  const graph: string[] = Array(graphWidth).fill(' ')
  for (const [index, ms, out, seen] of pieces) {
    if (seen > 0 && out * 2 >= seen) graph[index] = 'x'
    else if (ms !== null) graph[index] = blocks[Math.min(7, Math.floor((ms / most) * 8))] ?? ' '
  }
  return [`${uplink} ${familyText(family)}, 0 to ${Math.round(most * 10) / 10} ms`, `  |${graph.join('')}|`]
}

const outageColumns: readonly Column[] = [
  { title: 'OUT SINCE', align: 'left' },
  { title: 'UNTIL', align: 'left' },
  { title: 'FOR', align: 'right' },
  { title: 'LINE', align: 'left' },
  { title: 'WHY', align: 'left' },
]

function outageLines(outages: readonly Outage[], until: number, paint: Paint): readonly string[] {
  if (outages.length === 0) return ['No outages.']
  const rows = outages.map(({ uplink, family, state, begin, end, reason, unseenEnd }) => {
    const ended = end === null ? 'now' : `${unseenEnd ? 'about ' : ''}${localTime(end)}`
    const cells = [
      ...[localTime(begin), ended, spanText(((end ?? until * 1000) - begin) / 1000)],
      ...[family ? `${uplink} ${familyText(family)}` : uplink, printableLines(reason || state)],
    ]
    return cells.map((text) => ({ text }))
  })
  return layOut(outageColumns, rows, paint)
}

export function eventsText(events: readonly Dated[]): string {
  if (events.length === 0) return 'No events.'
  return events
    .map((event) => {
      const text = event.event === 'start' ? 'the daemon starts' : textOf(event)
      return `${localTime(event.at)}  ${printableLines(text)}`
    })
    .join('\n')
}

/** Availability by line and calendar month. */
export interface MonthReport extends Pick<LineReport, 'uplink' | 'family' | 'availability'> {
  /** `2026-11` */
  readonly month: string
  readonly outages: number
  readonly longestSeconds: number
  readonly outSeconds: number
}

const monthColumns: readonly Column[] = [
  { title: 'MONTH', align: 'left' },
  { title: 'LINE', align: 'left' },
  { title: '', align: 'left' },
  { title: 'AVAILABLE', align: 'right' },
  { title: 'OUT FOR', align: 'right' },
  { title: 'OUTAGES', align: 'right' },
  { title: 'LONGEST', align: 'right' },
]

export function monthsText(months: readonly MonthReport[], paint: Paint): string {
  if (months.length === 0) return 'Nothing is known of that time.'
  const rows = months.map(({ month, uplink, family, availability, outSeconds, outages, longestSeconds }) =>
    [
      ...[month, uplink, familyText(family), availability === null ? '-' : percent(availability)],
      ...[spanText(outSeconds), String(outages), outages === 0 ? '-' : spanText(longestSeconds)],
    ].map((text) => ({ text })),
  )
  return layOut(monthColumns, rows, paint).join('\n')
}
