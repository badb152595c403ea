/** The chapter on the past: 400 days of eight lines in a file, and what it takes to ask for them. Takes two minutes. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Dated } from '../../src/model/history.ts'
import { command as runCommand } from '../lab/command.ts'
import { builtDeb } from '../lab/deb.ts'
import { median } from '../lab/measurements.ts'
import { writePast } from '../unit/past.ts'
import type { Chapter, Section } from './chapter.ts'
import { machineFacts } from './machine-facts.ts'
import { figure, table } from './table.ts'

interface Times {
  readonly ms: number
  readonly cpuMs: number
}

interface HistoryResults {
  /** The machine. */
  readonly on: string
  readonly bytes: number
  readonly rounds: number
  readonly commands: readonly (Times & { readonly command: string; readonly limitMs: number | null })[]
}

const uplinks = Array.from({ length: 8 }, (_, index) => `line${index + 1}`)
const days = 400
/** Each line is out for half an hour a week. */
const isOut = (uplink: number, secondsAgo: number) => (secondsAgo + uplink * 40_000) % (7 * 86_400) < 1800
const rounds = 15
const commands = [
  { command: 'history --since 365d', limitMs: 300 },
  { command: 'history --sla', limitMs: 300 },
  { command: 'history --since 24h', limitMs: 300 },
  { command: 'history --since 365d --json', limitMs: null },
  { command: '--version', limitMs: null },
] as const

export const history: Chapter<HistoryResults> = {
  name: 'history',
  measure: async (progress) => {
    // In memory: what a disk adds to writing is no matter here.
    const folder = mkdtempSync('/dev/shm/history-')
    const unpacked = mkdtempSync(join(tmpdir(), 'ifbalance-'))
    try {
      await runCommand(['/usr/bin/dpkg-deb', '--extract', builtDeb(), unpacked])
      const program = join(unpacked, 'usr/sbin/ifbalance')
      const path = join(folder, 'history.db')
      const now = Math.floor(Date.now() / 60_000) * 60
      progress(`${days} days of ${uplinks.length} lines`)
      await writePast(path, { uplinks, days, now, events: eventsOf(now), isOut })
      const measured = commands.map(({ command, limitMs }) => {
        progress(command)
        const all = Array.from({ length: rounds }, () => timesOf([program, ...command.split(' ')], folder))
        const [ms, cpuMs] = [median(all.map((one) => one.ms)), median(all.map((one) => one.cpuMs))]
        return { command, limitMs, ms, cpuMs }
      })
      return { on: machineFacts(), bytes: statSync(path).size, rounds, commands: measured }
    } finally {
      for (const one of [folder, unpacked]) rmSync(one, { recursive: true })
    }
  },
  section: historySection,
}

function eventsOf(now: number): readonly Dated[] {
  const changes: Dated[] = []
  for (let ago = days * 86_400; ago > 0; ago -= 60)
    for (const [index, uplink] of uplinks.entries()) {
      const [before, after] = [isOut(index, ago + 60), isOut(index, ago)]
      if (before === after) continue
      const [from, to] = after ? (['online', 'offline'] as const) : (['offline', 'online'] as const)
      changes.push({ event: 'uplink', uplink, from, to, reason: '0 of 3 targets answered', at: (now - ago) * 1000 })
    }
  return changes
}

/** With the file where the installed program looks, and no daemon. */
const script = `mkdir -p /run /var/lib/ifbalance
mount -t tmpfs t /run
mount --bind "$0" /var/lib/ifbalance
TIMEFORMAT='%R %U %S'
time "$@" >/dev/null`

function timesOf(command: readonly string[], folder: string): Times {
  const argv = ['-m', '/bin/bash', '-ec', script, folder, ...command]
  const { stderr, status } = spawnSync('/usr/bin/unshare', argv, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`measuring ${command.join(' ')}: ${stderr}`)
  const [real = Number.NaN, user = Number.NaN, system = Number.NaN] = (stderr.trim().split('\n').at(-1) ?? '')
    .split(' ')
    .map((seconds) => Number(seconds) * 1000)
  return { ms: real, cpuMs: user + system }
}

function historySection({ on, bytes, rounds: times, commands: measured }: HistoryResults): Section {
  const rows = measured.map(({ command, ms, cpuMs, limitMs }) => [
    ...[`\`ifbalance ${command}\``, figure(ms), figure(cpuMs), limitMs === null ? '-' : String(limitMs)],
  ])
  const markdown = `## What the past takes

On ${on}: \`npm run bench -- history\`. The file has ${days} days of ${uplinks.length} lines, written as the daemon writes them:
rows of minutes for 60 days, of hours for the rest, and two events a week for each line. It takes ${figure(bytes / 1e6)} MB (40 at most). Times are medians of ${times} runs of the
installed program, from its start to its end, with the file in memory, on a machine that others use,
too; the last row is what a start takes.

${table(['command', 'ms', 'processor ms', 'at most'], rows)}

A year of eight lines is 70,000 rows, and SQLite adds them up: it took 2.9 s while each was made a value of the program, whose engine has no
compiler. With \`--json\`, all rows are printed, which is 19 MB.
`
  return { markdown, plots: new Map() }
}
