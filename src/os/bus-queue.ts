/** Calls from others, one after the other: whoever calls, and however often, the daemon's own work goes on. */
import type { Answer, IncomingCall } from './bus-connection.ts'
import { messageOf } from './log.ts'

/** A program that lists everything makes a call for each uplink at once; more than these is a flood. */
const maxWaiting = { ofAll: 256, ofOne: 64 } as const
/** No more than half of the time is spent on others: after each slice, as long a rest. */
const sliceMs = 5

interface Waiting {
  readonly call: IncomingCall
  readonly answer: (answer: Answer) => void
}

/**
 * `handle` may answer later; calls that wait for that count as waiting, but keep nobody else from being served. What it
 * throws becomes an error to the caller.
 */
export function createCallQueue(
  handle: (call: IncomingCall) => Answer | Promise<Answer>,
): (call: IncomingCall, answer: (answer: Answer) => void) => void {
  const waiting: Waiting[] = []
  const bySender = new Map<string, number>()
  let unanswered = 0
  let isBusy = false

  function count(sender: string, change: 1 | -1): void {
    const calls = (bySender.get(sender) ?? 0) + change
    unanswered += change
    if (calls === 0) bySender.delete(sender)
    else bySender.set(sender, calls)
  }

  async function serve({ call, answer }: Waiting): Promise<void> {
    try {
      answer(await handle(call))
    } catch (error) {
      answer({ ok: false, error: 'org.freedesktop.DBus.Error.Failed', message: messageOf(error) })
    } finally {
      count(call.sender, -1)
    }
  }

  function work(): void {
    const began = performance.now()
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      void serve(next)
      if (performance.now() - began > sliceMs) break
    }
    isBusy = waiting.length > 0
    if (isBusy) setTimeout(work, performance.now() - began)
  }

  return (call, answer) => {
    const error = 'org.freedesktop.DBus.Error.LimitsExceeded'
    const isFull = unanswered >= maxWaiting.ofAll || (bySender.get(call.sender) ?? 0) >= maxWaiting.ofOne
    if (isFull) return answer({ ok: false, error, message: 'too many calls at once' })
    if (call.isTooLong) return answer({ ok: false, error, message: 'the call is too long' })
    count(call.sender, 1)
    waiting.push({ call, answer })
    if (isBusy) return
    isBusy = true
    setImmediate(work)
  }
}
