/** `ifbalance exporter`: the metrics for whoever asks by HTTP. Started by ifbalance-exporter.socket, as a user without rights. */
import { currentMetrics } from '../cli/current-metrics.ts'
import { servePage } from '../os/http.ts'
import { inheritedSockets } from '../os/inherited-sockets.ts'
import { log } from '../os/log.ts'
import { shared } from '../values/shared.ts'

/** A look at the host runs a dozen programs, so there is one a second at most, whoever asks. */
const freshMs = 1000

/** Without a question for so long, it ends, and systemd starts it again for the next one. */
const idleMs = 300_000

const page = {
  path: '/metrics',
  type: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  text: shared(() => currentMetrics('openmetrics'), freshMs),
}

/** Answers until SIGTERM or SIGINT, or until nobody asks any more. */
export async function run(): Promise<number> {
  const sockets = inheritedSockets()
  if (sockets.length === 0) {
    log.error('exporter: no socket was handed over; it is started by ifbalance-exporter.socket')
    return 1
  }
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end())
  const servers = await Promise.all(sockets.map((fd) => servePage({ fd }, page)))
  const isIdle = (since: number | null) => since !== null && performance.now() - since > idleMs
  const look = setInterval(() => servers.every(({ idleSince }) => isIdle(idleSince())) && end(), idleMs / 10)
  await ended
  clearInterval(look)
  for (const { close } of servers) close()
  return 0
}
