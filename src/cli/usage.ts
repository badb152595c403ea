/** What `ifbalance --help` prints. */
import { paths } from '../layout.ts'
import type { Command } from './command.ts'

/** The whole help: people's commands, those of units and hooks, options, exit codes and files. */
export function usage(commands: Readonly<Record<string, Command>>): string {
  const [people, machines] = [false, true].map((forMachines) =>
    Object.entries(commands)
      .filter(([, command]) => (command.forMachines ?? false) === forMachines)
      .map(([name, command]) => entry(name, command))
      .join('\n'),
  )
  return `Usage: ifbalance COMMAND [OPTION]

Balances this host's connections over its internet uplinks. It does so by itself;
these commands are for looking at it and for stepping in.

Commands:
${people}

${machines}

Options:
  -h, --help        print this text
  -V, --version     print the version

Exit codes:
  0  all well
  1  a problem: something could not be read or done, or there are errors in the
     configuration; then the last one without is in force
  2  called in a way that is not described here, or with an uplink that there is not
"exec" has those of the command, and as env(1) 125 for its own problems, 126 and 127.

Files:
  ${paths.config}
  ${paths.configDropIns}/*.conf

Colour is used on a terminal only, and not where NO_COLOR is set.
See ifbalance(8), ifbalance.conf(5) and org.ifbalance1(5).
`
}

const indent = 20

/**
 * A command's entry: `  NAME WORDS        summary`, where the summary begins on a text line of its own behind long
 * words.
 */
function entry(name: string, command: Command): string {
  const call = `  ${name} ${command.usage}`.trimEnd()
  const lines = wrapped(summaryOf(command)).map((line) => ' '.repeat(indent) + line)
  return call.length > indent - 2 ? [call, ...lines].join('\n') : lines.join('\n').replace(/^ +/, call.padEnd(indent))
}

/** The summary, with the options that `usage` leaves out. */
function summaryOf({ usage, summary, options }: Command): string {
  const others = Object.keys(options)
    .map((name) => `--${name}`)
    .filter((option) => !usage.split(/[\s[\]]+/).includes(option))
  return others.length > 0 ? `${summary}; also ${others.join(', ')}` : summary
}

/** The text broken into lines of 67 characters at most, which makes 87 with the indent. */
function wrapped(text: string): readonly string[] {
  return [...text.matchAll(/(.{1,67})(?: |$)/g)].map(([, line = '']) => line)
}
