/** When a message is made of what there is to tell. Pure but for the host's time zone. */
import type { NotifyConfig } from '../model/config.ts'
import type { Memory, Message } from '../model/notify.ts'

type Quiet = Pick<NotifyConfig, 'quiet'>

/** Messages that are made at once, in an hour; further ones wait until the last is so old. Hence `mostAnHour`. */
const atOnce = 4
const gapMs = 10 * 60_000
const hourMs = 3600_000
/** The most messages in any 60 minutes. */
export const mostAnHour = atOnce + hourMs / gapMs - 1

/**
 * A message of all that is to be told, and what is remembered then; null while there is nothing, or it has to wait.
 * `now` in milliseconds since 1970.
 */
export function nextMessage(
  memory: Memory,
  now: number,
  terms: Quiet,
  newId: () => string,
): { readonly message: Message; readonly memory: Memory } | null {
  if (dueAt(memory, now, terms) > now) return null
  // What concerns all comes first, as a mail's subject has one of them.
  const items = [...memory.pending.values()].toSorted(
    (one, other) => Number(other.uplink === '') - Number(one.uplink === ''),
  )
  const madeAt = [...lastHour(memory, now), now]
  return { message: { id: newId(), at: now, items }, memory: { ...memory, pending: new Map(), madeAt } }
}

/** When the next message may be made; infinity where there is nothing to tell. */
export function dueAt(memory: Memory, now: number, { quiet }: Quiet): number {
  if (memory.pending.size === 0) return Number.POSITIVE_INFINITY
  const latest = lastHour(memory, now)
  const free = latest.length < atOnce ? now : Math.max(now, (latest.at(-1) ?? now) + gapMs)
  return quiet ? endOfQuiet(free, quiet) : free
}

/** A clock that was set back leaves times in the future, which count no more. */
function lastHour({ madeAt }: Memory, now: number): readonly number[] {
  return madeAt.filter((at) => at <= now && now - at < hourMs)
}

/** The time itself where it is in no quiet hours, otherwise their end, by the host's time zone. */
export function endOfQuiet(at: number, { from, until }: NonNullable<NotifyConfig['quiet']>): number {
  const date = new Date(at)
  const minute = date.getHours() * 60 + date.getMinutes()
  const isQuiet = from < until ? minute >= from && minute < until : minute >= from || minute < until
  if (!isQuiet) return at
  const days = minute < until ? 0 : 1
  const end = new Date(
    date.getFullYear(),
    date.getMonth(),
    date.getDate() + days,
    Math.floor(until / 60),
    until % 60,
  ).getTime()
  // Where clocks are put forward over the end of the quiet hours, that is the same moment of the next hour.
  return Math.max(end, at + 1000)
}
