import { expect, test } from 'vitest'
import { lineFigures } from '../../../src/model/line-figures.ts'
import { metricsOf } from '../../../src/status/metrics.ts'
import { type Metric, metricsText } from '../../../src/status/metrics-text.ts'
import type { Status } from '../../../src/status/status.ts'
import { seen } from './metrics-of-two.ts'

const metrics = metricsOf(seen)

const text = metricsText(metrics, 'openmetrics')

function samplesOf(name: string): readonly string[] {
  return text.split('\n').filter((line) => line.startsWith(`ifbalance_${name}`))
}

test('metrics tell what status shows, in base units', () => {
  expect(samplesOf('daemon_up')).toEqual(['ifbalance_daemon_up 1'])
  expect(samplesOf('uplink_up')).toEqual(['ifbalance_uplink_up{uplink="lte"} 1', 'ifbalance_uplink_up{uplink="dsl"} 0'])
  expect(samplesOf('uplink_state').filter((line) => line.endsWith(' 1'))).toEqual([
    'ifbalance_uplink_state{uplink="lte",state="degraded"} 1',
    'ifbalance_uplink_state{uplink="dsl",state="absent"} 1',
  ])
  expect(samplesOf('uplink_state_timestamp')).toEqual([
    'ifbalance_uplink_state_timestamp_seconds{uplink="dsl"} 1790000000',
  ])
  expect(samplesOf('uplink_share')).toEqual(['ifbalance_uplink_share_ratio{uplink="lte",family="inet"} 0.25'])
  expect(samplesOf('uplink_line_state_timestamp')).toEqual([
    'ifbalance_uplink_line_state_timestamp_seconds{uplink="lte",family="inet"} 1790000000.5',
  ])
  expect(samplesOf('uplink_probe')).toEqual([
    'ifbalance_uplink_probe_latency_seconds{uplink="lte",family="inet"} 0.014',
    'ifbalance_uplink_probe_jitter_seconds{uplink="lte",family="inet"} 0.002',
    'ifbalance_uplink_probe_loss_ratio{uplink="lte",family="inet"} 0.1',
  ])
  expect(samplesOf('rule')).toEqual(['ifbalance_rule_connections_total{rule="telephones"} 42'])
  expect(samplesOf('uplink_metered')).toEqual([
    'ifbalance_uplink_metered{uplink="lte"} 1',
    'ifbalance_uplink_metered{uplink="dsl"} 0',
  ])
  expect(samplesOf('uplink_capacity').filter((line) => line.includes('lte'))).toEqual([
    'ifbalance_uplink_capacity_bytes_per_second{uplink="lte",direction="down"} 1000',
  ])
  expect(samplesOf('uplink_receive')).toEqual([
    'ifbalance_uplink_receive_bytes_total{uplink="lte",interface="wwan0"} 700',
  ])
  expect(samplesOf('uplink_quota')).toEqual([
    'ifbalance_uplink_quota_bytes{uplink="lte"} 20000000000',
    'ifbalance_uplink_quota_used_bytes{uplink="lte"} 5000000000',
  ])
})

test('every figure of a line is a metric whose name ends with its unit', () => {
  const names = metrics.map(({ name }) => name)
  for (const { metric } of Object.values(lineFigures)) expect(names).toContain(`ifbalance_uplink_${metric.name}`)
  for (const { name, unit } of metrics) if (unit !== undefined) expect(name).toMatch(new RegExp(`_${unit}$`))
  expect(new Set(names).size).toBe(names.length)
  for (const { help } of metrics) expect(help).toMatch(/^[^"\\\n]+\.$/)
})

const received: Metric = {
  ...{ name: 'x_bytes', type: 'counter', unit: 'bytes', help: 'Bytes.' },
  samples: [{ labels: { uplink: 'a\\b"c\nd' }, value: 3 }],
}

test('a counter has the name of its family in OpenMetrics, and that of its samples in the text that node-exporter reads', () => {
  expect(metricsText([received], 'openmetrics').split('\n')).toEqual([
    '# HELP x_bytes Bytes.',
    '# TYPE x_bytes counter',
    '# UNIT x_bytes bytes',
    'x_bytes_total{uplink="a\\\\b\\"c\\nd"} 3',
    '# EOF',
    '',
  ])
  expect(metricsText([received], 'prometheus').split('\n')).toEqual([
    '# HELP x_bytes_total Bytes.',
    '# TYPE x_bytes_total counter',
    'x_bytes_total{uplink="a\\\\b\\"c\\nd"} 3',
    '',
  ])
})

test('a metric without samples is left out', () => {
  expect(metricsText([{ ...received, samples: [] }], 'openmetrics')).toBe('# EOF\n')
})

test('one of two routers tells its role', () => {
  const of = (more: Partial<Status>) =>
    metricsOf({ ...seen, status: { ...seen.status, ...more } }).flatMap(({ name, samples }) =>
      /_active$|usable/.test(name) ? samples.map(({ value }) => [name, value]) : [],
    )
  expect(of({})).toEqual([])
  expect(of({ pair: { role: 'active', why: '', usable: 2 } })).toEqual([
    ['ifbalance_active', 1],
    ['ifbalance_usable_uplinks', 2],
  ])
  expect(of({ pair: { role: 'standby', why: '', usable: null } })).toEqual([['ifbalance_active', 0]])
})
