/** A single probe of the kinds that need no ping. */
import type { Way } from './probes.ts'
import type { ProbeSettings } from './settings.ts'

/** How long the answer took in ms, or null: none in `timeoutMs`. Never throws. */
export async function probeOnce(
  _way: Way,
  _settings: ProbeSettings,
  _target: string,
  _timeoutMs: number,
  _signal: AbortSignal,
): Promise<number | null> {
  return null
}
