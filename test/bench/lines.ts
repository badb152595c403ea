/**
 * `npm run lines` prints the table of docs/lines.md: simulated lines and loads with equal weights, with those that a good
 * administrator would have set by hand, and with ours. `npm run lines -- WORDS` prints the cases that have these in their name.
 */
import { byCapacity, fixed } from '../lab/lines/balancers.ts'
import { type Case, cases } from '../lab/lines/cases.ts'
import { figuresOf, type Summary, summaryOf } from '../lab/lines/figures.ts'
import { type Balancer, simulate } from '../lab/lines/world.ts'
import { table } from './table.ts'

const seeds = [1, 2, 3, 4, 5]
const words = process.argv.slice(2).join(' ')

function summary(one: Case, balancer: () => Balancer): Summary {
  return summaryOf(seeds.map((seed) => figuresOf(simulate(one, balancer(), { seed }), one.ways)))
}

function share({ median, worst }: Summary): string {
  const of = (key: 'first' | 'after') => `${median[key].toFixed(0)} (${worst[key].toFixed(0)})`
  return `${of('first')} / ${of('after')}`
}

function times({ median: { mean, p95 } }: Summary): string {
  return mean === 0 ? '-' : `${mean.toFixed(2)} / ${p95.toFixed(2)}`
}

function row(one: Case): readonly string[] {
  const equal = summary(one, () => fixed(null))
  const byHand = summary(one, () => fixed(one.ideal))
  const ours = summary(one, () => byCapacity(one.lines.length))
  const changes = `${ours.median.changes.toFixed(0)} (${ours.worst.mostChanges})`
  return [one.name, share(equal), share(byHand), share(ours), times(equal), times(byHand), times(ours), changes]
}

const head = [
  'lines and load',
  '1:1, %',
  'by hand, %',
  'by itself, %',
  '1:1, s',
  'by hand, s',
  'by itself, s',
  'changes',
]
const rows = cases.filter(({ name }) => name.includes(words)).map(row)
process.stdout.write(`${table(head, rows)}\n`)
