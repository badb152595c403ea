/** Names of the host itself with systemd-resolved, while the line dies whose name servers it asks. */
import { copyFileSync, mkdirSync } from 'node:fs'
import { basename } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inNamespace, monotonicMs, nftIn, programArgv, start, waitForLine } from '../lab/command.ts'
import { builtDeb } from '../lab/deb.ts'
import { type Disposer, disposer } from '../lab/disposer.ts'
import { createLab, type Lab } from '../lab/lab.ts'
import { record } from '../lab/measurements.ts'
import { monitorRoutes } from '../lab/monitor.ts'
import { serveNames } from '../lab/name-server.ts'
import { addresses } from '../lab/names.ts'
import { longPatienceMs, patienceMs } from '../lab/patience.ts'
import { lacksLab } from './needs.ts'

const skip = await lacksLab()

/** Of each question. */
const timeoutMs = 5000

interface Asked {
  readonly at: number
  readonly took: number
  readonly answer: string
}

/**
 * resolved believes only when all of its servers say so that a name is not there: it is absent names that hang. Its questions
 * to the dead line end with the connections there, and whether it then says "not there" or "try again" depends on which of
 * its links it happens to have in front. Programs that use the C library ask again by themselves.
 */
const names = [
  { domain: 'names.test', answer: addresses.server as string, interrupted: addresses.server as string },
  { domain: 'absent.test', answer: 'ENOTFOUND', interrupted: 'ESERVFAIL' },
]

const dead = `table inet fault {
  chain forward { type filter hook forward priority -300; drop; }
  chain input { type filter hook input priority -300; udp dport 53 drop; tcp dport 53 drop; }
}
`

describe.skipIf(skip).each(['bookworm', 'trixie'] as const)('%s', (release) => {
  let lab: Lab
  let undo: Disposer

  beforeAll(async () => {
    const deb = builtDeb()
    undo = disposer()
    const progress = (line: string) => void process.stdout.write(`  ${line}\n`)
    lab = await createLab({ release, stack: 'networkd', packages: ['systemd-resolved'], progress })
    for (const { namespace, number } of lab.network.isps) await serveNames(undo, namespace, [`10.${number}.0.254`])
    mkdirSync(`${lab.machine.root}/srv`, { recursive: true })
    copyFileSync(deb, `${lab.machine.root}/srv/${basename(deb)}`)
    await lab.boot()
    await lab.machine.exec(['/usr/bin/dpkg', '-i', `/srv/${basename(deb)}`])
  })
  afterAll(async () => {
    await undo?.dispose()
    await lab?.dispose()
  })

  async function ask(
    domain: string,
  ): Promise<{ readonly asked: readonly Asked[]; readonly stop: () => Promise<void> }> {
    const plan = JSON.stringify({ server: '127.0.0.53', domain, everyMs: 50, timeoutMs })
    const running = await start(inNamespace(lab.network.host, programArgv('resolve', [plan])))
    const asked: Asked[] = []
    running.onLine((line) => asked.push(JSON.parse(line)))
    await waitForLine(running, (line) => line !== '')
    return { asked, stop: () => running.stop() }
  }

  test.each(names)(
    'after a silent blackhole, $domain is answered by resolved',
    async ({ domain, answer, interrupted }) => {
      const { isps, host } = lab.network
      await lab.machine.exec(['/usr/bin/resolvectl', 'flush-caches'])
      const monitor = await monitorRoutes(host)
      const { asked, stop } = await ask(domain)
      try {
        const cut = monotonicMs()
        await nftIn(isps[1].namespace, dead)
        const failover = await monitor.seen(
          (line) => /^default via 10\.1\.0\.1 dev wan1 table 30098 /.test(line),
          'wan2 out of the balance',
        )
        // What was asked before has an answer by then, or has given up.
        const until = failover + timeoutMs + 500
        await expect.poll(() => asked.some(({ at, took }) => at + took > until), { timeout: patienceMs }).toBe(true)
        // Whoever asks what is being asked already waits for the same answer, until another name server stands in for the dead one.
        const over = Math.max(...asked.filter(({ at }) => at > cut && at < failover).map(({ at, took }) => at + took))
        const during = asked.filter(({ at }) => at > cut && at < over)
        const later = asked.filter(({ at }) => at > over)
        expect(later).not.toEqual([])
        expect(later.filter((one) => one.answer !== answer)).toEqual([])
        expect(during.filter((one) => one.answer !== answer && one.answer !== interrupted)).toEqual([])
        const value =
          Math.max(...during.map(({ at, took }) => at + took - failover), ...later.map(({ took }) => took)) / 1000
        const name = `failover -> ${domain} answered by systemd-resolved, the slowest question`
        record({ name, value, unit: 's', limit: 2, release, stack: 'networkd' })
        const { stdout } = await lab.machine.exec(['/usr/sbin/ifbalance', 'status'])
        expect(stdout).toContain('Name server 10.2.0.254 is dead: 10.1.0.254 answers in its place.')
        expect((await lab.machine.exec(['/usr/sbin/ifbalance', 'plan'])).stdout).toContain('Nothing to change')
      } finally {
        await stop()
        await nftIn(isps[1].namespace, 'delete table inet fault\n')
        await monitor.stop()
      }
      const back = await monitorRoutes(host)
      await back.seen((line) => /nexthop .* wan2 /.test(line), 'wan2 in the balance again', longPatienceMs)
      await back.stop()
    },
  )
})
