/** `ifbalance history --json`, in its three kinds. */
import type { MonthReport } from '../../src/cli/history-text.ts'
import { type HistoryRow, type HistoryState, historyStates } from '../../src/model/history.ts'
import type { LineReport, Outage, Percentiles } from '../../src/status/history/report.ts'
import { dated, family } from './events.ts'
import {
  constant,
  either,
  has,
  integer,
  list,
  may,
  nullable,
  number,
  object,
  type Schema,
  share,
  text,
} from './schema.ts'
import { format } from './status.ts'

const percentiles = nullable(
  object<Percentiles>({
    min: has(number, 'The least'),
    p50: has(number, 'Of half of them'),
    p95: has(number, 'Of 95 %'),
    p99: has(number, 'Of 99 %'),
    max: has(number, 'The most'),
  }),
)

const seconds = Object.fromEntries(
  historyStates.map((state) => [state, has(number, `Seconds in which it was ${state}`)]),
) as Record<HistoryState, ReturnType<typeof has<number>>>

const line = object<LineReport>({
  uplink: has(text, 'The uplink'),
  family: has(family, 'The family'),
  seconds: has(object<LineReport['seconds']>(seconds), 'Seconds in each state'),
  availability: has(nullable(share), 'Part of the time that was seen; null where that is none'),
  latencyMs: has(percentiles, 'Round trips in milliseconds'),
  jitterMs: has(nullable(number), 'Mean difference of two round trips in a row, in milliseconds'),
  loss: has(nullable(share), 'Part of the probes that was lost'),
  lossBy: has(percentiles, 'The same by rows'),
  received: has(nullable(number), 'Bytes from the internet'),
  sent: has(nullable(number), 'Bytes to the internet'),
})

const outage = object<Outage>({
  uplink: has(text, 'The uplink'),
  family: may(family, 'The line that was out alone'),
  state: has(text, 'The state that it began with'),
  begin: has(number, 'When it began, in milliseconds since 1970'),
  end: has(nullable(number), 'When it ended; null while it goes on'),
  reason: has(text, 'Why, for people'),
  unseenEnd: may(constant(true), 'The daemon was not there at the end, so that is not known exactly'),
})

const row = object<HistoryRow>({
  uplink: has(text, 'The uplink'),
  family: has(family, 'The family'),
  at: has(number, 'When the minute or hour began, in seconds since 1970'),
  ...seconds,
  probes: has(integer, 'How many background probes were sent'),
  lost: has(integer, 'How many of them were lost'),
  minMs: has(nullable(number), 'The shortest round trip in milliseconds'),
  meanMs: has(nullable(number), 'Their mean'),
  maxMs: has(nullable(number), 'The longest'),
  jitterMs: has(nullable(number), 'Mean difference of two round trips in a row, in milliseconds'),
  received: has(nullable(number), "Bytes from the internet; of an uplink's first line alone"),
  sent: has(nullable(number), 'Bytes to the internet'),
})

const month = object<MonthReport>({
  month: has(text, 'Year and month, such as 2026-11'),
  uplink: has(text, 'The uplink'),
  family: has(family, 'The family'),
  availability: has(nullable(share), 'Part of the time that was seen'),
  outages: has(integer, 'How many outages touched it'),
  longestSeconds: has(number, 'How long the longest was, in seconds'),
  outSeconds: has(number, 'How long it was out, in seconds'),
})

interface Time {
  readonly format: 1
  readonly since: number
  readonly until: number
}

const time = {
  format,
  since: has(number, 'Begin of the time, in seconds since 1970'),
  until: has(number, 'Its end'),
}

export const history: Schema<unknown> = either([
  object<Time & { lines: readonly LineReport[]; outages: readonly Outage[]; rows: readonly HistoryRow[] }>({
    ...time,
    lines: has(list(line), 'The lines'),
    outages: has(list(outage), 'The outages, oldest first'),
    rows: has(list(row), 'What was written down'),
  }),
  object<Time & { events: readonly unknown[] }>({
    ...time,
    events: has(list(dated as Schema<unknown>), 'With --events: what became of uplinks'),
  }),
  object<Time & { months: readonly MonthReport[] }>({
    ...time,
    months: has(list(month), 'With --sla: the lines by calendar month'),
  }),
])
