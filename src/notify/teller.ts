/** Tells of outages: from what is seen of the uplinks to messages that are sent. What it knows is on the disk before it is told. */
import type { NotifyConfig } from '../model/config.ts'
import { type Channel, channelsOf, type Message, type Queued } from '../model/notify.ts'
import { createBackoff } from '../os/backoff.ts'
import { log, messageOf } from '../os/log.ts'
import { type NotifyState, notifyFile } from '../store/notify.ts'
import { dueAt, nextMessage } from './messages.ts'
import { afterLook, nextLookAt, type Patience, type SeenUplink } from './outages.ts'
import { subjectOf } from './text.ts'

/** Of messages that cannot be sent so many are kept, the latest. */
export const mostQueued = 100
/** A line that comes back has to stay so long before it ends an outage, and never longer than an outage has to last. */
const longestSettleMs = 30_000
const retry = { firstMs: 5000, maxMs: 10 * 60_000 } as const
/** Timers of Node.js cannot wait longer, and the clock may be set meanwhile. */
const longestWaitMs = 60_000

export interface Doors {
  readonly now: () => number
  readonly newId: () => string
  readonly save: (state: NotifyState) => void
  readonly send: (channel: Channel, message: Message) => Promise<void>
}

export interface Teller {
  readonly see: (uplinks: readonly SeenUplink[]) => void
  readonly stop: () => void
}

/** `host` is the name of this host, for the log. */
export function createTeller(notify: NotifyConfig, start: NotifyState, host: string, doors: Doors): Teller {
  const afterMs = notify.afterSeconds * 1000
  const patience: Patience = { afterMs, settleMs: Math.min(afterMs, longestSettleMs) }
  const ways = channelsOf(notify)
  let memory = start.memory
  let queue: readonly Queued[] = onlyBy(ways, start.queue)
  let seen: readonly SeenUplink[] | null = null
  let saved = notifyFile.format({ memory, queue })
  let failing = false
  let timer: NodeJS.Timeout | undefined
  const lanes = ways.map((channel) => ({
    channel,
    backoff: createBackoff(retry.firstMs, retry.maxMs),
    state: 'idle' as 'idle' | 'sending' | 'waiting',
    problem: '',
  }))
  type Lane = (typeof lanes)[number]

  function look(): void {
    clearTimeout(timer)
    const now = doors.now()
    if (seen !== null) memory = afterLook(memory, seen, now, patience)
    const made = nextMessage(memory, now, notify, doors.newId)
    if (made !== null) {
      memory = made.memory
      enqueue({ message: made.message, to: ways })
    }
    save()
    for (const lane of lanes) void deliver(lane)
    const due = Math.min(
      dueAt(memory, now, notify),
      seen === null ? Number.POSITIVE_INFINITY : nextLookAt(memory, patience),
    )
    timer = setTimeout(look, Math.max(10, Math.min(due - now, longestWaitMs)))
  }

  function enqueue(fresh: Queued): void {
    queue = [...queue, fresh]
    const excess = queue.slice(0, -mostQueued)
    if (excess.length > 0)
      log.warning(`${excess.length} messages that could not be sent are left out: more than ${mostQueued}`)
    queue = queue.slice(-mostQueued)
  }

  function save(): void {
    const text = notifyFile.format({ memory, queue })
    if (text === saved) return
    try {
      doors.save({ memory, queue })
      saved = text
      failing = false
    } catch (error) {
      if (!failing) log.failure('writing', notifyFile.path, error, 'kept in memory meanwhile')
      failing = true
    }
  }

  async function deliver(lane: Lane): Promise<void> {
    const { channel, backoff } = lane
    while (lane.state === 'idle') {
      const next = queue.find(({ to }) => to.includes(channel))
      if (!next) return
      lane.state = 'sending'
      try {
        await doors.send(channel, next.message)
        lane.state = 'idle'
        log.notice(`${channel}: ${subjectOf(next.message, host)}`)
        backoff.reset()
        lane.problem = ''
        queue = withoutWay(queue, next.message.id, channel)
        save()
      } catch (error) {
        lane.state = 'waiting'
        const problem = messageOf(error)
        if (problem !== lane.problem) log.warning(`${channel}: ${problem}; it is tried again`)
        lane.problem = problem
        backoff.later(() => resume(lane))
      }
    }
  }

  function resume(lane: Lane): void {
    if (lane.state === 'waiting') lane.state = 'idle'
    void deliver(lane)
  }

  look()
  return {
    see: (uplinks) => {
      const isBack = uplinks.some(
        (uplink) => isUp(uplink) && seen?.some((one) => one.name === uplink.name && !isUp(one)),
      )
      seen = uplinks
      if (isBack)
        for (const lane of lanes.filter(({ state }) => state === 'waiting')) {
          lane.backoff.reset()
          lane.backoff.later(() => resume(lane))
        }
      look()
    },
    stop: () => {
      clearTimeout(timer)
      for (const { backoff } of lanes) backoff.cancel()
    },
  }
}

function isUp({ state }: SeenUplink): boolean {
  return state === 'online'
}

function onlyBy(ways: readonly Channel[], queue: readonly Queued[]): readonly Queued[] {
  return queue.flatMap(({ message, to }) => {
    const left = to.filter((channel) => ways.includes(channel))
    return left.length > 0 ? [{ message, to: left }] : []
  })
}

function withoutWay(queue: readonly Queued[], id: string, channel: Channel): readonly Queued[] {
  return queue.flatMap((one) => {
    const to = one.message.id === id ? one.to.filter((other) => other !== channel) : one.to
    return to.length > 0 ? [{ ...one, to }] : []
  })
}
