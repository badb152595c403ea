/** A past of many lines in a file, as the daemon would have written it. */
import type { Dated, HistoryRow } from '../../src/model/history.ts'
import { expiryOf, rollUp } from '../../src/status/history/roll-up.ts'
import { openHistory } from '../../src/store/history.ts'
import { historyRowOf, outageRowOf } from './builders.ts'

export interface Past {
  readonly uplinks: readonly string[]
  readonly days: number
  /** When it ends, in seconds since 1970, a whole minute. */
  readonly now: number
  readonly events?: readonly Dated[]
  /** Whether the uplink of this index was out in the minute that began so many seconds before the end. */
  readonly isOut: (uplink: number, secondsAgo: number) => boolean
}

/** What one write takes: as many hours as it makes rows of. */
const batchSeconds = 6 * 3600

/** Writes it six hours at a time, with all that the daemon does at a write: hours are summed up, and what is too old is deleted. */
export async function writePast(path: string, { uplinks, days, now, events = [], isOut }: Past): Promise<void> {
  const file = await openHistory(path)
  const begin = now - days * 86_400
  for (let from = begin - (begin % batchSeconds); from < now; from += batchSeconds) {
    const to = Math.min(from + batchSeconds, now)
    const rows: HistoryRow[] = []
    for (let at = from; at < to; at += 60)
      for (const [index, uplink] of uplinks.entries()) rows.push(pastRow(uplink, index, at, isOut(index, now - at)))
    const within = events.filter(({ at }) => at >= from * 1000 && at < to * 1000)
    file.write({ rows, events: within }, { now: to, expiry: expiryOf, rollUp })
  }
  file.close()
}

/** A minute of a line that is slow and busy in waves, with some noise that is the same each time. */
function pastRow(uplink: string, index: number, at: number, isOut: boolean): HistoryRow {
  if (isOut) return outageRowOf(at, { uplink })
  const noise = 500 + 499 * Math.sin((at / 60) ** 2 + index)
  const wave = 1 + Math.sin(at / 9000 + index)
  const meanMs = 8 + index * 22 + 4 * wave + noise / (index === 1 ? 60 : 400)
  const received = Math.round(wave ** 2 * (2e7 / (index + 1)) * (0.6 + noise / 2000))
  const lost = noise < 12 * (index + 1) ? 2 : 0
  const more = { minMs: meanMs * 0.9, maxMs: meanMs * (1 + noise / 300), jitterMs: noise / 200 }
  return historyRowOf(at, { uplink, meanMs, ...more, lost, received, sent: Math.round(received / 6) })
}
