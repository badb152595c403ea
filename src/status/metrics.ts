/** The status as metrics for Prometheus. Pure. */
import type { Counters } from '../kernel/devices/counters.ts'
import { bytesNow } from '../lines/quota.ts'
import type { Config } from '../model/config.ts'
import { type LineFigureName, lineFigures } from '../model/line-figures.ts'
import type { Observed } from '../model/observed.ts'
import { isWorking, uplinkStates } from '../model/uplink.ts'
import type { Family } from '../net/family.ts'
import { getOwn } from '../values/get-own.ts'
import type { Metric, Sample } from './metrics-text.ts'
import type { PathStatus, Status, UplinkStatus } from './status.ts'

export interface Seen {
  readonly status: Status
  readonly config: Config
  readonly observed: Pick<Observed, 'quotas'>
  /** Errors of the configuration. */
  readonly errors: readonly string[]
  /** By device. */
  readonly counters: ReadonlyMap<string, Counters>
}

/** A metric but for its samples. */
type Description = Omit<Metric, 'samples'>

/** Every metric of a moment. Names and labels are promises to whoever has written an alert. */
export function metricsOf(seen: Seen): readonly Metric[] {
  const { status, errors } = seen
  const { uplinks } = status
  const host = (name: string, help: string, value: number): Metric => {
    return { name: `ifbalance_${name}`, type: 'gauge', help, samples: [{ labels: {}, value }] }
  }
  return [
    host('daemon_up', 'Whether the daemon runs.', Number(status.daemon)),
    host('held_down', 'Whether everything was taken away, by the command down.', Number(status.heldDown)),
    host('configuration_errors', 'Errors in the configuration, while the last one without is in force.', errors.length),
    host('pending_changes', 'Changes of the kernel that the command plan would show.', status.pending),
    host('warnings', 'Warnings that the command status would show.', status.warnings.length),
    ...(status.pair
      ? [
          host(
            'active',
            'Whether this one of two routers has the shared address.',
            Number(status.pair.role === 'active'),
          ),
        ]
      : []),
    ...(typeof status.pair?.usable === 'number'
      ? [host('usable_uplinks', 'How many uplinks keepalived is told to be usable.', status.pair.usable)]
      : []),
    {
      ...{ name: 'ifbalance_rule_connections', type: 'counter', help: 'Connections that the rule has matched.' },
      samples: (status.rules ?? []).map(({ name, connections }) => ({ labels: { rule: name }, value: connections })),
    },
    ...uplinkMetrics(seen).map(({ of, ...description }) => {
      const samples = uplinks.flatMap((uplink) => {
        return of(uplink).map(({ labels, value }) => ({ labels: { uplink: uplink.name, ...labels }, value }))
      })
      return { ...description, samples }
    }),
  ]
}

type UplinkMetric = Description & { readonly of: (uplink: UplinkStatus) => readonly Sample[] }

