/** Calls from others, one after the other: whoever calls, and however often, the daemon's own work goes on. */

import { messageOf } from '../log.ts'
import type { Answer, IncomingCall } from './connection.ts'

/**
 * Bounds on calls that are not answered yet. A program that lists everything makes a call for each uplink at once; more
 * than these is a flood. One user gets no more than half, and all but root no more than three quarters, so that who
 * floods keeps neither another user nor root out.
 */
const maxWaiting = { ofAll: 256, ofOthers: 192, ofUser: 128, ofOne: 64 } as const
/** Bounds on calls whose caller's user the bus is still asked for. */
const maxUnknown = { senders: 512, calls: 2048 } as const
const usersRemembered = 1024
/**
 * How long calls are served at a time. After each slice there is as long a rest, so others get no more than half of the
 * time.
 */
const sliceMs = 5

interface Waiting {
  readonly call: IncomingCall
  readonly answer: (answer: Answer) => void
}

interface Admitted extends Waiting {
  readonly user: number
}

/**
 * Returns what takes calls, and serves them one after the other. `handle` may answer later: such calls count as
 * unanswered, but keep nobody else from being served. What `handle` throws becomes an error to the caller. `userOf`
 * asks the bus for a sender's user id.
 */
export function createCallQueue(
  handle: (call: IncomingCall) => Answer | Promise<Answer>,
  userOf: (sender: string) => Promise<number>,
): (call: IncomingCall, answer: (answer: Answer) => void) => void {
  const waiting: Admitted[] = []
  const unanswered = new Map<string, number>()
  /** User ids by sender. They can be kept, as the bus never gives a unique name to another. */
  const users = new Map<string, number>()
  const unknown = new Map<string, Waiting[]>()
  let unknownCalls = 0
  let isBusy = false

  const countOf = (who: string) => unanswered.get(who) ?? 0

  function count(sender: string, user: number, change: 1 | -1): void {
    for (const who of ['all', user === 0 ? 'root' : 'others', `user ${user}`, sender]) {
      const calls = countOf(who) + change
      if (calls === 0) unanswered.delete(who)
      else unanswered.set(who, calls)
    }
  }

  async function serve({ call, answer, user }: Admitted): Promise<void> {
    try {
      answer(await handle(call))
    } catch (error) {
      answer({ ok: false, error: 'org.freedesktop.DBus.Error.Failed', message: messageOf(error) })
    } finally {
      count(call.sender, user, -1)
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

  function isFull(sender: string, user: number): boolean {
    if (countOf('all') >= maxWaiting.ofAll || countOf(sender) >= maxWaiting.ofOne) return true
    return user !== 0 && (countOf('others') >= maxWaiting.ofOthers || countOf(`user ${user}`) >= maxWaiting.ofUser)
  }

  function admit({ call, answer }: Waiting, user: number): void {
    if (isFull(call.sender, user)) return void refuse(answer, 'too many calls at once')
    count(call.sender, user, 1)
    waiting.push({ call, answer, user })
    if (isBusy) return
    isBusy = true
    setImmediate(work)
  }

  /** Keeps a sender's calls, in their order, until its user is known. */
  function hold(one: Waiting): void {
    const { sender } = one.call
    const before = unknown.get(sender)
    const tooMany = before ? before.length >= maxWaiting.ofOne : unknown.size >= maxUnknown.senders
    if (tooMany || unknownCalls >= maxUnknown.calls) return void refuse(one.answer, 'too many calls at once')
    unknownCalls += 1
    if (before) return void before.push(one)
    unknown.set(sender, [one])
    userOf(sender).then(
      (user) => learn(sender, user),
      () => learn(sender, nobody),
    )
  }

  function learn(sender: string, user: number): void {
    users.set(sender, user)
    for (const oldest of users.keys()) {
      if (users.size <= usersRemembered) break
      users.delete(oldest)
    }
    const calls = unknown.get(sender) ?? []
    unknown.delete(sender)
    unknownCalls -= calls.length
    for (const one of calls) admit(one, user)
  }

  return (call, answer) => {
    if (call.isTooLong) return void refuse(answer, 'the call is too long')
    const user = users.get(call.sender)
    if (user === undefined) hold({ call, answer })
    else admit({ call, answer }, user)
  }
}

/** The user id that counts for senders whose user the bus does not tell; they share its bounds. */
const nobody = 65534

function refuse(answer: (answer: Answer) => void, message: string): void {
  answer({ ok: false, error: 'org.freedesktop.DBus.Error.LimitsExceeded', message })
}
