/** `ifbalance metrics`: the status as metrics for Prometheus, on standard output or in a file for node-exporter. */
import { currentMetrics } from '../cli/current-metrics.ts'
import { replaceFile } from '../os/files.ts'

/** Resolves with 0 also where nothing works: that is what the metrics say. */
export async function run({ textfile }: { readonly textfile: string | undefined }): Promise<number> {
  if (textfile === undefined) process.stdout.write(await currentMetrics('openmetrics'))
  else replaceFile(textfile, await currentMetrics('prometheus'))
  return 0
}
