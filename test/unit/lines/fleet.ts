/**
 * Several lines under one daemon, in fast motion: programs start late, what they say is read late, and timers ring late, as
 * on a host that has other things to do. What is sent and answered goes by the line, whatever the host does.
 */

import { burstCount, burstGapMs, burstSpanMs } from '../../../src/lines/burst.ts'
import { advanceTogether, type LineNews } from '../../../src/lines/family.ts'
import { isWatchful, newLine, probeIntervalMs } from '../../../src/lines/machine.ts'
import type { LineEvent, PathHealth } from '../../../src/lines/path-health.ts'
import { timeoutMs } from '../../../src/lines/quality.ts'
import type { ProbeSettings } from '../../../src/lines/settings.ts'
import type { LineState } from '../../../src/model/health.ts'
import { generator } from './simulation.ts'

/** When a line carries nothing, one way or both; `refused`: the host's own firewall says so to who sends. */
export interface Outage {
  readonly lines: readonly number[]
  readonly from: number
  readonly to: number
  readonly way: 'both' | 'out' | 'in' | 'refused'
}

export interface Plan {
  readonly settings: readonly ProbeSettings[]
  readonly rttMs: number
  readonly outages: readonly Outage[]
  /** By line, from 0 to 1: what it loses besides. */
  readonly loss?: readonly number[]
  /** Whether a provider lets an echo request through; questions to name servers, it does. Without: echo is all there is. */
  readonly echo?: (line: number, now: number) => boolean
  /** Packets a tick that want answers. */
  readonly traffic: number
  /** To start a program, to read what it says, and for a timer to ring: up to so long, each time anew. */
  readonly latencyMs: number
  readonly durationMs: number
  readonly seed: number
}

export interface Told {
  readonly at: number
  readonly states: readonly LineState[]
  readonly degraded: readonly boolean[]
}

const tickMs = 100
const slowTickMs = 600
const keyOf = (index: number) => `wan${index + 1}`

