/** What a route says of connections besides where they go, as iproute2 6.1 and 6.15 print it and take it. Pure. */
import type { RouteMetrics } from '../../model/kernel.ts'

/** Numbers, by the same name in its JSON and its commands. */
const numbersOf = [
  ...[
    'mtu',
    'window',
    'rtt',
    'rttvar',
    'ssthresh',
    'advmss',
    'reordering',
    'hoplimit',
    'initcwnd',
    'rto_min',
    'initrwnd',
  ],
  ...['quickack', 'fastopen_no_cookie'],
]

/** Printed in milliseconds, and without a unit taken for the kernel's own, which are eighths. */
const inMilliseconds = ['rtt', 'rttvar', 'rto_min']

/** Of what `ip -json route` has as `metrics`; undefined where there is nothing that we know. */
export function readMetrics(printed: Readonly<Record<string, unknown>>): RouteMetrics | undefined {
  const numbers = numbersOf.flatMap((name): readonly (readonly [string, number])[] => {
    const value = printed[name]
    return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? [[name, value]] : []
  })
  const { congestion } = printed
  const found: RouteMetrics = {
    ...Object.fromEntries(numbers),
    ...('ecn' in printed && { features: 'ecn' }),
    // Goes into a command: as the kernel's own algorithms are called.
    ...(typeof congestion === 'string' && /^[a-z][a-z0-9_]{0,14}$/.test(congestion) && { congctl: congestion }),
  }
  return Object.keys(found).length > 0 ? found : undefined
}

export function metricWords(metrics: RouteMetrics): readonly string[] {
  return Object.entries(metrics).flatMap(([name, value]) => [
    name,
    `${value}${inMilliseconds.includes(name) ? 'ms' : ''}`,
  ])
}

/**
 * Nexthops of one route have their metrics in common: the smallest MTU and segment, so that no packet is too large for the way
 * that it takes, and of the rest what all agree about. `mtu` is that of the interface where the metrics have none.
 */
export function commonMetrics(
  ways: readonly { readonly metrics?: RouteMetrics; readonly mtu: number }[],
): RouteMetrics | undefined {
  const all = ways.map(({ metrics = {} }) => metrics)
  const smallest = (values: readonly number[]) => (values.length > 0 ? Math.min(...values) : undefined)
  const mtu = all.some((metrics) => 'mtu' in metrics)
    ? smallest(ways.map((way) => Number(way.metrics?.['mtu'] ?? way.mtu)))
    : undefined
  const advmss = smallest(all.flatMap((metrics) => ('advmss' in metrics ? [Number(metrics['advmss'])] : [])))
  const [first = {}, ...others] = all
  const agreed = Object.entries(first).filter(
    ([name, value]) => !['mtu', 'advmss'].includes(name) && others.every((metrics) => metrics[name] === value),
  )
  const common: RouteMetrics = {
    ...(mtu !== undefined && { mtu }),
    ...(advmss !== undefined && { advmss }),
    ...Object.fromEntries(agreed),
  }
  return Object.keys(common).length > 0 ? common : undefined
}
