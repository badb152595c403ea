/** The chapter on what two unlike lines carry together, and on the size of daemon and package. Takes three minutes. */
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { command, inNamespace, monotonicMs, start, waitForLine } from '../lab/command.ts'
import { builtDeb } from '../lab/deb.ts'
import { createLab, type Lab } from '../lab/lab.ts'
import { addresses } from '../lab/names.ts'
import { carriedBytes, shape } from '../lab/shaped-lines.ts'
import type { Chapter } from './chapter.ts'
import { equip, packages, script } from './contenders.ts'
import { machineFacts } from './machine-facts.ts'
import { type Sample, type Setup, setups, type ThroughputResults } from './throughput-results.ts'
import { throughputSection } from './throughput-section.ts'

const lines = [40, 10] as const
const plan = { host: addresses.server, port: 7002, concurrent: 64, bytes: 250_000 }
const warmUpMs = 3000
const plainNat =
  'table ip plain {\n chain out { type nat hook postrouting priority srcnat; oifname { "wan1", "wan2" } masquerade; }\n }\n'

export const throughput: Chapter<ThroughputResults> = {
  name: 'throughput',
  measure: (progress) => measureThroughput({ rounds: 3, seconds: 8 }, progress),
  section: throughputSection,
}

export interface ThroughputPlan {
  readonly rounds: number
  readonly seconds: number
}

export async function measureThroughput(
  { rounds, seconds }: ThroughputPlan,
  progress: (line: string) => void,
): Promise<ThroughputResults> {
  const lab = await createLab({ release: 'bookworm', stack: 'networkd', packages, progress })
  try {
    const { machine, network } = lab
    equip(machine, builtDeb(), lines[1] / (lines[0] + lines[1]))
    writeFileSync(`${machine.root}/srv/plain.nft`, plainNat)
    await lab.boot()
    for (const [index, isp] of network.isps.entries()) await shape(isp, lines[index] ?? 0)
    const argv = [
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      `${import.meta.dirname}/programs/download.ts`,
    ]
    const server = await start(inNamespace(network.internet, [...argv, 'serve', JSON.stringify(plan)]))
    await waitForLine(server, (line) => line === 'ready')
    await machine.exec(['/usr/bin/dpkg', '-i', script.deb])
    const since = monotonicMs()
    const samples: Sample[] = []
    for (let round = 0; round < rounds; round++) {
      for (const setup of setups) {
        await setUp(lab, setup)
        const client = JSON.stringify({ ...plan, warmUpMs, ms: seconds * 1000 })
        const loading = command(inNamespace(network.lan, [...argv, client]), { timeoutMs: 60_000 })
        await new Promise((resolve) => setTimeout(resolve, warmUpMs))
        const [begun, before] = [monotonicMs(), await carriedBytes(network.isps)]
        await new Promise((resolve) => setTimeout(resolve, seconds * 1000 - 100))
        const [after, ended] = [await carriedBytes(network.isps), monotonicMs()]
        const { bytes, failed }: { bytes: number; failed: number } = JSON.parse((await loading).stdout)
        const rate = (index: 0 | 1) => (((after[index] ?? 0) - (before[index] ?? 0)) * 8) / 1000 / (ended - begun)
        const sample: Sample = { setup, carried: [rate(0), rate(1)], payload: (bytes * 8) / 1e6 / seconds, failed }
        samples.push(sample)
        progress(JSON.stringify(sample))
      }
    }
    const memory = { ...(await memoryOf(lab)), minutes: (monotonicMs() - since) / 60_000 }
    await server.stop()
    return {
      on: machineFacts(),
      lines,
      concurrent: plan.concurrent,
      bytes: plan.bytes,
      seconds,
      samples,
      memory,
      deb: await sizes(),
    }
  } finally {
    await lab.dispose()
  }
}

async function setUp({ machine, network }: Lab, setup: Setup): Promise<void> {
  const exec = (...argv: readonly string[]) => machine.exec(argv, { accept: [0, 1, 2] })
  await exec(script.article, 'stop')
  await exec('/usr/sbin/ifbalance', 'down')
  if (setup === 'plain') await exec('/usr/sbin/nft', '-f', '/srv/plain.nft')
  else await exec('/usr/sbin/nft', 'delete', 'table', 'ip', 'plain')
  if (setup === 'article') await exec(script.article, 'start')
  if (setup === 'ifbalance' || setup === 'even') {
    const weights = setup === 'even' ? [1, 1] : [4, 1]
    const text = weights.map((weight, index) => `[uplink wan${index + 1}]\nweight = ${weight}\n`).join('')
    mkdirSync(`${machine.root}/etc/ifbalance/conf.d`, { recursive: true })
    writeFileSync(`${machine.root}/etc/ifbalance/conf.d/weights.conf`, text)
    await machine.exec(['/usr/bin/systemctl', 'reload', 'ifbalance'])
    await machine.exec(['/usr/sbin/ifbalance', 'apply'])
  }
  await command(inNamespace(network.host, ['/usr/sbin/conntrack', '-F']))
}

/** From the kernel: MiB. Shared pages count fully in RSS, and by the number of their users in PSS. */
async function memoryOf({ machine }: Lab): Promise<{ readonly rss: number; readonly pss: number }> {
  const asked = ['/usr/bin/systemctl', 'show', '--property=MainPID', '--value', 'ifbalance']
  const pid = (await machine.exec(asked)).stdout.trim()
  const { stdout } = await machine.exec(['/usr/bin/cat', `/proc/${pid}/smaps_rollup`])
  const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(stdout)?.[1]) / 1024
  return { rss: of('Rss'), pss: of('Pss') }
}

async function sizes(): Promise<ThroughputResults['deb']> {
  const { stdout } = await command(['/usr/bin/dpkg-deb', '--field', builtDeb(), 'Installed-Size'])
  return { file: statSync(builtDeb()).size / 1e6, installed: (Number(stdout) * 1024) / 1e6 }
}
