/** One network service on the bus: asked when something may have changed, and never more often than it can bear. */

import type { BusSource } from '../model/gateway-sources.ts'
import { createBackoff } from '../os/backoff.ts'
import type { Bus, Match } from '../os/dbus/bus.ts'
import { log, messageOf } from '../os/log.ts'
import type { ServiceReport } from '../store/bus-facts.ts'

export interface Service {
  readonly source: BusSource
  readonly busName: string
  /** Signals that say that something may have changed. Nothing else in them is believed. */
  readonly signals: readonly Omit<Match, 'sender'>[]
  /**
   * Reads everything that the service knows now. `before` is what it said the last time. Throws where it does not
   * answer.
   */
  readonly read: (ask: Ask, before: ServiceReport) => Promise<ServiceReport>
}

/** Calls a method of the service: `ask(PATH, INTERFACE, MEMBER, SIGNATURE, ...ARGUMENTS)`. */
export type Ask = (
  path: string,
  face: string,
  member: string,
  signature?: string,
  ...body: readonly unknown[]
) => Promise<readonly unknown[]>

export interface Timing {
  /** How long a service is left alone after an answer, at least; it is three times as long as the answer took. */
  readonly restMs: number
  /**
   * How long after a service has started its earlier words on interfaces that it does not mention hold, as it does not
   * know all yet.
   */
  readonly settleMs: number
  /** When a service that did not answer is asked again; doubled each time, up to `maxRetryMs`. */
  readonly retryMs: number
  readonly maxRetryMs: number
  /** How long a service's words hold after it has gone, so that a restart changes nothing. */
  readonly graceMs: number
}

const usualTiming: Timing = { restMs: 100, settleMs: 10_000, retryMs: 1000, maxRetryMs: 30_000, graceMs: 60_000 }

export interface Follower {
  /** Asks the service soon, as something may have changed. However many call, one answer serves them all. */
  readonly look: () => void
  readonly stop: () => void
}

/**
 * Follows a service, and calls `onTold` with each answer that differs from the one before; `before` goes before the
 * first. Never throws.
 */
export function followService(
  bus: Bus,
  { source, busName, signals, read }: Service,
  before: ServiceReport,
  onTold: (told: ServiceReport) => void,
  timing: Timing = usualTiming,
): Follower {
  const backoff = createBackoff(timing.retryMs, timing.maxRetryMs)
  let told = before
  let owner: string | null = null
  /** Counts owners of the name, so that an earlier owner's answer is known to come too late. */
  let generation = 0
  /** True while the service is asked, or left alone after an answer. */
  let isBusy = false
  let isHinted = false
  let isSilent = false
  let rest: NodeJS.Timeout | undefined
  let settling: NodeJS.Timeout | undefined
  let grace: NodeJS.Timeout | undefined

  function look(): void {
    isHinted = true
    if (isBusy || owner === null) return
    isBusy = true
    isHinted = false
    const [began, asked, since] = [performance.now(), owner, generation]
    const ask: Ask = (path, face, member, signature = '', ...body) =>
      // The call goes to the unique name. By the well-known one, the bus would start a service that the administrator
      // has stopped.
      bus.call({ destination: asked, path, interface: face, member, signature, body })
    read(ask, told).then(
      (answer) => {
        if (since !== generation) return
        heard(answer)
        const restMs = Math.min(Math.max(timing.restMs, 3 * (performance.now() - began)), timing.maxRetryMs)
        rest = setTimeout(ready, restMs)
      },
      (error: unknown) => {
        if (since !== generation) return
        silent(messageOf(error))
        backoff.later(ready)
      },
    )
  }

  function ready(): void {
    isBusy = false
    if (isHinted || isSilent) look()
  }

  function heard(answer: ServiceReport): void {
    clearTimeout(grace)
    grace = undefined
    isSilent = false
    backoff.reset()
    tell(settling === undefined ? answer : { ...told, ...answer })
  }

  function silent(cause: string): void {
    if (!isSilent) log.event({ event: 'service', service: source, reason: cause })
    isSilent = true
    // What was said before holds, but whether a modem is connected is not known for ever.
    grace ??= setTimeout(() => tell(withoutModems(told)), timing.graceMs)
  }

  /**
   * Forgets what a service that has gone said, after a while. Without a bus nobody knows who is there, so nothing is
   * forgotten.
   */
  function expire(): void {
    clearTimeout(grace)
    grace = setTimeout(() => (bus.isConnected() ? tell({}) : expire()), timing.graceMs)
  }

  function tell(next: ServiceReport): void {
    if (JSON.stringify(next) === JSON.stringify(told)) return
    told = next
    onTold(told)
  }

  /** Takes note of a new owner of the name. Answers of the earlier one are not waited for. */
  function changed(now: string | null): void {
    forget()
    owner = now
    if (owner === null) {
      expire()
      // Without the service nobody knows whether a modem is disconnected.
      tell(withoutModems(told))
    } else {
      clearTimeout(grace)
      grace = undefined
      settling = setTimeout(() => {
        settling = undefined
        look()
      }, timing.settleMs)
      look()
    }
  }

  function forget(): void {
    generation += 1
    isBusy = false
    isSilent = false
    backoff.cancel()
    backoff.reset()
    clearTimeout(rest)
    clearTimeout(settling)
    settling = undefined
  }

  expire()
  const stops = [
    bus.watchOwner(busName, changed),
    ...signals.map((signal) => bus.subscribe({ ...signal, sender: busName }, look)),
  ]
  return {
    look,
    stop: () => {
      for (const stop of stops) stop()
      forget()
      owner = null
      clearTimeout(grace)
    },
  }
}

function withoutModems(told: ServiceReport): ServiceReport {
  return Object.fromEntries(Object.entries(told).map(([name, { modem: _, ...link }]) => [name, link]))
}
