/**
 * A daemon at rest on two uplinks with both families, whose lines it probes, in a lab of this process: prints what it spends in
 * so many seconds, and what it has of memory then. Called with the program in one file, and the seconds.
 */
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { healthLab } from '../../kernel/health-lab.ts'
import type { Idle } from '../idle.ts'

const [file = '', seconds = ''] = process.argv.slice(2)
const settleMs = 60_000

const program = [process.execPath, '--jitless', '--optimize-for-size', file]
const lab = await healthLab({ ipv6: true, program })
try {
  const { pid } = await lab.start([...program, 'daemon'])
  await setTimeout(settleMs)
  const [before, began] = [spentMs(pid), performance.now()]
  await setTimeout(Number(seconds) * 1000)
  const cpuMs = spentMs(pid) - before
  const idle: Idle = { cpuMs, wallMs: performance.now() - began, rssBytes: rssBytes(pid) }
  process.stdout.write(`${JSON.stringify(idle)}\n`)
} finally {
  await lab.dispose()
}

/** On processors, of all threads that there were: proc_pid_stat(5) counts in hundredths of a second. */
function spentMs(pid: number): number {
  const [, fields = ''] = /\) (.*)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
  const [user = 0, system = 0] = fields.split(' ').slice(11, 13).map(Number)
  return (user + system) * 10
}

function rssBytes(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib) * 1024
}
