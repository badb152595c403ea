/** What commands cost on a booted Debian 12 with two uplinks: ours, the article's and Shorewall's, in rounds that take turns. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { heldDownPath } from '../../src/store/held-down.ts'
import { builtDeb } from '../lab/deb.ts'
import { createLab, type Lab } from '../lab/lab.ts'
import { median } from '../lab/measurements.ts'
import { type Contender, equip, packages, script } from './contenders.ts'
import type { CommandResult } from './control-results.ts'

interface Command {
  readonly who: Contender
  readonly what: string
  readonly argv: readonly string[]
  /** Before it, not measured. */
  readonly before?: readonly (readonly string[])[]
  /** Whether the daemon has a part in it. */
  readonly daemon?: boolean
}

const hookPath = '/etc/network/if-up.d/ifbalance'
const hookEnvironment = ['IFACE=wan2', 'LOGICAL=wan2', 'ADDRFAM=inet', 'METHOD=dhcp', 'MODE=start', 'PHASE=post-up']
const hook = ['/usr/bin/env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', ...hookEnvironment, hookPath]
const [shorewall, ifbalance, systemctl] = ['/usr/sbin/shorewall', '/usr/sbin/ifbalance', '/usr/bin/systemctl']

/** One round, in this order: each begins where the one before ended. */
const round: readonly Command[] = [
  { who: 'article', what: 'all commands', argv: [script.article, 'start'] },
  {
    who: 'shorewall',
    what: 'start, its files changed',
    argv: [shorewall, 'start'],
    before: [
      [script.article, 'stop'],
      ['/usr/bin/touch', '/etc/shorewall/params'],
    ],
  },
  { who: 'shorewall', what: 'disable wan2', argv: [shorewall, 'disable', 'wan2'] },
  { who: 'shorewall', what: 'enable wan2', argv: [shorewall, 'enable', 'wan2'] },
  { who: 'shorewall', what: 'start, as compiled before', argv: [shorewall, 'start'], before: [[shorewall, 'stop']] },
  {
    who: 'ifbalance',
    what: 'hook without daemon, everything to set up',
    argv: hook,
    before: [[shorewall, 'clear']],
  },
  { who: 'ifbalance', what: 'hook without daemon, nothing to change', argv: hook },
  {
    who: 'ifbalance',
    what: 'daemon start, everything to set up',
    argv: [systemctl, 'start', 'ifbalance'],
    before: [[ifbalance, 'down']],
    daemon: true,
  },
  { who: 'ifbalance', what: 'hook with daemon, nothing to change', argv: hook, daemon: true },
  { who: 'ifbalance', what: 'disable wan2', argv: [ifbalance, 'disable', 'wan2'], daemon: true },
  { who: 'ifbalance', what: 'enable wan2', argv: [ifbalance, 'enable', 'wan2'], daemon: true },
]

/** What `down` leaves would keep hooks from setting up anything. */
const between: readonly (readonly string[])[] = [
  [systemctl, 'stop', 'ifbalance'],
  [ifbalance, 'down'],
  ['/usr/bin/rm', heldDownPath],
]

export async function measureCommands(
  rounds: number,
  progress: (line: string) => void,
): Promise<readonly CommandResult[]> {
  const lab = await createLab({ release: 'bookworm', stack: 'networkd', packages, progress })
  try {
    equip(lab.machine, builtDeb())
    // What health probes do meanwhile is not what is measured here.
    mkdirSync(`${lab.machine.root}/etc/ifbalance/conf.d`, { recursive: true })
    writeFileSync(`${lab.machine.root}/etc/ifbalance/conf.d/quiet.conf`, '[balance]\nprobe = none\n')
    await lab.boot()
    await lab.machine.exec(['/usr/bin/dpkg', '-i', script.deb])
    for (const argv of between) await lab.machine.exec(argv)
    const measured = round.map((command) => ({ command, times: [] as number[], cpu: [] as number[] }))
    for (let number = -1; number < rounds; number++) {
      for (const { command, times, cpu } of measured) {
        for (const argv of command.before ?? []) await lab.machine.exec(argv)
        const { ms, cpuMs } = await timed(lab, command)
        // One round warms up.
        if (number < 0) continue
        times.push(ms)
        cpu.push(cpuMs)
      }
      for (const argv of between) await lab.machine.exec(argv)
    }
    const results: CommandResult[] = []
    for (const { command, times, cpu } of measured) {
      for (const argv of command.before ?? []) await lab.machine.exec(argv)
      const { who, what } = command
      const cpuMs = cpu.reduce((sum, one) => sum + one, 0) / rounds
      results.push({ who, what, rounds, ms: median(times), cpuMs, processes: await countProcesses(lab, command) })
      progress(`${who}, ${what}: ${median(times)} ms`)
    }
    return results
  } finally {
    await lab.dispose()
  }
}

