/** The metrics of this moment, as every command prints them. */
import { readCounters } from '../kernel/devices/counters.ts'
import { metricsOf } from '../status/metrics.ts'
import { type MetricsFormat, metricsText } from '../status/metrics-text.ts'
import { currentStatus } from './current-status.ts'

/** Looks at the host. Rejects where the kernel cannot be read. */
export async function currentMetrics(format: MetricsFormat): Promise<string> {
  return metricsText(metricsOf({ ...(await currentStatus()), counters: readCounters() }), format)
}
