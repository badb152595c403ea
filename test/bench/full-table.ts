/**
 * `npm run full-table` prints what other people's routes and containers cost: a daemon in
 * namespaces, with as many routes of a routing daemon in `main` as an argument says. Root.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { bundleSources } from '../../esbuild.bundle.ts'
import { settled } from '../kernel/daemon-children.ts'
import { type Running, startHost } from '../kernel/daemon-host.ts'
import { makeProviders, setCarrier } from '../kernel/providers.ts'
import { bundle } from '../lab/program.ts'
import { table } from './table.ts'

const counts = process.argv.slice(2).map(Number)
const patienceMs = 600_000

/** Seconds on a processor, its children's included: utime to cstime of proc_pid_stat(5), in hundredths (CLK_TCK). */
function spent({ pid }: Running): number {
  const words = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return words.slice(11, 15).reduce((sum, word) => sum + Number(word), 0) / 100
}

async function shareOf(daemon: Running, during: Promise<unknown>): Promise<string> {
  const [from, began] = [spent(daemon), performance.now()]
  await during
  return `${((100 * (spent(daemon) - from)) / ((performance.now() - began) / 1000)).toFixed(1)} %`
}

function batch(verb: string, count: number): string {
  const lines = Array.from({ length: count }, (_, i) => {
    const network = `${20 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.0`
    return `route ${verb} ${network}/32 via 192.168.77.10 proto 12\n`
  })
  return lines.join('')
}

async function measure(count: number): Promise<readonly string[]> {
  const host = await startHost()
  try {
    await makeProviders(host)
    const change = (verb: string, some: number) =>
      host.run(['ip', '-batch', '-'], {}, { input: batch(verb, some), timeoutMs: patienceMs })
    await change('add', count)
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
      for (let i = 0; i < 100; i++) await Promise.all([change(i % 2 ? 'add' : 'del', 20), pause(200)])
    }
    const changes = await shareOf(daemon, changing())
    const starting = async () => {
      const script = (i: number) =>
        `ip link add veth${i} type veth peer name peer${i}; ip link set peer${i} up; ip link set veth${i} up; sleep 1; ip link del veth${i}`
      const started: Promise<unknown>[] = []
      for (let i = 0; i < 400; i++) {
        started.push(host.run(['sh', '-c', script(i)]))
        await pause(50)
      }
      await Promise.all(started)
    }
    const containers = await shareOf(daemon, starting())
    const figures = [`${round.toFixed(2)} s`, `${failover.toFixed(0)} ms`, rest, changes, containers]
    return [String(count), ...figures]
  } finally {
    await host.end()
  }
}

mkdirSync(dirname(bundle), { recursive: true })
await bundleSources(bundle)
const rows: (readonly string[])[] = []
for (const count of counts) rows.push(await measure(count))
const columns = ['a round, processor', 'lost carrier', 'at rest', '100 changes a second', '20 containers a second']
console.log(table(['routes in main', ...columns], rows))
