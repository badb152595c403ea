/** All targets of a line probed at once, whatever the kind of probe. */
import { burstGapMs, burstSpanMs } from '../burst.ts'
import type { ProbeSettings } from '../settings.ts'
import type { Answer, Egress } from './egress.ts'
import { probers } from './kinds.ts'
import { probeOnce } from './probe-once.ts'
import type { BurstEnd } from './prober.ts'
import { askServers, type Opinion } from './second-opinion.ts'

export interface Burst {
  readonly answers: readonly Answer[]
  /** Whether the gateway answered; null where there is none to ask, or nobody waited for it. */
  readonly gateway: boolean | null
  /** Of how many targets nobody knows whether they were asked; `cause` says why. */
  readonly unknown: number
  readonly cause?: string
  /** Whether too few echo requests were answered, but a quorum of the questions that were asked first instead. */
  readonly muted: boolean
  /** Time in ms for which requests went out, at least. */
  readonly spanMs: number
}

export interface BurstOptions {
  /** How long the last answer may take, in ms. */
  readonly timeoutMs: number
  /**
   * An answer that takes longer than this is late; null: that is not known, and then the gateway is waited for, too.
   */
  readonly dueMs: number | null
  /** So many targets are late that no quorum can have answered in time. The burst goes on. */
  readonly onLate: () => void
  readonly onEnd: (burst: Burst) => void
}

/** How long a program may take besides its own waiting; one that is stopped or starved for longer has said nothing. */
const graceMs = 10_000

/**
 * Asks all targets in parallel, and the gateway, which tells a dead line from a dead link. It ends as soon as `quorum`
 * of the targets have answered, otherwise when each is known not to have: by the clock of who asked, from when its
 * request had left. Where echo is missing, name servers are asked meanwhile, until the last echo may come. Returns what
 * stops it.
 */
export function probeAll(
  egress: Egress,
  settings: ProbeSettings,
  { timeoutMs, dueMs, onLate, onEnd }: BurstOptions,
): () => void {
  const prober = probers[settings.kind]
  const answers = new Map<string, number>()
  const ends = new Map<string, BurstEnd>()
  const late = new Set<string>()
  const faults = new Map<string, string>()
  let gateway: boolean | null = null
  let isGatewayAwaited = false
  const began = performance.now()
  let isOpinionAwaited = false
  let opinions: ReadonlyMap<string, Opinion> = new Map()
  const controller = new AbortController()
  const stops: (() => void)[] = [() => controller.abort()]
  const timer = setTimeout(end, timeoutMs + graceMs)

  function end(): void {
    stop()
    const all = settings.targets.map((target): Answer => {
      const [echo, fault] = [answers.get(target), faults.get(target)]
      const opinion = opinions.get(settings.opinions[target] ?? '')
      if (echo === undefined && opinion) return { target, rttMs: opinion.rttMs, second: true }
      return { target, rttMs: echo ?? null, ...(fault === undefined ? {} : { fault }) }
    })
    const answered = all.filter(({ rttMs }) => rttMs !== null)
    const enough = answered.length >= settings.quorum
    const promptly = settings.targets.filter((target) => opinions.get(settings.opinions[target] ?? '')?.first).length
    const open = all.filter(({ rttMs }) => rttMs === null).map(({ target }) => ends.get(target) ?? 'unknown')
    const unknown = open.filter((one) => one === 'unknown' || one === 'refused')
    onEnd({
      // Where the burst ended early, nobody waited for the other targets, so only answers are told.
      answers: enough ? answered : all,
      gateway: enough ? null : gateway,
      unknown: unknown.length,
      muted: answers.size < settings.quorum && promptly >= settings.quorum,
      ...(unknown.includes('refused') ? { cause: 'this host lets no probe out' } : {}),
      spanMs: prober.how === 'pings' && !open.includes('failed') ? burstSpanMs : 0,
    })
  }

  function stop(): void {
    clearTimeout(timer)
    for (const one of stops.splice(0)) one()
  }

  function endIfDone(): void {
    if (controller.signal.aborted) return
    const settled = settings.targets.every((target) => answers.has(target) || ends.has(target))
    // Opinions do not matter for what could not even be sent.
    const isMissing = [...ends].some(([target, how]) => how !== 'failed' && !answers.has(target))
    if (answers.size >= settings.quorum || (settled && !isGatewayAwaited && !(isOpinionAwaited && isMissing))) end()
  }

  function answered(target: string, rttMs: number): void {
    if (controller.signal.aborted || answers.has(target)) return
    answers.set(target, rttMs)
    endIfDone()
  }

  function missed(target: string, sequence: number): void {
    if (gateway === null) askGateway()
    if (controller.signal.aborted || dueMs === null || sequence * burstGapMs < dueMs) return
    const isNews = !answers.has(target) && !late.has(target)
    late.add(target)
    if (isNews && late.size === settings.targets.length - settings.quorum + 1) onLate()
  }

  /**
   * Asks the name servers, and again when the last echo requests may have left: what a burst asks, it asks until then.
   */
  function askOthers(): void {
    const againMs = Math.max(0, began + burstSpanMs - performance.now())
    const stopAsking = askServers(egress, servers, { againMs, timeoutMs }, (said) => {
      opinions = said
      isOpinionAwaited = false
      endIfDone()
    })
    stops.push(stopAsking)
  }

  /** Asks the gateway; only where somebody may want to know, as it is another program. */
  function askGateway(): void {
    if (egress.gateway === null || prober.how !== 'pings' || controller.signal.aborted) return
    gateway = false
    const listener = {
      onAnswer: () => {
        gateway = true
      },
      onMiss: () => undefined,
      onEnd: () => {
        isGatewayAwaited = false
        endIfDone()
      },
    }
    stops.push(prober.burst(egress, egress.gateway, timeoutMs, listener))
  }

  function ended(target: string, how: BurstEnd): void {
    ends.set(target, how)
    endIfDone()
  }

  for (const target of settings.targets) {
    if (prober.how === 'pings') {
      const listener = {
        onAnswer: (rttMs: number) => answered(target, rttMs),
        onMiss: (sequence: number) => missed(target, sequence),
        onEnd: (how: BurstEnd) => ended(target, how),
      }
      stops.push(prober.burst(egress, target, timeoutMs, listener))
    } else {
      void probeOnce(egress, settings, target, timeoutMs, controller.signal).then(({ rttMs, fault }) => {
        if (rttMs !== null) return answered(target, rttMs)
        if (fault !== undefined) faults.set(target, fault)
        ended(target, 'unanswered')
      })
    }
  }
  const servers = prober.how === 'pings' ? Object.values(settings.opinions) : []
  if (servers.length > 0) {
    isOpinionAwaited = true
    // By a timer, not when ping tells of the first miss: a host that starts ping late would have to wait for so much
    // longer.
    const timer = setTimeout(askOthers, burstGapMs)
    stops.push(() => clearTimeout(timer))
  }
  if (dueMs === null) {
    askGateway()
    isGatewayAwaited = gateway !== null
  }
  return stop
}
