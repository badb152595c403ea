/**
 * Two lines of the lab with real TCP, and who shares new connections out over them: with equal weights, as others do by default, with
 * weights that a good administrator would have set by hand, and as we find them out. Root; 64 clients of 250 kB each.
 */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { bundleSources } from '../../esbuild.bundle.ts'
import { type HealthLab, healthLab } from '../kernel/health-lab.ts'
import { after } from '../kernel/transcript.ts'
import { command, inNamespace, ipBatch, nftIn } from '../lab/command.ts'
import { type Lines, load, serveTransfers, shapeLines } from '../lab/loaded-lines.ts'
import { bundle } from '../lab/program.ts'
import { carriedBytes } from '../lab/shaped-lines.ts'
import type { Chapter } from './chapter.ts'
import { machineFacts } from './machine-facts.ts'
import { rulesetOf } from './rulesets.ts'
import { type Weighting, type WeightsResults, type WeightsSample, weightings } from './weights-results.ts'
import { weightsSection } from './weights-section.ts'

const clients = { concurrent: 64, bytes: 250_000 }
const spans = [
  [5, 30],
  [30, 60],
] as const
const rounds = Number(process.env['IFBALANCE_ROUNDS'] ?? 5)

export const weights: Chapter<WeightsResults> = {
  name: 'weights',
  section: weightsSection,
  measure: async (progress) => {
    await prepare()
    const samples: WeightsSample[] = []
    for (let round = 0; round < rounds; round++)
      for (const { name } of cases)
        for (const weighting of weightings) {
          const sample = await measureOne(name, weighting)
          progress(JSON.stringify(sample))
          samples.push(sample)
        }
    return { on: machineFacts(), ...clients, samples }
  },
}

interface Case {
  readonly name: string
  readonly lines: Lines
  readonly byHand: readonly [number, number]
  /** What probes ask, and nobody answers by the second line from the beginning of the load on. */
  readonly silent?: string
}

const cases: readonly Case[] = [
  { name: '40/10', lines: { down: [40, 10], up: [40, 10], way: 'down' }, byHand: [4, 1] },
  { name: '100/20', lines: { down: [100, 20], up: [5, 20], way: 'down' }, byHand: [5, 1] },
  { name: '5/20, uploads', lines: { down: [100, 20], up: [5, 20], way: 'up' }, byHand: [1, 4] },
  { name: '20/20', lines: { down: [20, 20], up: [20, 20], way: 'down' }, byHand: [1, 1] },
  {
    name: '20/20, a target of the second falls silent',
    lines: { down: [20, 20], up: [20, 20], way: 'down' },
    byHand: [1, 1],
    silent: '1.1.1.1',
  },
]

async function prepare(): Promise<void> {
  mkdirSync(dirname(bundle), { recursive: true })
  await bundleSources(bundle)
}

/** One minute of load, in a lab of its own: others' rules cannot be taken back. */
async function measureOne(name: string, weighting: Weighting): Promise<WeightsSample> {
  const found = cases.find((one) => one.name === name)
  if (!found) throw new Error(`no lines are called ${name}`)
  const { lines, byHand, silent } = found
  const lab = await healthLab()
  try {
    await shapeLines(lab.network, lines)
    const server = await serveTransfers(lab.network, clients.bytes, lines.way)
    lab.undo.defer('the server of transfers', () => server.stop())
    await rested(lab, lines.way)
    await begin(lab, weighting, byHand)
    if (silent !== undefined) await silence(lab, silent)
    const { shares, times } = await load(lab.network, lines, clients, spans)
    const sorted = times.toSorted((one, other) => one - other)
    return {
      ...{ lines: name, weighting, shares: [shares[0] ?? Number.NaN, shares[1] ?? Number.NaN] },
      mean: sorted.reduce((sum, time) => sum + time, 0) / sorted.length,
      p95: sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN,
      changes: lab.told(after({ kind: 'weights' })).length,
    }
  } finally {
    await lab.dispose()
  }
}

async function begin(lab: HealthLab, weighting: Weighting, byHand: readonly [number, number]): Promise<void> {
  if (weighting === 'article' || weighting === 'mwan3' || weighting === 'shorewall') return loadShape(lab, weighting)
  const fixed = weighting === 'by itself' ? [] : weighting === 'even' ? [1, 1] : byHand
  await lab.configure(fixed.map((weight, i) => `[uplink wan${i + 1}]\nweight = ${weight}\n`).join(''))
  await lab.startDaemon()
}

async function silence({ network: { isps } }: HealthLab, target: string): Promise<void> {
  const drop = `chain forward { type filter hook forward priority -300; ip daddr ${target} drop; }`
  await nftIn(isps[1].namespace, `table inet fault { ${drop}\n }\n`)
}

async function loadShape({ network: { host } }: HealthLab, name: 'article' | 'mwan3' | 'shorewall'): Promise<void> {
  const { sysctls = [], ip = [], nft = '', iptables = '' } = rulesetOf(name, 'inet', 2) ?? {}
  for (const sysctl of sysctls) await command(inNamespace(host, ['/usr/sbin/sysctl', '-qw', sysctl]))
  // Shorewall asks `main` first, and has taken all defaults out of it.
  const defaults = [1, 2].map((i) => `route del default via 10.${i}.0.1 dev wan${i}`)
  await ipBatch(host, [...(name === 'shorewall' ? defaults : []), ...ip])
  if (nft !== '') await nftIn(host, nft)
  const withoutSets = iptables
    .split('\n')
    .filter((line) => !line.includes('--match-set'))
    .join('\n')
  await command(inNamespace(host, ['/usr/sbin/iptables-restore']), { input: withoutSets })
}

/** A line that is never seen at rest has no round trip at rest. */
async function rested({ network }: HealthLab, way: Lines['way']): Promise<void> {
  for (;;) {
    const before = await carriedBytes(network.isps, way)
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const now = await carriedBytes(network.isps, way)
    if (now.every((bytes, i) => bytes - (before[i] ?? 0) < 5000)) return
  }
}
