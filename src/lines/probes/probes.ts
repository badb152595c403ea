/** A line's background probe, whatever its kind: one target, again and again. */

import { type Failure, hasCode } from '../../os/error.ts'
import { log } from '../../os/log.ts'
import type { ProbeSettings } from '../settings.ts'
import type { Answer, Egress } from './egress.ts'
import { probers } from './kinds.ts'
import { probeOnce } from './probe-once.ts'

/** Probes one target every `intervalMs`. Calls `onEnd` where that cannot go on. Returns what stops it. */
export function probeOn(
  egress: Egress,
  settings: ProbeSettings,
  target: string,
  intervalMs: number,
  onAnswer: (answer: Answer) => void,
  onEnd: (failure: Failure) => void,
): () => void {
  const prober = probers[settings.kind]
  if (prober.how === 'pings') return prober.watch(egress, target, intervalMs, onAnswer, onEnd)
  const controller = new AbortController()
  const timer = setInterval(() => {
    const limit = Math.min(5000, Math.max(500, intervalMs - 50))
    void probeOnce(egress, settings, target, limit, controller.signal).then((outcome) => {
      if (!controller.signal.aborted) onAnswer({ target, ...outcome })
    })
  }, intervalMs)
  return () => {
    clearInterval(timer)
    controller.abort()
  }
}

/** Whether ping itself is missing or cannot be run, so that nothing can be said about any line. Logs that. */
export function isBroken(failure: Failure): boolean {
  if (!hasCode(failure, 'ENOENT', 'EACCES', 'EPERM')) return false
  log.failure('probing', '', failure, 'no uplink is judged by probes')
  return true
}
