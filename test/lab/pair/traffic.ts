/** Fifty connections of four kinds through a pair of routers, and new ones. */
import { inNamespace, programArgv, type Running, start, waitForLine } from '../command.ts'
import type { Disposer } from '../disposer.ts'
import { addresses, ports } from '../names.ts'
import { stream } from '../traffic.ts'
import type { PairNetwork } from './network.ts'

const servingPort = 7002

export interface KindReport {
  readonly kind: 'download' | 'echo' | 'idle' | 'in'
  readonly count: number
  readonly broken: number
  readonly silenceMs: number
  readonly errors: readonly string[]
}

export interface Traffic {
  /** What became of the connections since the last report; may take ten seconds. */
  readonly report: () => Promise<readonly KindReport[]>
  readonly stop: () => Promise<void>
}

/** Starts what answers: a server of the internet, and one in the LAN to which the routers' port 8080 leads. */
export async function serveTraffic(undo: Disposer, network: PairNetwork): Promise<void> {
  const servers = [
    [network.internet, 'internet', []],
    [network.internet, 'mixed', ['serve', String(servingPort)]],
    [network.lan, 'mixed', ['serve', String(ports.inbound)]],
  ] as const
  for (const [namespace, name, args] of servers) {
    const server = await start(inNamespace(namespace, programArgv(name, args)))
    undo.defer(name, () => server.stop())
    await waitForLine(server, (line) => line === 'ready')
  }
}

/**
 * 20 echo, 15 downloads and 5 idle connections from the LAN, and 10 from the internet, half of them by each provider, to the
 * addresses that move (IPv4, IPv6), where any do; about half of each by IPv6.
 */
export async function openTraffic(
  undo: Disposer,
  network: PairNetwork,
  inward: readonly (readonly string[])[],
): Promise<Traffic> {
  const out = [
    { host: addresses.server, counts: { download: 8, echo: 10, idle: 2 } },
    { host: addresses.server6, counts: { download: 7, echo: 10, idle: 3 } },
  ]
  const into = [
    ...(inward[0] ?? []).map((host) => ({ host, counts: { download: 2, echo: 1 } })),
    ...(inward[1] ?? []).map((host) => ({ host, counts: { download: 1, echo: 1 } })),
  ]
  const plansOf = (to: typeof out | typeof into, port: number) =>
    to.flatMap(({ host, counts }) => Object.entries(counts).map(([kind, count]) => ({ kind, count, host, port })))
  const own = await hold(network.lan, plansOf(out, servingPort))
  const others = await hold(network.internet, plansOf(into, ports.inbound))
  const stop = async () => {
    for (const one of [own, others]) await one.running.stop()
  }
  undo.defer('connections', stop)
  return {
    stop,
    report: async () => {
      const [outgoing, incoming] = await Promise.all([own.report(), others.report()])
      const sum = (of: (report: KindReport) => number) => incoming.reduce((total, report) => total + of(report), 0)
      const all: KindReport = {
        ...{ kind: 'in', count: sum(({ count }) => count), broken: sum(({ broken }) => broken) },
        silenceMs: Math.max(0, ...incoming.map(({ silenceMs }) => silenceMs)),
        errors: [...new Set(incoming.flatMap(({ errors }) => errors))],
      }
      return into.length > 0 ? [...outgoing, all] : outgoing
    },
  }
}

async function hold(namespace: string, plans: readonly unknown[]) {
  const running = await start(inNamespace(namespace, programArgv('mixed', ['open', JSON.stringify(plans)])))
  await waitForLine(running, (line) => line === 'open')
  return { running, report: () => ask(running) }
}

async function ask(running: Running): Promise<readonly KindReport[]> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let isNew = false
  running.onLine((line) => {
    if (isNew) resolve(line)
  })
  isNew = true
  void running.ended.then(() => reject(new Error(`connections ended: ${running.stderr()}`)))
  process.kill(running.child.pid ?? 0, 'SIGUSR2')
  return JSON.parse(await promise)
}

/** New connections from the LAN, twenty a second, half of them by IPv6, until `report` says how many failed and for how long. */
export async function openNew(network: PairNetwork) {
  const everyMs = 100
  const streams = await Promise.all(
    [addresses.server, addresses.server6].map((host) => stream(network.lan, everyMs, { host, timeoutMs: 900 })),
  )
  return {
    /** `failingMs`: from the first one of a family that failed to the last, with the pause to the next. */
    report: async () => {
      const all = await Promise.all(streams.map((attempts) => attempts.stop()))
      const failed = all.map((attempts) => attempts.filter((one) => 'error' in one).map(({ at }) => at))
      return {
        tried: all.flat().length,
        failed: failed.flat().length,
        failingMs: Math.max(
          ...failed.map((times) => (times.length === 0 ? 0 : Math.max(...times) - Math.min(...times) + everyMs)),
        ),
      }
    },
  }
}
