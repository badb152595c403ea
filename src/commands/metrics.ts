/** `ifbalance metrics`: the status as metrics for Prometheus, on standard output or in a file for node-exporter. */
import { currentStatus } from '../cli/current-status.ts'
import { readCounters } from '../kernel/devices/counters.ts'
import { replaceFile } from '../os/files.ts'
import { metricsOf } from '../status/metrics.ts'
import { metricsText } from '../status/metrics-text.ts'

/** Resolves with 0 also where nothing works: that is what the metrics say. */
export async function run({ textfile }: { readonly textfile: string | undefined }): Promise<number> {
  const metrics = metricsOf({ ...(await currentStatus()), counters: readCounters() })
  if (textfile === undefined) process.stdout.write(metricsText(metrics, 'openmetrics'))
  else replaceFile(textfile, metricsText(metrics, 'prometheus'))
  return 0
}