function uplinkMetrics({ config, observed, counters }: Seen): readonly UplinkMetric[] {
  const one = (value: number | undefined, labels: Sample['labels'] = {}): readonly Sample[] =>
    value === undefined ? [] : [{ labels, value }]
  const ofCounter = (name: 'rxBytes' | 'txBytes') => (uplink: UplinkStatus) =>
    one(counters.get(uplink.interface)?.[name], { interface: uplink.interface })
  const ofQuota =
    (read: (quota: Quota, name: string) => number | undefined) =>
    ({ name }: UplinkStatus) => {
      const quota = config.uplinks.find((section) => section.name === name)?.quota
      return quota ? one(read(quota, name)) : []
    }
  const used = (quota: Quota, name: string) => {
    const periods = getOwn(observed.quotas?.used ?? {}, name)
    return observed.quotas && periods && bytesNow(periods, observed.quotas.today, quota)
  }
  return [
    gauge('info', 'Number and interface of the uplink; always 1.', (uplink) =>
      one(1, { interface: uplink.interface, number: String(uplink.number) }),
    ),
    gauge('up', 'Whether the internet behind the uplink answers, as far as is known.', (uplink) =>
      one(Number(isWorking(uplink))),
    ),
    gauge('state', 'Whether the uplink is in this state.', ({ state }) =>
      uplinkStates.flatMap((each) => one(Number(state === each), { state: each })),
    ),
    gauge(
      'state_timestamp_seconds',
      'When the state began, in seconds since 1970.',
      ({ since }) => one(since === undefined ? undefined : since / 1000),
      'seconds',
    ),
    gauge('drained', 'Whether the uplink takes no new connections, by a command or its weight.', ({ drained }) =>
      one(Number(drained !== undefined)),
    ),
    gauge('standby', 'Whether the uplink is used only while no other works.', ({ standby }) =>
      one(Number(standby ?? false)),
    ),
    gauge('metered', 'Whether what the uplink carries costs money.', ({ metered }) => one(Number(metered ?? false))),
    gauge('weight', 'Weight in force.', ({ weight }) => one(weight)),
    gauge('metric', 'Tier: the uplinks of the lowest that works take new connections.', ({ metric }) => one(metric)),
    gauge(
      'share_ratio',
      'Share of new connections that the kernel sends by the uplink.',
      perPath(({ share }) => share),
      'ratio',
    ),
    gauge(
      'line_up',
      'Whether the probes of the line are answered.',
      perPath(({ health }) => health && Number(health.state !== 'offline')),
    ),
    gauge(
      'line_degraded',
      'Whether the line is slower or lossier than allowed, or beyond its quota.',
      perPath(({ health }) => health && Number(health.degraded)),
    ),
    gauge(
      'line_state_timestamp_seconds',
      'When the state of the line began, in seconds since 1970.',
      perPath(({ health }) => health && health.since / 1000),
      'seconds',
    ),
    ...figureMetrics(),
    gauge('capacity_bytes_per_second', 'What the line was found to carry.', perDirection('capacity'), bytesPerSecond),
    gauge('rate_bytes_per_second', 'What the line carries.', perDirection('carries'), bytesPerSecond),
    counter('receive', 'Bytes that came in by the interface.', ofCounter('rxBytes')),
    counter('transmit', 'Bytes that left by the interface.', ofCounter('txBytes')),
    gauge(
      'quota_bytes',
      'Quota of a month.',
      ofQuota((quota) => quota.bytes),
      'bytes',
    ),
    gauge('quota_used_bytes', 'What was carried since the reset day, as last written down.', ofQuota(used), 'bytes'),
  ]
}

type Quota = NonNullable<Config['uplinks'][number]['quota']>

const bytesPerSecond = 'bytes_per_second'

/** A metric for each figure of a line. */
function figureMetrics(): readonly UplinkMetric[] {
  return Object.entries(lineFigures).map(([key, { metric }]) => {
    const { name, help, unit, per } = metric
    const figure = key as LineFigureName
    return gauge(
      name,
      help,
      perPath(({ health }) => scaled(health?.[figure], per)),
      unit,
    )
  })
}

function scaled(value: number | null | undefined, per: number): number | undefined {
  return value === null || value === undefined ? undefined : value / per
}

function gauge(name: string, help: string, of: UplinkMetric['of'], unit?: string): UplinkMetric {
  return { name: `ifbalance_uplink_${name}`, type: 'gauge', help, of, ...(unit !== undefined && { unit }) }
}

function counter(name: string, help: string, of: UplinkMetric['of']): UplinkMetric {
  return { name: `ifbalance_uplink_${name}_bytes`, type: 'counter', unit: 'bytes', help, of }
}

/** A sample for each family in which the uplink has a way out and the value is known. */
function perPath(read: (path: PathStatus) => number | undefined) {
  return (uplink: UplinkStatus): readonly Sample[] =>
    (['inet', 'inet6'] as const satisfies readonly Family[]).flatMap((family) => {
      const path = uplink[family]
      const value = path ? read(path) : undefined
      return value === undefined ? [] : [{ labels: { family }, value }]
    })
}

/** A sample for each direction of which something is known; figures are bits. */
function perDirection(name: 'capacity' | 'carries') {
  return ({ line }: UplinkStatus): readonly Sample[] =>
    (['down', 'up'] as const).flatMap((direction) => {
      const figures = line?.[direction]
      const isKnown = figures !== undefined && (name === 'carries' || figures.sure !== 'unknown')
      return isKnown ? [{ labels: { direction }, value: figures[name] / 8 }] : []
    })
}