/** bash's `time`: until the command ends, and the processor time of it and of what it waited for. */
const timing = 'TIMEFORMAT="%3R %3U %3S"; time "$@" >/dev/null 2>&1'

async function timed(
  { machine }: Lab,
  { argv, daemon = false }: Command,
): Promise<{ readonly ms: number; readonly cpuMs: number }> {
  const before = daemon ? await daemonCpuMs(machine) : 0
  const { stderr } = await machine.exec(['/bin/bash', '-c', timing, 'sh', ...argv])
  const [real = 0, user = 0, system = 0] = stderr.trim().split(' ').map(Number)
  const after = daemon ? await daemonCpuMs(machine) : 0
  return { ms: real * 1000, cpuMs: (user + system) * 1000 + after - before }
}

/** Of the daemon and the programs that it has run, in steps of 10 ms; 0 where there is none. */
async function daemonCpuMs(machine: Lab['machine']): Promise<number> {
  const pid = await daemonPid(machine)
  if (pid === '0') return 0
  const { stdout } = await machine.exec(['/usr/bin/cat', `/proc/${pid}/stat`])
  const fields = stdout.split(') ')[1]?.split(' ').slice(11, 15) ?? []
  return fields.reduce((sum, ticks) => sum + Number(ticks) * 10, 0)
}

async function daemonPid(machine: Lab['machine']): Promise<string> {
  return (await machine.exec([systemctl, 'show', '--property=MainPID', '--value', 'ifbalance'])).stdout.trim()
}

const trace = ['/usr/bin/strace', '-f', '-q', '-e', 'trace=fork,vfork,clone,clone3', '-o'] as const

/** By strace(1), the command's own process included. */
async function countProcesses({ machine }: Lab, { argv, what, daemon = false }: Command): Promise<number> {
  const pid = daemon ? await daemonPid(machine) : '0'
  if (daemon && pid === '0') return await countAtStart(machine, what)
  const watching = daemon ? await machine.start([...trace, '/run/daemon.trace', '-p', pid]) : null
  while (watching && !(await isTraced(machine, pid))) await new Promise((resolve) => setTimeout(resolve, 20))
  await machine.exec([...trace, '/run/command.trace', ...argv])
  if (watching) {
    await machine.exec(['/usr/bin/pkill', '-INT', '-f', '^/usr/bin/strace .*/run/daemon.trace'])
    await watching.ended
  }
  const own = await started(machine, '/run/command.trace')
  return 1 + own + (watching ? await started(machine, '/run/daemon.trace') : 0)
}

/** The daemon, started by hand to be watched; then as it is meant. */
async function countAtStart(machine: Lab['machine'], what: string): Promise<number> {
  const running = await machine.start([...trace, '/run/daemon.trace', ifbalance, 'daemon'])
  const deadline = Date.now() + 20_000
  const isSetUp = async () =>
    (await machine.exec(['/usr/sbin/ip', 'route', 'show', 'table', '30098'], { accept: [0, 2] })).stdout.includes(
      'wan2',
    )
  while (!(await isSetUp())) {
    if (Date.now() > deadline) throw new Error(`counting processes of ${what}: nothing was set up: ${running.stderr()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  // It reads once more to verify.
  await new Promise((resolve) => setTimeout(resolve, 1000))
  const count = await started(machine, '/run/daemon.trace')
  await machine.exec(['/usr/bin/pkill', '-TERM', '-f', '^/usr/sbin/ifbalance daemon$'])
  await running.ended
  await machine.exec([systemctl, 'start', 'ifbalance'])
  return 1 + count
}

async function isTraced(machine: Lab['machine'], pid: string): Promise<boolean> {
  const { stdout } = await machine.exec(['/usr/bin/cat', `/proc/${pid}/status`])
  return !/^TracerPid:\s+0$/m.test(stdout)
}

async function started(machine: Lab['machine'], file: string): Promise<number> {
  const { stdout } = await machine.exec(['/usr/bin/cat', file])
  const isStart = (line: string) => /^\d+\s+(v?fork|clone3?)\(/.test(line) && !/CLONE_THREAD| = -1 /.test(line)
  return stdout.split('\n').filter(isStart).length
}
