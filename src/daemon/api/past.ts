/** GetHistory, GetGraph and GetEvents of org.ifbalance1.Manager: bounded answers, as anyone may ask, and asking takes the daemon's time. */
import { journalFields } from '../../model/event-text.ts'
import { type Dated, type HistoryRow, historyStates } from '../../model/history.ts'
import { graphQuery, graphText } from '../../status/history/graph.ts'
import type { History } from '../history.ts'
import { gives, refuse } from './answers.ts'
import { type Method, takes, type Variant } from './describe.ts'

export type Past = Pick<History, 'rows' | 'graph' | 'events'>

/** Up to so long a time is answered in minutes, and in hours. */
const minutesSeconds = 25 * 3600
const hoursSeconds = 62 * 86_400
const mostRows = 1500
const mostEvents = 500
const mostGraphs = 8

export function pastMethods({ rows, graph, events }: Past): ReadonlyMap<string, Method> {
  return new Map<string, Method>([
    [
      'GetHistory',
      {
        takes: takes('uplink:s', 'family:s', 'since:t', 'until:t'),
        gives: takes('history:a{sv}'),
        run: async ([uplink, family, from, to]) => {
          const [since, until] = [Number(from) / 1e6, Number(to) / 1e6]
          if (family !== 'inet' && family !== 'inet6') return refuse('invalidArgs', 'the family is inet or inet6')
          if (!isTime(since, until)) return refuse('invalidArgs', timeWords)
          const step = until - since <= minutesSeconds ? 60 : 3600
          const found = await rows({ uplink: String(uplink), family, since, until, step }, mostRows)
          return gives('a{sv}', columnsOf(found, step))
        },
      },
    ],
    [
      'GetGraph',
      {
        takes: takes('uplinks:as', 'since:t', 'until:t'),
        gives: takes('graph:s'),
        run: async ([uplinks, from, to]) => {
          const [since, until] = [Number(from) / 1e6, Number(to) / 1e6]
          if (!isTime(since, until)) return refuse('invalidArgs', timeWords)
          if (!Array.isArray(uplinks) || uplinks.length > mostGraphs)
            return refuse('invalidArgs', `${mostGraphs} uplinks at most`)
          const query = graphQuery(uplinks.map(String), since, until)
          return gives('s', graphText(await graph(query), query))
        },
      },
    ],
    [
      'GetEvents',
      {
        takes: takes('uplink:s', 'since:t', 'until:t'),
        gives: takes('events:aa{ss}'),
        run: async ([uplink, from, to]) => {
          // SQLite takes no infinite LIMIT.
          const all = await events(Number(from) / 1e6, Number(to) / 1e6, Number.MAX_SAFE_INTEGER)
          const wanted = uplink === '' ? all : all.filter((event) => 'uplink' in event && event.uplink === uplink)
          return gives('aa{ss}', wanted.slice(-mostEvents).map(fieldsOf))
        },
      },
    ],
  ])
}

const timeWords = 'a time of 62 days at most, whose end is after its beginning'

function isTime(since: number, until: number): boolean {
  return since < until && until - since <= hoursSeconds
}

/**
 * A list for each column, in the order of time. What is not known is -1: nothing of it is below 0, and what has no number (NaN)
 * goes through neither dbus-next's marshaller nor JSON.
 */
function columnsOf(rows: readonly HistoryRow[], step: number): readonly (readonly [string, Variant])[] {
  const figures = ['minMs', 'meanMs', 'maxMs', 'jitterMs', 'received', 'sent'] as const
  const counts = [...historyStates, 'probes', 'lost'] as const
  return [
    ['step', ['u', step]],
    ['at', ['at', rows.map(({ at }) => at * 1e6)]],
    ...counts.map((name) => [name, ['au', rows.map((row) => row[name])]] as const),
    ...figures.map((name) => [name, ['ad', rows.map((row) => row[name] ?? -1)]] as const),
  ]
}

/** Fields by the names that the journal has, and `at` in microseconds since 1970. */
function fieldsOf(event: Dated): readonly (readonly [string, string])[] {
  const fields = event.event === 'start' ? { IFBALANCE_EVENT: 'start' } : journalFields(event)
  return [['at', String(event.at * 1000)], ...Object.entries(fields)]
}
