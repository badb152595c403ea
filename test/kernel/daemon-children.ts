/** The programs that a daemon of daemon-host.ts runs, as the kernel tells of them. */
import { readFileSync } from 'node:fs'
import { defaultTiming } from '../../src/daemon/timing.ts'
import type { Running } from './daemon-host.ts'

const childrenOf = ({ pid }: Running) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()

/** Page faults of all programs that it ran and waited for, proc_pid_stat(5): grows with every one of them. */
export function childFaults(pid: number): string {
  return (
    readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')[8] ?? ''
  )
}

/** Of the daemon's children: `ip` or `nft`, whose process monitors the kernel. */
export function monitorOf(daemon: Running, program: string): number {
  const commandLine = (child: string) => readFileSync(`/proc/${child}/cmdline`, 'utf8')
  const pid = childrenOf(daemon)
    .split(' ')
    .find((child) => new RegExp(`/${program}\0(-Numeric\0)?monitor\0`).test(commandLine(child)))
  return Number(pid ?? Number.NaN)
}

/**
 * The rounds that follow a start (its own noise, and what the monitors that listen now have heard of it) are over, and none is
 * to come. What is not urgent waits the longer the longer rounds take, and a round that is asked for does that, too.
 */
export async function settled(daemon: Running): Promise<void> {
  await still(daemon, defaultTiming.idleMs + 500)
  daemon.signal('SIGHUP')
  await still(daemon, 2000)
}

/** Nothing tells of a round that finds nothing to do, but time in which no program is run, and none is being run. */
async function still(daemon: Running, ms: number): Promise<void> {
  const look = () => `${childFaults(daemon.pid)} ${childrenOf(daemon)}`
  for (let before = ''; before !== look(); ) {
    before = look()
    await new Promise((resolve) => setTimeout(resolve, ms))
  }
}
