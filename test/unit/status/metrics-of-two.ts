/** What metrics are made of, on a host with two uplinks. */
import { metricsOf, type Seen } from '../../../src/status/metrics.ts'
import type { UplinkStatus } from '../../../src/status/status.ts'
import { configOf } from '../../config-of.ts'
import { healthOf } from '../builders.ts'

const lte: UplinkStatus = {
  ...{
    name: 'lte',
    number: 2,
    interface: 'wwan0',
    state: 'degraded',
    weight: 3,
    metric: 10,
    standby: true,
    metered: true,
  },
  inet: {
    ...{ gateway: null, addresses: ['198.51.100.7'], mtu: 1500, share: 0.25 },
    health: { ...healthOf('online', true), latencyMs: 14, jitterMs: 2, loss: 0.1, since: 1_790_000_000_500 },
  },
  inet6: null,
  line: {
    down: { carries: 800, capacity: 8000, sure: 'known' },
    up: { carries: 80, capacity: 0, sure: 'unknown' },
  },
}

const dsl: UplinkStatus = {
  ...{ name: 'dsl', number: 1, interface: 'ppp0', state: 'absent', since: 1_790_000_000_000, weight: 3, metric: 10 },
  ...{ inet: null, inet6: null },
}

export const seen: Seen = {
  status: {
    ...{ format: 1, mode: 'connection', daemon: true, heldDown: false, pending: 2, warnings: ['one'] },
    uplinks: [lte, dsl],
    rules: [{ name: 'telephones', connections: 42 }],
  },
  config: configOf('[uplink lte]\ninterface = wwan0\nquota = 20G\n'),
  errors: [],
  observed: { quotas: { today: '2026-11-23', used: { lte: { periods: { '2026-11-01': 5e9 } } } } },
  counters: new Map([['wwan0', { rxBytes: 700, rxPackets: 7, rxMulticast: 0, txBytes: 90, txPackets: 1 }]]),
}

/** Metrics with at least one sample of each. */
export const allMetrics = metricsOf({
  ...seen,
  status: { ...seen.status, pair: { role: 'active', why: 'x', usable: 2 } },
})
