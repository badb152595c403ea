/** How long a reconcile takes with few and with many uplinks, in rounds that take turns: see programs/reconcile.ts. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { median } from '../lab/measurements.ts'
import { type Amount, amounts, type ReconcileResult, type Run } from './control-results.ts'

const script = fileURLToPath(new URL('programs/reconcile.ts', import.meta.url))
const prepare = 'mount -t tmpfs t /run && mount -t sysfs s /sys && ip link set lo up && exec "$@"'

interface Host {
  readonly uplinks: number
  readonly reconcile: (amount: Amount) => Promise<Run>
  readonly end: () => Promise<void>
}

/** The first rounds are the engine's own warming up: a daemon has them behind it. */
const warmUp = 5

/** Throws where a reconcile leaves anything undone. */
export async function measureReconcile(sizes: readonly number[], rounds: number): Promise<readonly ReconcileResult[]> {
  const hosts: Host[] = []
  try {
    for (const uplinks of sizes) hosts.push(await startHost(uplinks))
    const kinds = hosts.flatMap((host) => amounts.map((amount) => ({ host, amount, runs: [] as Run[] })))
    for (let round = -warmUp; round < rounds; round++) {
      for (const { host, amount, runs } of kinds) {
        const run = await host.reconcile(amount)
        if (run.left > 0) throw new Error(`reconciling ${host.uplinks} uplinks, ${amount}: ${run.left} steps are left`)
        if (run.changes > 0 !== (amount !== 'nothing'))
          throw new Error(`reconciling ${host.uplinks} uplinks, ${amount}: ${run.changes} changes`)
        if (round >= 0) runs.push(run)
      }
    }
    return kinds.map(({ host, amount, runs }) => ({
      uplinks: host.uplinks,
      amount,
      rounds,
      ms: median(runs.map(({ ms }) => ms)),
      cpuMs: runs.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / runs.length,
      programs: median(runs.map(({ programs }) => programs)),
      changes: median(runs.map(({ changes }) => changes)),
    }))
  } finally {
    await Promise.all(hosts.map((host) => host.end()))
  }
}

async function startHost(uplinks: number): Promise<Host> {
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', script, String(uplinks)]
  const child = spawn('/usr/bin/unshare', ['-n', '-m', '/bin/sh', '-c', prepare, 'sh', ...node], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`reconciling ${uplinks} uplinks: the host ended`)
    return value
  }
  await next()
  return {
    uplinks,
    reconcile: async (amount) => {
      child.stdin.write(`${amount}\n`)
      return JSON.parse(await next())
    },
    end: async () => {
      child.stdin.end()
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}
