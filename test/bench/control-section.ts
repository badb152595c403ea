/** Costs of the control path as a section of docs/benchmarks.md. Pure. */
import type { Section } from './chapter.ts'
import {
  type Amount,
  amounts,
  type CommandResult,
  type ControlResults,
  type ReconcileResult,
} from './control-results.ts'
import { barChart } from './plot.ts'
import { figure, table } from './table.ts'

const titles: Readonly<Record<Amount, string>> = {
  nothing: 'nothing to change',
  one: 'one uplink has another gateway',
  all: 'everything to set up',
}

const names: Readonly<Record<CommandResult['who'], string>> = {
  article: 'the article',
  shorewall: 'Shorewall',
  ifbalance: 'ifbalance',
}

export function controlSection({ on, reconcile, commands }: ControlResults): Section {
  const plot = barChart(
    'Processor time of a command, two uplinks (ms)',
    ['ms'],
    commands.map(({ who, what, cpuMs }) => ({ label: `${names[who]}: ${what}`, values: [Math.round(cpuMs)] })),
  )
  return { markdown: markdown(on, reconcile, commands), plots: new Map([['commands.svg', plot]]) }
}

function markdown(on: string, reconcile: readonly ReconcileResult[], commands: readonly CommandResult[]): string {
  return `## What a change costs

On ${on}. Times are medians; processor times are means, and tell more where a machine has other work: they count the program, the
programs that it runs, and our daemon where it has a part. Kinds of runs take turns, so that all share the machine's moods.

### One reconcile, in a process that goes on, as the daemon does

Each uplink has an IPv4 and an IPv6 address and gateway; ${reconcile[0]?.rounds ?? 0} rounds in network namespaces.

${table(
  ['uplinks', 'to change', 'ms', 'processor ms', 'programs run', 'changes made'],
  reconcile.map(({ uplinks, amount, ms, cpuMs, programs, changes }) => [
    String(uplinks),
    titles[amount],
    figure(ms),
    figure(cpuMs),
    figure(programs),
    figure(changes),
  ]),
)}

63 uplinks against 2: ${amounts.map((amount) => `${titles[amount]} ${growth(reconcile, amount)}`).join(', ')} (with nothing
to change, it should be 3 times at most).

### Commands

On a booted Debian 12 with two uplinks from systemd-networkd, no health probes, ${commands[0]?.rounds ?? 0} rounds. The article's commands are
a shell script; Shorewall is Debian's own package, 5.2.8, with \`track,balance\` providers and the two-interface policies. It
compiles its files when they have changed. A hook is the script in /etc/network/if-up.d as ifup runs it. Processes are
counted by strace in a run of their own.

${table(
  ['who', 'what', 'ms', 'processor ms', 'processes'],
  commands.map(({ who, what, ms, cpuMs, processes }) => [
    names[who],
    what,
    figure(ms),
    figure(cpuMs),
    figure(processes),
  ]),
)}

![Processor time of commands](benchmarks/commands.svg)
`
}

/** Time and processor time with the most uplinks, as multiples of those with the fewest. */
function growth(reconcile: readonly ReconcileResult[], amount: Amount): string {
  const same = reconcile.filter((result) => result.amount === amount)
  const [few, many] = [same[0], same.at(-1)]
  if (!few || !many) return '-'
  return `${(many.ms / few.ms).toFixed(1)} times the time, ${(many.cpuMs / few.cpuMs).toFixed(1)} times the processor time`
}
