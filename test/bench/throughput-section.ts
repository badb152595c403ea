/** What two lines carry together as a section of docs/benchmarks.md. Pure. */
import { median } from '../lab/measurements.ts'
import type { Section } from './chapter.ts'
import { barChart } from './plot.ts'
import { figure, table } from './table.ts'
import { type Sample, type Setup, setups, type ThroughputResults } from './throughput-results.ts'

/** Measured by hand, with Node.js' runtime as it is in package-lock.json. */
const size = `
Of the executable's 110 MB, 43 are machine code, 33 the data of ICU for all languages, 22 other constants (V8's builtins, Node.js' own
JavaScript), 4.7 tables for unwinding and 3.4 exported names (\`readelf -S\`, \`nm -S\` of Node.js 24.21); its symbols, 17 MB, are stripped. All
that is one link of nodejs.org's, so there is no fifth to take away afterwards: without ICU's data, 30 %, it would have to be built from
its sources (\`--with-intl=none\`), which was not tried. A compressed executable would be unpacked into memory of each process's own.

Of the resident memory, 38 of 62.7 MiB are pages of the executable, which are read from the disk again when the kernel needs their
place, and 21.1 MiB are the daemon's own (two uplinks at rest, 25 s after its start; smaps). V8's options have little left to take:
62.4 MiB with \`--single-threaded\`, 62.6 with \`--max-semi-space-size=1\`, and 62.2 with both and no threads of V8's pool.
`

const titles: Readonly<Record<Setup, string>> = {
  plain: 'one uplink',
  article: 'the article, 4:1',
  ifbalance: 'ifbalance, weights 4:1',
  even: 'ifbalance, weights 1:1',
}

export function throughputSection(results: ThroughputResults): Section {
  const { on, lines, concurrent, bytes, seconds, samples, memory, deb } = results
  const sum = lines[0] + lines[1]
  const carried = (setup: Setup, of: (sample: Sample) => number) =>
    median(samples.filter((sample) => sample.setup === setup).map(of))
  const rows = setups.map((setup) => {
    const [one, two] = [carried(setup, (sample) => sample.carried[0]), carried(setup, (sample) => sample.carried[1])]
    const payload = carried(setup, (sample) => sample.payload)
    const failed = samples.filter((sample) => sample.setup === setup).reduce((all, sample) => all + sample.failed, 0)
    const total = carried(setup, (sample) => sample.carried[0] + sample.carried[1])
    const worst = Math.min(
      ...samples.filter((sample) => sample.setup === setup).map((sample) => sample.carried[0] + sample.carried[1]),
    )
    const share = (value: number) => `${((100 * value) / sum).toFixed(1)} %`
    return [
      titles[setup],
      one.toFixed(1),
      two.toFixed(1),
      share(total),
      share(worst),
      payload.toFixed(1),
      String(failed),
    ]
  })
  const plot = barChart(
    `Carried by lines of ${lines.join(' and ')} Mbit/s (Mbit/s, median)`,
    ['first', 'second'],
    setups.map((setup) => ({
      label: titles[setup],
      values: ([0, 1] as const).map((index) => Math.round(carried(setup, (sample) => sample.carried[index]) * 10) / 10),
    })),
  )
  const markdown = `## What two lines carry together

On ${on}: a booted Debian 12 with two uplinks of ${lines.join(' and ')} Mbit/s (tbf at the providers, a queue of 50 ms, both ways), and a computer in
its LAN that keeps ${concurrent} downloads of ${figure(bytes / 1000)} kB going, each a connection of its own; ${samples.length / setups.length} times ${seconds} s for each row, taking
turns. What the lines carried is counted by tbf, with all headers (payload is at most 1448 of 1514 bytes); it should be 95 % of
their sum for weights that fit. Connections are spread by weight and not by load, so weights that do not fit leave the
quicker line idle at times.

${table(
  [
    'set-up',
    'first line, Mbit/s',
    'second line, Mbit/s',
    'of the sum, median',
    'of the sum, worst',
    'payload, Mbit/s',
    'failed',
  ],
  rows,
)}

![Carried by the lines](benchmarks/throughput.svg)

## Size

The daemon's memory ${figure(memory.minutes)} minutes after its installation, after all of the above: ${figure(memory.rss)} MiB resident (PSS ${figure(memory.pss)}
MiB), Node.js' runtime included. The article and Shorewall have no daemon. The package is a file of ${figure(deb.file)} MB, and takes
${figure(deb.installed)} MB installed.
${size}`
  return { markdown, plots: new Map([['throughput.svg', plot]]) }
}
