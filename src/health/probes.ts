/** One way to probe a line, whatever its kind: again and again in the background, or all targets at once. */
import type { Family } from '../model.ts'
import { log } from '../os/log.ts'
import { burstCount, burstGapMs, pingBurst, pingOn } from './ping.ts'
import { probeOnce } from './probe-once.ts'
import type { ProbeSettings } from './settings.ts'

/** Where a line leaves. */
export interface Way {
  readonly uplink: string
  readonly family: Family
  readonly device: string
  readonly gateway: string | null
  /** An address that no other uplink has; null: sockets cannot be bound to this way. */
  readonly source: string | null
}

export interface Answer {
  readonly target: string
  /** Null: none. */
  readonly rttMs: number | null
}

/** Probes one target every `intervalMs`. Returns what stops it. */
export function probeOn(
  way: Way,
  settings: ProbeSettings,
  target: string,
  intervalMs: number,
  onAnswer: (answer: Answer) => void,
  onBroken: (cause: string) => void,
): () => void {
  if (settings.kind === 'icmp') {
    return pingOn(
      { ...way, target, intervalMs },
      (line) => onAnswer({ target, rttMs: line.kind === 'answer' ? line.rttMs : null }),
      onBroken,
    )
  }
  const controller = new AbortController()
  const timer = setInterval(() => {
    const limit = Math.min(5000, Math.max(500, intervalMs - 50))
    void probeOnce(way, settings, target, limit, controller.signal).then((rttMs) => {
      if (!controller.signal.aborted) onAnswer({ target, rttMs })
    })
  }, intervalMs)
  return () => {
    clearInterval(timer)
    controller.abort()
  }
}

export interface Burst {
  readonly answers: readonly Answer[]
  /** Whether the gateway answered; null where there is none to ask. */
  readonly gateway: boolean | null
}

/**
 * Asks all targets in parallel, and the gateway, which tells a dead line from a dead link. Ends as soon as `quorum` of the
 * targets have answered, else `timeoutMs` after the last request. Returns what stops it.
 */
export function probeAll(
  way: Way,
  settings: ProbeSettings,
  timeoutMs: number,
  done: (burst: Burst) => void,
): () => void {
  const answers = new Map<string, number>()
  let gateway: boolean | null = way.gateway === null ? null : false
  const controller = new AbortController()
  const stops: (() => void)[] = [() => controller.abort()]
  const sendingMs = (burstCount - 1) * burstGapMs
  const timer = setTimeout(end, (settings.kind === 'icmp' ? sendingMs : 0) + timeoutMs)

  function end(): void {
    stop()
    const all = settings.targets.map((target) => ({ target, rttMs: answers.get(target) ?? null }))
    const enough = answers.size >= settings.quorum
    // Where nobody waited for the others, only answers can be told.
    done({ answers: enough ? all.filter(({ rttMs }) => rttMs !== null) : all, gateway: enough ? null : gateway })
  }

  function stop(): void {
    clearTimeout(timer)
    for (const one of stops.splice(0)) one()
  }

  function answered(target: string, rttMs: number): void {
    if (controller.signal.aborted || answers.has(target)) return
    answers.set(target, rttMs)
    if (answers.size >= settings.quorum) end()
  }

  for (const target of settings.targets) {
    if (settings.kind === 'icmp') {
      stops.push(
        pingBurst(
          { ...way, target },
          (line) => (line.kind === 'answer' ? answered(target, line.rttMs) : undefined),
          () => undefined,
        ),
      )
    } else {
      void probeOnce(way, settings, target, timeoutMs, controller.signal).then((rttMs) =>
        rttMs === null ? undefined : answered(target, rttMs),
      )
    }
  }
  if (way.gateway !== null && settings.kind === 'icmp') {
    const onLine = () => {
      gateway = true
    }
    stops.push(pingBurst({ ...way, target: way.gateway }, onLine, () => undefined))
  }
  return stop
}

/** ping itself is what is missing: nothing can be said about any line. */
export function isBroken(cause: string): boolean {
  if (!/ENOENT|EACCES|EPERM/.test(cause)) return false
  log.warning(`probing: ${cause}; no uplink is judged by probes`)
  return true
}
