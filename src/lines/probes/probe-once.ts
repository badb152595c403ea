/** A single probe of the kinds that need no ping. Sockets are bound to the way's own address, and our rule sends them by it. */
import type { ProbeSettings } from '../settings.ts'
import type { Egress } from './egress.ts'
import { probers } from './kinds.ts'
import { waitPatiently } from './patience.ts'

export interface Outcome {
  /** How long the answer took; null: none in time, or the wrong one. */
  readonly rttMs: number | null
  /** What was wrong, where that is known. */
  readonly fault?: string
}

/** The answer has to be here in `timeoutMs`. Never throws. */
export async function probeOnce(
  way: Egress,
  settings: ProbeSettings,
  target: string,
  timeoutMs: number,
  stopped: AbortSignal,
): Promise<Outcome> {
  const prober = probers[settings.kind]
  if (prober.how === 'pings') return { rttMs: null }
  const begun = performance.now()
  const late = new AbortController()
  const stop = waitPatiently(timeoutMs, () => late.abort())
  try {
    const signal = AbortSignal.any([stopped, late.signal])
    const answer = await prober.ask({ way, settings, target, timeoutMs, signal, stopped })
    if (answer !== true) return { rttMs: null, ...(answer === false ? {} : { fault: answer }) }
    return { rttMs: stopped.aborted ? null : performance.now() - begun }
  } catch {
    return { rttMs: null }
  } finally {
    stop()
  }
}
