/** Shaped lines of the lab with real TCP, and who shares new connections out over them: a minute of it. Root. */
import { type HealthLab, healthLab } from '../kernel/health-lab.ts'
import { after } from '../kernel/transcript.ts'
import { command, inNamespace, ipBatch, nftIn, programArgv, start, waitForLine } from '../lab/command.ts'
import { type Clients, type Lines, load, serveTransfers, shapeLines } from '../lab/loaded-lines.ts'
import { carriedBytes } from '../lab/shaped-lines.ts'
import { rulesetOf } from './rulesets.ts'
import type { Case } from './weights-cases.ts'
import type { Weighting, WeightsSample } from './weights-results.ts'

/** One of those that are asked by default. */
const target = '1.1.1.1'
const delayMs = 150
/** How long the daemon hears a target that is honest before it is none. */
const honestMs = 8000

/** One load, in a lab of its own: others' rules cannot be taken back. */
export async function measureWeights(one: Case, weighting: Weighting, clients: Clients): Promise<WeightsSample> {
  const { lines, spans, begun } = one
  const lab = await healthLab({ uplinks: lines.down.length })
  try {
    await shapeLines(lab.network, lines)
    const server = await serveTransfers(lab.network, clients.bytes, lines.way)
    lab.undo.defer('the server of transfers', () => server.stop())
    await rested(lab, lines.way)
    await begin(lab, one, weighting)
    if (one.target) {
      await new Promise((resolve) => setTimeout(resolve, honestMs))
      await (one.target === 'silent' ? silence(lab) : delay(lab))
    }
    const { shares, times, begun: beginnings } = await load(lab.network, lines, clients, spans)
    const [from, to] = begun ?? [0, Number.POSITIVE_INFINITY]
    const sorted = times
      .filter((_, i) => (beginnings[i] ?? 0) >= 1000 * from && (beginnings[i] ?? 0) < 1000 * to)
      .toSorted((one, other) => one - other)
    return {
      ...{ lines: one.name, weighting, shares: [shares[0] ?? Number.NaN, shares[1] ?? Number.NaN] },
      mean: sorted.reduce((sum, time) => sum + time, 0) / sorted.length,
      p95: sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN,
      changes: lab.told(after({ kind: 'weights' })).length,
    }
  } finally {
    await lab.dispose()
  }
}

async function begin(lab: HealthLab, { lines, byHand, isAlone }: Case, weighting: Weighting): Promise<void> {
  if (weighting === 'article' || weighting === 'mwan3' || weighting === 'shorewall') return loadShape(lab, weighting)
  const fixed = weighting === 'by itself' ? [] : weighting === 'even' ? lines.down.map(() => 1) : byHand
  const targets = isAlone ? `[balance]\nprobe-targets = ${target}\n` : ''
  await lab.configure(targets + fixed.map((weight, i) => `[uplink wan${i + 1}]\nweight = ${weight}\n`).join(''))
  await lab.startDaemon()
}

async function silence({ network: { isps } }: HealthLab): Promise<void> {
  const drop = `chain forward { type filter hook forward priority -300; ip daddr ${target} drop; }`
  await nftIn(isps[1].namespace, `table inet fault { ${drop}\n }\n`)
}

async function delay({ network: { internet, isps }, undo }: HealthLab): Promise<void> {
  const device = `isp${isps[1].number}`
  const drop = `chain input { type filter hook input priority 0; iif ${device} ip daddr ${target} icmp type echo-request drop; }`
  await nftIn(internet, `table inet fault { ${drop}\n }\n`)
  const [program = ''] = programArgv('delaying-target', []).slice(2)
  const script = program.replace(/\.ts$/, '.py')
  const argv = ['/usr/bin/python3', script, device, target, String(delayMs)]
  const delaying = await start(inNamespace(internet, argv))
  undo.defer('the target that delays', () => delaying.stop())
  await waitForLine(delaying, (line) => line === 'ready')
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
