/** What Prometheus and Grafana are given, by Prometheus' own tools, and against the metrics that there are. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { metricsText } from '../../../src/status/metrics-text.ts'
import { entriesOf, manPage, sectionOf } from '../../lab/man-page.ts'
import { allMetrics as metrics } from './metrics-of-two.ts'

const root = join(import.meta.dirname, '../../..')
const textOf = (path: string) => readFileSync(join(root, path), 'utf8')

/** Throws with what it says where it finds anything wrong. */
function promtool(args: readonly string[], input?: string): string {
  const options = { encoding: 'utf8', stdio: 'pipe', cwd: root, ...(input !== undefined && { input }) } as const
  return execFileSync('/usr/bin/promtool', args, options)
}

const samples = new Set(metrics.map(({ name, type }) => (type === 'counter' ? `${name}_total` : name)))

/** Label names by the name of the samples that have them. */
const labels = new Map(
  metrics.map(({ name, type, samples }) => [
    type === 'counter' ? `${name}_total` : name,
    new Set(samples.flatMap((sample) => Object.keys(sample.labels))),
  ]),
)

/** Names of ours in a query that no metric has, and labels of a selector that its metric has not. */
function unknownIn(query: string): readonly string[] {
  return [...query.matchAll(/\b(ifbalance_\w+)(?:\{([^}]*)\})?/g)].flatMap(([, name = '', selector = '']) => {
    if (!samples.has(name)) return [name]
    const asked = [...selector.matchAll(/(\w+)\s*[=!]~?/g)].map(([, label = '']) => label)
    return asked
      .filter((label) => label !== 'instance' && !labels.get(name)?.has(label))
      .map((one) => `${name}{${one}}`)
  })
}

/** Every text of these keys, wherever it stands. */
function textsAt(value: unknown, keys: readonly string[]): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    keys.includes(key) && typeof inner === 'string' ? [inner] : textsAt(inner, keys),
  )
}

test('each metric has a sample here, so that what is asked of them can be compared', () => {
  for (const { name, samples } of metrics) expect(samples, name).not.toEqual([])
})

test('promtool finds nothing to say of the metrics', () => {
  expect(promtool(['check', 'metrics'], metricsText(metrics, 'prometheus'))).toBe('')
})

test('alerts come of what they are for, and when', () => {
  expect(promtool(['check', 'rules', 'docs/prometheus/alerts.yml'])).toContain('SUCCESS')
  expect(promtool(['test', 'rules', 'test/unit/status/alerts.yml'])).toContain('SUCCESS')
})

test('alerts ask for metrics that there are, and each alert has a test', () => {
  const rules = textOf('docs/prometheus/alerts.yml')
  expect(unknownIn(rules.replaceAll(/#.*/g, ''))).toEqual([])
  const tests = textOf('test/unit/status/alerts.yml')
  for (const [, name = ''] of rules.matchAll(/alert: (\w+)/g))
    expect(tests.match(new RegExp(`alertname: ${name}\\n +exp_alerts:\\n`)), name).not.toBe(null)
})

test('the dashboard asks for metrics that there are, in words that Prometheus knows', () => {
  const dashboard: unknown = JSON.parse(textOf('docs/grafana/ifbalance.json'))
  const queries = textsAt(dashboard, ['expr'])
  expect(queries.length).toBeGreaterThan(10)
  expect([...queries, ...textsAt(dashboard, ['definition', 'query'])].flatMap(unknownIn)).toEqual([])

  const folder = mkdtempSync(join(tmpdir(), 'ifbalance-dashboard-'))
  try {
    const rules = queries.map((query, index) => ({
      record: `panel:${index}`,
      expr: query.replaceAll('$__rate_interval', '1m').replaceAll(/\$\w+/g, 'x'),
    }))
    const file = join(folder, 'rules.yml')
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }))
    expect(promtool(['check', 'rules', file])).toContain(`${queries.length} rules found`)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('ifbalance(8) has each metric', () => {
  const section = sectionOf(manPage('ifbalance.8'), 'METRICS')
  const named = entriesOf(section).flatMap(({ head }) => head.match(/\b[a-z][a-z_]+\b/g) ?? [])
  const short = [...samples].map((name) => name.replace(/^ifbalance_(uplink_)?/, ''))
  expect(
    named
      .filter((name) => /_|^(up|info|state|drained|weight|metric|metered|standby|warnings|active)$/.test(name))
      .sort(),
  ).toEqual(short.sort())
})
