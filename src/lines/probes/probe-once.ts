/** A single probe of the kinds without ping, from the egress's own address, so that our rule sends it by that uplink. */
import type { ProbeSettings } from '../settings.ts'
import type { Egress } from './egress.ts'
import { probers } from './kinds.ts'
import { timeoutAfterReading } from './timeout-after-reading.ts'

export interface Outcome {
  /** How long the answer took in ms; null: none came in time, or the wrong one. */
  readonly rttMs: number | null
  /** What was wrong, where that is known. */
  readonly fault?: string
}

/** Asks once; the answer has to be here within `timeoutMs`. Never throws. */
export async function probeOnce(
  egress: Egress,
  settings: ProbeSettings,
  target: string,
  timeoutMs: number,
  stopped: AbortSignal,
): Promise<Outcome> {
  const prober = probers[settings.kind]
  if (prober.how === 'pings') return { rttMs: null }
  const begun = performance.now()
  const late = new AbortController()
  const stop = timeoutAfterReading(timeoutMs, () => late.abort())
  try {
    const signal = AbortSignal.any([stopped, late.signal])
    const answer = await prober.ask({ egress, settings, target, timeoutMs, signal, stopped })
    if (answer !== true) return { rttMs: null, ...(answer === false ? {} : { fault: answer }) }
    return { rttMs: stopped.aborted ? null : performance.now() - begun }
  } catch {
    return { rttMs: null }
  } finally {
    stop()
  }
}
