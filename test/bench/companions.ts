/**
 * The chapter on what the processes beside the daemon cost at rest: who tells of outages, and who answers Prometheus. The package as it
 * is installed, in a booted Debian. Takes six minutes.
 */
import { copyFileSync, mkdirSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { builtDeb } from '../lab/deb.ts'
import { createLab, type Lab } from '../lab/lab.ts'
import type { Chapter, Section } from './chapter.ts'
import type { Idle } from './idle.ts'
import { machineFacts } from './machine-facts.ts'
import { table } from './table.ts'

interface CompanionsResults {
  /** The machine. */
  readonly on: string
  readonly seconds: number
  readonly notify: Idle
  /** After a question. */
  readonly exporter: Idle
  /** Asked each fifteen seconds. */
  readonly asked: Idle
}

const settleSeconds = 30
const seconds = 120
const askedEverySeconds = 15
const url = 'http://127.0.0.1:20998/metrics'

export const companions: Chapter<CompanionsResults> = {
  name: 'companions',
  measure: async (progress) => {
    const lab = await createLab({ release: 'trixie', stack: 'networkd', packages: ['curl'], progress })
    try {
      mkdirSync(`${lab.machine.root}/srv`, { recursive: true })
      copyFileSync(builtDeb(), `${lab.machine.root}/srv/now.deb`)
      await lab.boot()
      const run = (...argv: readonly string[]) => lab.machine.exec(argv)
      await run('/usr/bin/dpkg', '-i', '/srv/now.deb')
      const input = '[notify]\ncommand = /usr/bin/true\n'
      await lab.machine.exec(['/usr/bin/tee', '/etc/ifbalance/conf.d/50-notify.conf'], { input })
      await run('/usr/bin/systemctl', 'reload', 'ifbalance')
      await run('/usr/bin/systemctl', 'enable', '--now', 'ifbalance-exporter.socket')
      const ask = () => run('/usr/bin/curl', '--silent', '--fail', '--output', '/dev/null', url)
      await ask()
      progress(`both at rest, for ${settleSeconds} and then ${seconds} s`)
      await setTimeout(settleSeconds * 1000)
      const [notify, exporter] = await Promise.all([
        measureUnit(lab, 'ifbalance-notify', () => setTimeout(seconds * 1000)),
        measureUnit(lab, 'ifbalance-exporter', () => setTimeout(seconds * 1000)),
      ])
      progress(`the exporter, asked each ${askedEverySeconds} s`)
      const asked = await measureUnit(lab, 'ifbalance-exporter', async () => {
        for (let i = 0; i < seconds / askedEverySeconds; i++) {
          await ask()
          await setTimeout(askedEverySeconds * 1000)
        }
      })
      return { on: machineFacts(), seconds, notify, exporter, asked }
    } finally {
      await lab.dispose()
    }
  },
  section: companionsSection,
}

/** Of all processes of the unit, also those that have ended: systemd counts by its control group. */
async function measureUnit({ machine }: Lab, unit: string, rest: () => Promise<unknown>): Promise<Idle> {
  const shown = async (property: string) =>
    (await machine.exec(['/usr/bin/systemctl', 'show', '-P', property, unit])).stdout.trim()
  const spentMs = async () => Number(await shown('CPUUsageNSec')) / 1e6
  const [before, began] = [await spentMs(), performance.now()]
  await rest()
  const [cpuMs, wallMs] = [(await spentMs()) - before, performance.now() - began]
  const { stdout } = await machine.exec(['/usr/bin/cat', `/proc/${await shown('MainPID')}/status`])
  const [, kib] = /^VmRSS:\s+(\d+)/m.exec(stdout) ?? []
  return { cpuMs, wallMs, rssBytes: Number(kib) * 1024 }
}

function companionsSection({ on, seconds: time, notify, exporter, asked }: CompanionsResults): Section {
  const row = (what: string, { cpuMs, wallMs, rssBytes }: Idle) => [
    what,
    ((cpuMs / wallMs) * 100).toFixed(3),
    (rssBytes / 2 ** 20).toFixed(1),
  ]
  const rows = [
    row('`ifbalance-notify.service`, while `[notify]` names someone', notify),
    row('`ifbalance-exporter.service`, for five minutes after a question', exporter),
    row(`\`ifbalance-exporter.service\`, asked each ${askedEverySeconds} s`, asked),
  ]
  const markdown = `## What runs beside the daemon at rest

On ${on}: \`npm run bench -- companions\`. The package as it is installed, in a booted Debian 13 with two uplinks, for ${time} s each. Without
\`[notify]\`, and while nobody asks, neither process is there. Of the memory, what belongs to the executable is shared with the daemon.

${table(['', '% of a core', 'MiB resident'], rows)}
`
  return { markdown, plots: new Map() }
}
