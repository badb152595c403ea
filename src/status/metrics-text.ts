/** Metrics as text for Prometheus. Pure. */

/** A metric family: what is measured, and a sample for each thing that it is measured of. */
export interface Metric {
  /** In base units, and ends with the unit; a counter's without `_total`. */
  readonly name: string
  readonly type: 'gauge' | 'counter'
  readonly unit?: string
  /** One sentence without `\`, `"` and line breaks. */
  readonly help: string
  readonly samples: readonly Sample[]
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/**
 * `openmetrics`: OpenMetrics 1.0. `prometheus`: Prometheus' text format 0.0.4, the only one that node-exporter reads. There a
 * counter's family has the name of its samples, and neither a unit nor an end is told.
 */
export type MetricsFormat = 'openmetrics' | 'prometheus'

/** The text of all metrics that have samples. */
export function metricsText(metrics: readonly Metric[], format: MetricsFormat): string {
  const lines = metrics
    .filter(({ samples }) => samples.length > 0)
    .flatMap((metric) => [...headOf(metric, format), ...metric.samples.map((sample) => sampleText(metric, sample))])
  return [...lines, ...(format === 'openmetrics' ? ['# EOF'] : []), ''].join('\n')
}

function headOf(metric: Metric, format: MetricsFormat): readonly string[] {
  const { name, type, unit, help } = metric
  const family = format === 'openmetrics' ? name : sampleName(metric)
  const unitLine = format === 'openmetrics' && unit !== undefined ? [`# UNIT ${family} ${unit}`] : []
  return [`# HELP ${family} ${help}`, `# TYPE ${family} ${type}`, ...unitLine]
}

function sampleName({ name, type }: Metric): string {
  return type === 'counter' ? `${name}_total` : name
}

function sampleText(metric: Metric, { labels, value }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`)
  return `${sampleName(metric)}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`
}

/** The only three characters that both formats escape. */
function escaped(text: string): string {
  return text.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))
}
