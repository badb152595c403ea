/**
 * Failover with a crowded connection table: crowded.js CONNECTIONS... runs a round for each count, in the emulated machine,
 * and prints a JSON array of rounds: see Crowded.
 */
import { writeFileSync } from 'node:fs'
import { blackhole, mend } from '../../kernel/health-lab.ts'
import { health, restart, untilCarriers, untilJudged } from '../../kernel/health-states.ts'
import { command, inNamespace, monotonicMs } from '../../lab/command.ts'
import { type Attempt, countByPeer, msUntilAllGood, stream } from '../../lab/traffic.ts'
import { packagedLab } from '../packaged-lab.ts'
import { projectFolder } from '../paths.ts'
import type { Crowded } from '../seen.ts'

const lab = await packagedLab()
try {
  const { host, lan } = lab.network
  // What an administrator of a gateway with so many connections has set.
  writeFileSync('/proc/sys/net/netfilter/nf_conntrack_max', '2000000')
  writeFileSync('/sys/module/nf_conntrack/parameters/hashsize', '262144')
  const count = async () => Number((await command(inNamespace(host, ['/usr/sbin/conntrack', '-C']))).stdout)
  const fill = async (connections: number) => {
    for (const uplink of [1, 2]) {
      const script = `${projectFolder}/test/emulated/programs/fill-conntrack.py`
      const numbers = [connections / 2, (0x40 + uplink) << 24, (uplink - 1) * 100].map(String)
      await command(inNamespace(host, ['/usr/bin/python3', script, ...numbers]), { timeoutMs: 600_000 })
    }
  }
  const rounds: Crowded[] = []
  for (const connections of process.argv.slice(2).map(Number)) {
    // Before the daemon starts: what a busy processor does to its probes would count as slow lines.
    if ((await count()) < connections * 0.9) await fill(connections)
    if ((await count()) < connections * 0.9) throw new Error(`filling the table: it has ${await count()}`)
    await restart(lab)
    await untilJudged(lab)
    await untilCarriers(lab, ['wan1', 'wan2'])
    const flow = await stream(lan, 50)
    // Both uplinks carry some.
    await flow.until((_, all) => all.length > 40)
    const cut = monotonicMs()
    await blackhole(lab.network, 2)
    const cutAt = Date.now()
    await new Promise((resolve) => setTimeout(resolve, 3000))
    const { state, since } = JSON.parse(await health(lab)).health.wan2.inet
    if (state !== 'offline') throw new Error(`wan2 is ${state}`)
    const end = monotonicMs()
    const all = await flow.stop()
    const peers = new Set(Object.keys(countByPeer(all.filter(({ at }) => at < cut))))
    if (peers.size < 2) throw new Error(`before the cut, all took one way: ${[...peers].join()}`)
    const isGood = (attempt: Attempt) => 'peer' in attempt
    const good = msUntilAllGood(
      all.filter(({ at }) => at < end),
      cut,
      isGood,
    )
    rounds.push({ good, verdict: since - cutAt })
    await mend(lab.network, 2)
  }
  process.stdout.write(`${JSON.stringify(rounds)}\n`)
} finally {
  await lab.dispose()
}
process.exit(0)
