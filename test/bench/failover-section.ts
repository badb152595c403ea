/** Failover as a section of docs/benchmarks.md. Pure. */
import { median } from '../lab/measurements.ts'
import type { Section } from './chapter.ts'
import { type FailoverResults, type Fault, type FaultResult, faults } from './failover-results.ts'
import { barChart } from './plot.ts'
import { figure, table } from './table.ts'

const titles: Readonly<Record<Fault, string>> = {
  carrier: 'carrier lost',
  blackhole: 'line dead, link up',
  lease: 'new gateway with the lease',
  upgrade: 'upgrade',
}

const contenders = ['ifbalance', 'shorewall', 'article'] as const
const names = { ifbalance: 'ifbalance', shorewall: 'Shorewall with lsm', article: 'the article' } as const

export function failoverSection({ on, results }: FailoverResults): Section {
  const groups = faults
    .filter((fault) => fault !== 'upgrade')
    .map((fault) => ({
      label: titles[fault],
      values: contenders.map((who) => {
        const result = results.find((one) => one.who === who && one.fault === fault)
        const times = result?.rounds.map(({ goodMs }) => goodMs ?? result.boundMs) ?? []
        return times.length > 0 ? Math.round(median(times)) : null
      }),
    }))
  const plot = barChart(
    'Until new connections are good (ms, median; never: as long as was watched)',
    contenders,
    groups,
  )
  return { markdown: markdown(on, results), plots: new Map([['failover.svg', plot]]) }
}

function markdown(on: string, results: readonly FaultResult[]): string {
  const rows = faults.flatMap((fault) =>
    contenders.flatMap((who) => {
      const result = results.find((one) => one.who === who && one.fault === fault)
      return result ? [rowOf(result)] : []
    }),
  )
  return `## What a failure costs

On ${on}: a booted Debian 12 with two DHCP uplinks from systemd-networkd, set up by each contender; the second uplink fails,
${results[0]?.rounds.length ?? 0} times for each row. Meanwhile the LAN behind it opens a connection every 10 ms and has eight UDP flows of 50
packets a second. The time is from the fault until every new connection is good; packets lost are those of one flow that was
on the uplink: median and worst. Flows on the other uplink should lose none. "Never" means not while it was watched.
"Back" is from the repair until a new connection takes the uplink again, with the DHCP client's own time after a lost carrier.

- carrier lost: the provider's end of the cable goes down. networkd takes away the address, and the kernel the routes.
- line dead, link up: the provider forwards nothing more. lsm, as its documentation sets it up for Shorewall, sends a ping a
  second and has Shorewall \`disable\` the uplink after seven; it wants a hundred good ones to enable it again. Its flows move
  then, after as many lost packets as the table says, while some new connections still fail at the end of the 20 seconds. The
  article only looks at the carrier.
- new gateway with the lease: the provider's gateway has moved, and the client renews at this moment. The article's and
  Shorewall's gateways are written in their files.
- upgrade: \`dpkg -i\` of another version of ifbalance; for Shorewall \`shorewall reload\`, which makes a new version of it work.

Shorewall's machine has \`fib_multipath_hash_policy\` 1, which Shorewall does not set: two hosts would have one uplink only.

${table(['fault', 'who', 'ms, median', 'ms, worst', 'packets lost, median', 'worst', 'lost on the other uplink', 'back, ms, median'], rows)}

![Until new connections are good](benchmarks/failover.svg)
`
}

function rowOf({ who, fault, boundMs, rounds }: FaultResult): readonly string[] {
  const never = `never (${figure(boundMs / 1000)} s)`
  const orNever = (value: number) => (Number.isFinite(value) ? figure(value) : never)
  const times = rounds.map(({ goodMs }) => goodMs ?? Number.POSITIVE_INFINITY)
  const backs = rounds.map(({ backMs }) => backMs ?? Number.POSITIVE_INFINITY)
  const lost = rounds.flatMap((round) => round.lost)
  const elsewhere = rounds.reduce((sum, { lostElsewhere }) => sum + lostElsewhere, 0)
  const hasBack = fault === 'carrier' || fault === 'blackhole'
  return [
    titles[fault],
    names[who],
    orNever(median(times)),
    orNever(Math.max(...times)),
    figure(median(lost)),
    figure(Math.max(...lost)),
    figure(elsewhere),
    hasBack ? (Number.isFinite(median(backs)) ? figure(median(backs)) : 'not in 6 s') : '',
  ]
}
