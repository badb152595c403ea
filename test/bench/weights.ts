/**
 * `node test/bench/weights.ts` prints the table of docs/lines.md: two lines of the lab with real TCP, with equal weights, with those that
 * a good administrator would have set by hand, and with ours, which knows nothing beforehand. Root; 64 clients of 250 kB each.
 */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { bundleSources } from '../../esbuild.bundle.ts'
import { healthLab } from '../kernel/health-lab.ts'
import { after } from '../kernel/transcript.ts'
import { type Lines, load, serveTransfers, shapeLines } from '../lab/loaded-lines.ts'
import { bundle } from '../lab/program.ts'
import { carriedBytes } from '../lab/shaped-lines.ts'
import { table } from './table.ts'

const clients = { concurrent: 64, bytes: 250_000 }
const spans = [
  [5, 30],
  [30, 60],
] as const

interface Case {
  readonly name: string
  readonly lines: Lines
  readonly byHand: readonly [number, number]
}

const cases: readonly Case[] = [
  { name: '40/10', lines: { down: [40, 10], up: [40, 10], way: 'down' }, byHand: [4, 1] },
  { name: '100/20', lines: { down: [100, 20], up: [5, 20], way: 'down' }, byHand: [5, 1] },
  { name: '100/20, uploads (5/20)', lines: { down: [100, 20], up: [5, 20], way: 'up' }, byHand: [1, 4] },
  { name: '20/20', lines: { down: [20, 20], up: [20, 20], way: 'down' }, byHand: [1, 1] },
]

/** What was sent to be carried goes on after its sender: a line that is never seen at rest has no round trip at rest. */
async function rested(way: Lines['way']): Promise<void> {
  for (;;) {
    const before = await carriedBytes(lab.network.isps, way)
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const after = await carriedBytes(lab.network.isps, way)
    if (after.every((bytes, i) => bytes - (before[i] ?? 0) < 5000)) return
  }
}

mkdirSync(dirname(bundle), { recursive: true })
await bundleSources(bundle)
const words = process.argv.slice(2).join(' ')
const lab = await healthLab()
try {
  const rows: string[][] = []
  for (const { name, lines, byHand } of cases.filter((one) => one.name.includes(words))) {
    await shapeLines(lab.network, lines)
    const server = await serveTransfers(lab.network, clients.bytes, lines.way)
    const all: { shares: string; times: string; changes: number }[] = []
    for (const weights of [[1, 1] as const, byHand, null]) {
      const text = (weights ?? []).map((weight, i) => `[uplink wan${i + 1}]\nweight = ${weight}\n`).join('')
      await lab.configure(text)
      await lab.exec(['/bin/rm', '-f', '/var/lib/ifbalance/lines.json', '/run/ifbalance/weights.json'])
      await rested(lines.way)
      await lab.startDaemon()
      const { shares, times } = await load(lab.network, lines, clients, spans)
      const changes = lab.told(after({ kind: 'weights' })).length
      if (weights === null) process.stderr.write(`${await lab.ifbalance(['status'])}\n`)
      await lab.stopDaemon()
      const sorted = times.toSorted((one, other) => one - other)
      const mean = sorted.reduce((sum, time) => sum + time, 0) / sorted.length
      const p95 = sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN
      all.push({
        shares: shares.map((share) => (100 * share).toFixed(0)).join(' / '),
        times: `${(mean / 1000).toFixed(2)} / ${(p95 / 1000).toFixed(2)}`,
        changes,
      })
      process.stderr.write(`${name} ${JSON.stringify(all.at(-1))}\n`)
    }
    await server.stop()
    rows.push([name, ...all.map(({ shares }) => shares), ...all.map(({ times }) => times), String(all.at(-1)?.changes)])
  }
  const titles = ['1:1, %', 'by hand, %', 'by itself, %', '1:1, s', 'by hand, s', 'by itself, s', 'changes']
  process.stdout.write(`${table(['lines', ...titles], rows)}\n`)
} finally {
  await lab.dispose()
}
