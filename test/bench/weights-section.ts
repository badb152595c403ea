/** What unlike lines carry together where nobody says anything, as a section of docs/benchmarks.md. Pure. */
import { median } from '../lab/measurements.ts'
import type { Section } from './chapter.ts'
import { figure, table } from './table.ts'
import { type Weighting, type WeightsResults, type WeightsSample, weightings } from './weights-results.ts'

const titles: Readonly<Record<Weighting, string>> = {
  even: 'ifbalance, weights 1:1',
  article: "the article's, 1:1",
  mwan3: "mwan3's shape, 1:1",
  shorewall: "Shorewall's shape, 1:1",
  'by itself': 'ifbalance, no configuration',
  'by hand': 'ifbalance, the best fixed weights',
}

export function weightsSection({ on, concurrent, bytes, atOnce = 1, samples }: WeightsResults): Section {
  const rows = [...new Set(samples.map(({ lines }) => lines))].flatMap((lines) =>
    weightings.flatMap((weighting) => {
      const own = samples.filter((sample) => sample.lines === lines && sample.weighting === weighting)
      return own.length === 0 ? [] : [[lines, titles[weighting], ...cellsOf(own)]]
    }),
  )
  const head = [
    'lines, Mbit/s',
    'who shares out',
    'first half minute',
    'then',
    'mean of a transfer, s',
    '95th percentile, s',
  ]
  const markdown = `## What unlike lines carry together where nobody says anything

On ${on}, in network namespaces: lines (tbf at the providers, a queue of 50 ms, each way), and a computer in the host's LAN that
keeps ${concurrent} transfers of ${figure(bytes / 1000)} kB going for a minute or longer, each a connection of its own. Nothing is known of the lines beforehand,
and they are at rest when the daemon starts. Of the sum of all lines, what was carried from the fifth second to the 30th, and from then on to
the end; how long transfers took that ended then.${atOnce > 1 ? ` Up to ${atOnce} such labs ran at the same time, each case's together, so all were measured beside the same load.` : ''} The best fixed weights are those for what the lines are for
longest, or after the fall. Medians, the worst in parentheses. Who shares out 1:1 does so by default; the article, mwan3
and Shorewall can be given other weights by hand, which were not measured here. mwan3's sets of addresses are left out, as no packet of
these is in one.

${table([...head, 'changes', 'runs'], rows)}
`
  return { markdown, plots: new Map() }
}

function cellsOf(samples: readonly WeightsSample[]): readonly string[] {
  const one = (
    of: (sample: WeightsSample) => number,
    worstOf: (...values: number[]) => number,
    write: (value: number) => string,
  ) => {
    const values = samples.map(of)
    return values.length === 1 ? write(values[0] ?? 0) : `${write(median(values))} (${write(worstOf(...values))})`
  }
  const percent = (value: number) => `${Math.round(100 * value)} %`
  const seconds = (ms: number) => (ms / 1000).toFixed(2)
  return [
    one(({ shares }) => shares[0], Math.min, percent),
    one(({ shares }) => shares[1], Math.min, percent),
    one(({ mean }) => mean, Math.max, seconds),
    one(({ p95 }) => p95, Math.max, seconds),
    one(({ changes }) => changes, Math.max, String),
    String(samples.length),
  ]
}
