/**
 * The chapter on what other people's routes, interfaces and containers cost: a daemon in namespaces, whose `main` has routes of
 * a routing daemon. Takes twenty minutes.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { bundleSources } from '../../esbuild.bundle.ts'
import { settled } from '../kernel/daemon-children.ts'
import { type Running, startHost } from '../kernel/daemon-host.ts'
import { makeProviders, setCarrier } from '../kernel/providers.ts'
import { bundle } from '../lab/program.ts'
import type { Chapter, Section } from './chapter.ts'
import { machineFacts } from './machine-facts.ts'
import { table } from './table.ts'

const cases = [
  { routes: 100, interfaces: 0 },
  { routes: 100_000, interfaces: 0 },
  { routes: 1_000_000, interfaces: 0 },
  { routes: 100, interfaces: 1000 },
] as const

interface Cost {
  readonly routes: number
  readonly interfaces: number
  readonly roundSeconds: number
  readonly failoverMs: number
  readonly restShare: number
  readonly changesShare: number
  readonly containersShare: number
  readonly peakMiB: number
}

interface FullTable {
  /** The machine. */
  readonly on: string
  readonly costs: readonly Cost[]
}

export const fullTable: Chapter<FullTable> = {
  name: 'full-table',
  measure: async (progress) => {
    mkdirSync(dirname(bundle), { recursive: true })
    await bundleSources(bundle)
    const costs: Cost[] = []
    for (const some of cases) {
      costs.push(await measure(some))
      progress(JSON.stringify(costs.at(-1)))
    }
    return { on: machineFacts(), costs }
  },
  section: fullTableSection,
}

const patienceMs = 600_000

/** Seconds on a processor, its children's included: utime to cstime of proc_pid_stat(5), in hundredths (CLK_TCK). */
function spent({ pid }: Running): number {
  const words = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return words.slice(11, 15).reduce((sum, word) => sum + Number(word), 0) / 100
}

/** Per cent of a core. */
async function shareOf(daemon: Running, during: Promise<unknown>): Promise<number> {
  const [from, began] = [spent(daemon), performance.now()]
  await during
  return (100 * (spent(daemon) - from)) / ((performance.now() - began) / 1000)
}

function batch(verb: string, count: number): string {
  const lines = Array.from({ length: count }, (_, i) => {
    const network = `${20 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.0`
    return `route ${verb} ${network}/32 via 192.168.77.10 proto 12\n`
  })
  return lines.join('')
}

/** MiB, at most so far. */
function peakOf({ pid }: Running): number {
  return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

/** Ends of containers' cables on the host, with an address each. */
function cables(count: number): string {
  const lines = Array.from({ length: count }, (_, i) => [
    `link add many${i} type veth peer name inner${i}`,
    `link set inner${i} up`,
    `link set many${i} up`,
    `address add 172.${20 + (i >> 8)}.${i & 255}.1/24 dev many${i}`,
  ])
  return `${lines.flat().join('\n')}\n`
}

async function measure({ routes, interfaces }: (typeof cases)[number]): Promise<Cost> {
  const host = await startHost()
  try {
    await makeProviders(host)
    // As the package's program has them; see esbuild.config.ts.
    await host.run(['sed', '-i', 's|^exec "[^"]*"|& --jitless --optimize-for-size|', '/usr/sbin/ifbalance'])
    await host.run(['ip', '-batch', '-'], {}, { input: cables(interfaces / 2), timeoutMs: patienceMs })
    const change = (verb: string, some: number) =>
      host.run(['ip', '-batch', '-'], {}, { input: batch(verb, some), timeoutMs: patienceMs })
    await change('add', routes)
    const daemon = host.daemon()
    let seen = await daemon.balances(['wan1', 'wan2'], 0, patienceMs)
    await settled(daemon)
    const from = spent(daemon)
    await host.ifbalance(['apply'])
    const round = spent(daemon) - from
    const cut = performance.now()
    await setCarrier(host, 'isp2', 'down')
    seen = await daemon.balances(['wan1'], seen, patienceMs)
    const failover = performance.now() - cut
    await setCarrier(host, 'isp2', 'up')
    await daemon.balances(['wan1', 'wan2'], seen, patienceMs)
    await settled(daemon)
    const rest = await shareOf(daemon, pause(120_000))
    const changing = async () => {
      for (let i = 0; i < 300; i++) await Promise.all([change(i % 2 ? 'add' : 'del', 20), pause(200)])
    }
    const changes = await shareOf(daemon, changing())
    const starting = async () => {
      const script = (i: number) =>
        `ip link add veth${i} type veth peer name peer${i}; ip link set peer${i} up; ip link set veth${i} up; sleep 1; ip link del veth${i}`
      const started: Promise<unknown>[] = []
      for (let i = 0; i < 1200; i++) {
        started.push(host.run(['sh', '-c', script(i)]))
        await pause(50)
      }
      await Promise.all(started)
    }
    const containers = await shareOf(daemon, starting())
    return {
      ...{ routes, interfaces, roundSeconds: round, failoverMs: failover, restShare: rest },
      ...{ changesShare: changes, containersShare: containers, peakMiB: peakOf(daemon) },
    }
  } finally {
    await host.end()
  }
}

function fullTableSection({ on, costs }: FullTable): Section {
  const rows = costs.map((cost) => [
    cost.routes.toLocaleString('en'),
    cost.interfaces.toLocaleString('en'),
    `${cost.restShare.toFixed(1)} %`,
    `${cost.roundSeconds.toFixed(2)} s`,
    `${(cost.failoverMs / 1000).toFixed(1)} s`,
    `${cost.changesShare.toFixed(1)} %`,
    `${cost.containersShare.toFixed(1)} %`,
    `${cost.peakMiB.toFixed(0)} MiB`,
  ])
  const columns = [
    'at rest',
    'a round, processor',
    'lost carrier, told',
    '100 changes/s',
    '20 containers/s',
    'peak RSS',
  ]
  const limits = ['at most', '', '2 %', '1 s', '1.0 s', '5 %', '5 %', '100 MiB']
  return {
    markdown: `## What other people's routes cost

On ${on}, in network namespaces: \`npm run bench -- full-table\`. A routing daemon has so many routes in \`main\`, and changes a hundred a second; containers
come and go, a veth pair each. Shares of a core and processor time are those of the daemon and of the programs that it runs. The time of a lost
carrier is until all is done and told, and grows with what else the machine does; the kernel leaves the uplink out at once.

${table(['routes in main', 'more interfaces', ...columns], [...rows, limits])}

With more than 10,000 routes a round does not list those of routing daemons, but has the kernel walk them: 0.11 s of a million for each protocol
that is none of theirs, and 0.45 s for all default routes, whoever made them, which the kernel can only tell in full. So the daemon keeps
what it read of others' until the kernel tells of a change: a round after a dead line or a wish asks for one protocol.
A lost carrier is such a change, and has everything read anew: of a million routes that took 6.6 to 10 s until all was told at load 10 to 20, and
takes less than a second since what has died is told before the world is looked at.

What others change is looked at after three seconds, or after forty times as long as a round takes: so it stays
below a twentieth of a core in all rows. With 1,000 more interfaces it took a tenth of one while that was thirty times, seen in twenty seconds on a machine that did nothing
else; these shares are those of a minute.
`,
    plots: new Map(),
  }
}