export function simulateFleet(plan: Plan): { readonly told: readonly Told[]; readonly lines: readonly PathHealth[] } {
  const random = generator(plan.seed)
  const late = () => plan.latencyMs * random() ** 2
  const queue: { readonly at: number; readonly run: (now: number) => void }[] = []
  const at = (time: number, run: (now: number) => void) => {
    const index = queue.findLastIndex((other) => other.at <= time)
    queue.splice(index + 1, 0, { at: time, run })
  }
  const members = new Map(plan.settings.map((settings, i) => [keyOf(i), { line: newLine(0, settings), settings }]))
  const counters = plan.settings.map(() => ({ rx: 0, tx: 0 }))
  const bursts = plan.settings.map(() => ({ number: 0 }))
  const told: Told[] = []

  /** When the answer to what line `i` sends at `now` is here; null: never; undefined: it could not even leave. */
  function packet(i: number, now: number): number | null | undefined {
    const here = now + plan.rttMs
    const meets = ({ way, from, to }: Outage) =>
      (way !== 'in' && now >= from && now < to) || (way !== 'out' && way !== 'refused' && here >= from && here < to)
    const met = plan.outages.filter((outage) => outage.lines.includes(i) && meets(outage))
    const count = counters[i]
    if (met.some(({ way }) => way === 'refused')) return undefined
    if (count) count.tx++
    if (met.length > 0 || random() < (plan.loss?.[i] ?? 0)) return null
    at(here, () => {
      if (count) count.rx++
    })
    return here
  }

  function send(news: readonly LineNews[], now: number): void {
    const next = advanceTogether(members, news, now, false)
    for (const [key, line] of next.lines) {
      const member = members.get(key)
      if (member) members.set(key, { ...member, line })
    }
    const lines = [...next.lines.values()]
    const states = lines.map(({ state }, i) => next.told.get(keyOf(i)) ?? state)
    const degraded = lines.map((line) => line.degraded)
    const last = told.at(-1)
    if (JSON.stringify([states, degraded]) !== JSON.stringify([last?.states, last?.degraded]))
      told.push({ at: now, states, degraded })
    for (const { key, effect } of next.effects)
      if (effect.kind === 'burst') burst(Number(key.slice(3)) - 1, effect, now)
  }

  /** An echo request; undefined as of `packet`. */
  function echo(i: number, now: number): number | null | undefined {
    if (plan.echo === undefined || plan.echo(i, now)) return packet(i, now)
    const count = counters[i]
    if (count) count.tx++
    return null
  }

  /** As second-opinion.ts does it: by UDP alone. Tells when the answer is here, or the time is over. */
  function question(
    i: number,
    now: number,
    timeoutMs: number,
    onEnd: (now: number, rttMs: number | null) => void,
  ): void {
    if (plan.echo === undefined) {
      onEnd(now, null)
      return
    }
    const here = packet(i, now) ?? Number.POSITIVE_INFINITY
    const over = Math.min(here, now + timeoutMs)
    at(over + late(), (time) => onEnd(time, over === here ? here - now : null))
  }

  /** As probe-all.ts and icmp.ts do it. */
  function burst(i: number, { timeoutMs, dueMs }: { timeoutMs: number; dueMs: number | null }, began: number): void {
    const settings = plan.settings[i]
    const own = bursts[i]
    if (!settings || !own) return
    const number = ++own.number
    const key = keyOf(i)
    const isOver = () => own.number !== number
    const answered = new Set<number>()
    const ended = new Map<number, 'unanswered' | 'refused'>()
    const slow = new Set<number>()
    const opinions = new Map<number, boolean>()
    let isAsked = false
    let awaited = 0
    const askOthers = (now: number) => {
      if (isAsked) return
      isAsked = true
      const againMs = Math.max(0, began + burstSpanMs - now)
      for (const target of settings.targets.keys())
        for (const [isSecond, sentAt] of [now, now + againMs].entries()) {
          awaited++
          at(sentAt, (time) =>
            question(i, time, timeoutMs, (over, rttMs) => {
              awaited--
              if (rttMs !== null) opinions.set(target, isSecond === 0 || opinions.get(target) === true)
              finishIfDone(over)
            }),
          )
        }
    }
    const finishIfDone = (now: number) => {
      const settled = [...settings.targets.keys()].every((other) => answered.has(other) || ended.has(other))
      if (!isOver() && settled && awaited === 0) finish(now)
    }
    const finish = (now: number) => {
      own.number++
      const heard = new Set([...answered, ...opinions.keys()])
      const unknown = [...ended].filter(([target, how]) => how === 'refused' && !heard.has(target)).length
      const promptly = [...opinions.values()].filter((first) => first).length
      const isMuted = answered.size < settings.quorum && promptly >= settings.quorum
      const event: LineEvent = {
        ...{ kind: 'burst', targets: settings.targets.length, answered: heard.size, unknown },
        ...{ spanMs: burstSpanMs, rttMs: heard.size > 0 ? plan.rttMs : null },
        ...(isMuted ? { muted: true as const } : {}),
      }
      send([{ key, event }], now)
    }
    for (const target of settings.targets.keys()) {
      const started = began + late()
      let readAt = 0
      /** What a program says is read in its order. */
      const says = (time: number, what: (now: number) => void) => {
        readAt = Math.max(readAt, time + late())
        at(readAt, (now) => (isOver() ? undefined : what(now)))
      }
      const request = (sequence: number, unanswered: readonly number[], refused: boolean, sentAt: number) => {
        at(sentAt, () => {
          if (isOver()) return
          const here = echo(i, sentAt)
          if (here !== null && here !== undefined)
            says(here, (now) => {
              answered.add(target)
              if (answered.size >= settings.quorum) finish(now)
            })
          const isRefused = refused || here === undefined
          const open = here === null || here === undefined ? [...unanswered, sequence] : unanswered
          if (sequence < burstCount) {
            const nextAt = sentAt + burstGapMs + (random() < 0.2 ? late() : 0)
            if (open.at(-1) === sequence)
              says(nextAt, (now) => {
                askOthers(now)
                if (dueMs === null || sequence * burstGapMs < dueMs || answered.has(target) || slow.has(target)) return
                slow.add(target)
                if (slow.size === settings.targets.length - settings.quorum + 1)
                  send([{ key, event: { kind: 'late' } }], readAt)
              })
            request(sequence + 1, open, isRefused, nextAt)
          } else {
            says(sentAt + timeoutMs, (now) => {
              ended.set(target, isRefused ? 'refused' : 'unanswered')
              finishIfDone(now)
            })
          }
        })
      }
      request(1, [], false, started)
    }
  }

  function background(i: number, readAt: number, now: number): void {
    const member = members.get(keyOf(i))
    if (!member) return
    const intervalMs = probeIntervalMs(member.line, member.settings)
    const here = echo(i, now)
    const isMissed = here === null || here === undefined
    const asked = plan.echo ? { asked: true as const } : {}
    const event: LineEvent = isMissed ? { kind: 'miss', ...asked } : { kind: 'answer', rttMs: plan.rttMs }
    const read = Math.max(readAt, (isMissed ? now + intervalMs : here) + late())
    at(read, (time) => {
      send([{ key: keyOf(i), event }], time)
      const line = members.get(keyOf(i))?.line
      if (event.kind === 'miss' && line && plan.echo)
        question(i, time, timeoutMs(line), (over, rttMs) =>
          send([{ key: keyOf(i), event: { kind: 'opinion', rttMs, datagram: true } }], over),
        )
    })
    at(now + intervalMs, (time) => background(i, read, time))
  }

  function traffic(now: number): void {
    for (const i of plan.settings.keys()) for (let n = 0; n < plan.traffic; n++) packet(i, now)
    at(now + tickMs, traffic)
  }

  function tick(now: number): void {
    const news = [...members.keys()].map((key, i): LineNews => {
      return { key, event: { kind: 'tick', counters: { ...(counters[i] ?? { rx: 0, tx: 0 }) } } }
    })
    send(news, now)
    const isClose = [...members.values()].some(({ line }) => line.silent || isWatchful(line, now))
    at(now + (isClose ? tickMs : slowTickMs) + late(), tick)
  }

  for (const i of plan.settings.keys()) at(random() * 1000, (now) => background(i, now, now))
  at(0, traffic)
  at(0, tick)
  for (let next = queue.shift(); next && next.at <= plan.durationMs; next = queue.shift()) next.run(next.at)
  return { told, lines: [...members.values()].map(({ line }) => line) }
}
