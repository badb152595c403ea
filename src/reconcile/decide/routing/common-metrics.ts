/** The metrics of a route over several uplinks. Pure. */
import type { RouteMetrics } from '../../../model/kernel.ts'

/**
 * Metrics of the whole route, as its nexthops have them in common: the smallest MTU and segment, so that no packet is
 * too large for its way, and of the rest what all agree about. A way's own `mtu`, that of its interface, counts where
 * its metrics have none.
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
