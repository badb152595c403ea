/** What the teller of outages remembers, and the messages that are not sent yet. */
import { join } from 'node:path'
import { paths } from '../layout.ts'
import {
  channels,
  type Ended,
  type Item,
  type Memory,
  type Message,
  nothingKnown,
  type Outage,
  type Queued,
} from '../model/notify.ts'
import { readIfThere, replaceFile } from '../os/files.ts'
import { type Json, listOf, numberOf, objectOf, stringOf } from '../values/checked.ts'
import { type Format, jsonObject, jsonText, load } from './stored.ts'

export interface NotifyState {
  readonly memory: Memory
  /** The oldest first. */
  readonly queue: readonly Queued[]
}

export const notifyFile: Format<NotifyState> = {
  path: join(paths.notifyLib, 'state.json'),
  none: { memory: nothingKnown, queue: [] },
  parse: parseState,
  format: ({ memory: { outages, quotas, pending, madeAt }, queue }) =>
    jsonText({ outages: [...outages], quotas: [...quotas], pending: [...pending.values()], madeAt, queue }),
}

/** Never throws. */
export function loadNotifyState(): NotifyState {
  return load(notifyFile, 'as if nothing had been told', (path) => readIfThere(path, 4 * 1024 * 1024))
}

/** Saves it so that a power cut makes nothing told twice. Throws where it cannot be written. */
export function saveNotifyState(state: NotifyState): void {
  replaceFile(notifyFile.path, notifyFile.format(state), { mode: 0o600, lasting: true })
}

function parseState(text: string): NotifyState {
  const { outages, quotas, pending, madeAt, queue } = jsonObject(text)
  return {
    memory: {
      outages: new Map(entriesOf(outages, outageOf)),
      quotas: new Map(entriesOf(quotas, (value) => (isTime(value) ? value : null))),
      pending: new Map(itemsOf(pending).map((item) => [item.uplink, item])),
      madeAt: listOf(madeAt).filter(isTime),
    },
    queue: listOf(queue)
      .map(objectOf)
      .flatMap(({ message, to }) => {
        const read = messageIn(message)
        return read ? [{ message: read, to: channels.filter((one) => listOf(to).includes(one)) }] : []
      }),
  }
}

/** A message that is hostile until checked; null where it is none. */
export function messageIn(value: unknown): Message | null {
  const { id, at, items } = objectOf(value)
  const isOne = typeof id === 'string' && /^[\w-]{1,64}$/.test(id) && isTime(at)
  return isOne ? { id, at, items: itemsOf(items) } : null
}

function entriesOf<T>(value: unknown, read: (value: unknown) => T | null): readonly (readonly [string, T])[] {
  return listOf(value).flatMap((entry) => {
    const [name, found] = listOf(entry)
    const one = read(found)
    return typeof name === 'string' && one !== null ? [[name, one] as const] : []
  })
}

function isTime(value: unknown): value is number {
  return Number.isFinite(value) && numberOf(value) >= 0
}

function outageOf(value: unknown): Outage | null {
  const { since, reason, standby, isNews, upSince } = objectOf(value)
  if (!isTime(since)) return null
  return {
    ...{ since, reason: stringOf(reason), isNews: isNews === true },
    ...(standby === true && { standby }),
    ...(isTime(upSince) && { upSince }),
  }
}

function itemsOf(value: unknown): readonly Item[] {
  return listOf(value).map(objectOf).flatMap(itemOf)
}

function itemOf({ uplink, standby, back, whole, out, quota }: Json): readonly Item[] {
  if (typeof uplink !== 'string') return []
  const ended = endedOf(back)
  const all = endedOf(whole)
  const { count, totalMs, reason } = objectOf(whole)
  const { since, reason: why } = objectOf(out)
  return [
    {
      uplink,
      ...(standby === true && { standby }),
      ...(ended && { back: ended }),
      ...(all && isTime(count) && isTime(totalMs) && { whole: { ...all, count, totalMs, reason: stringOf(reason) } }),
      ...(isTime(since) && { out: { since, reason: stringOf(why) } }),
      ...(isTime(quota) && { quota }),
    },
  ]
}

function endedOf(value: unknown): Ended | null {
  const { since, until, to } = objectOf(value)
  return isTime(since) && isTime(until) ? { since, until, to: stringOf(to) } : null
}
