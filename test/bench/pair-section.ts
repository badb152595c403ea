/** What becomes of connections through two routers as one, as a section of docs/benchmarks.md. Pure. */
import { median } from '../lab/measurements.ts'
import type { PairResult } from '../lab/pair/cases.ts'
import type { Section } from './chapter.ts'
import { table } from './table.ts'

type Measured = Omit<PairResult, 'byKind' | 'entries'>

/** An earlier measurement may lack what was not written down. */
export interface PairSample extends Omit<Measured, LaterItem>, Partial<Pick<Measured, LaterItem>> {
  readonly addresses:
    | 'own and shared'
    | 'shared only'
    | 'many'
    | 'two leases'
    | 'Debian 13 and 12'
    | 'one lease'
    | 'two leases of Debians'
  readonly name: string
  readonly limitMs: number
  readonly wantedChanges: number
  /** Absent in earlier measurements. */
  readonly entries?: PairResult['entries']
}

type LaterItem = 'newTried' | 'newFailed' | 'newFailingMs' | 'changes'

export interface PairResults {
  /** The machine. */
  readonly on: string
  readonly samples: readonly PairSample[]
  /** What was so when routers of this kind were measured. */
  readonly notes?: Partial<Readonly<Record<PairSample['addresses'], string>>>
}

const titles = {
  'own and shared': 'Each router has an address of its own at each provider (`ifbalance.conf`)',
  many: 'The same with 100,000 connections and 2,000 new ones a second; twice as many are watched',
  'Debian 13 and 12':
    'The first is a booted Debian 13, the second a booted Debian 12, with the package (`ifbalance.conf`)',
  'one lease': 'The same two with one lease of each provider, to one hardware address (`ifbalance-one-lease.conf`)',
  'two leases of Debians':
    'The same two with leases of their own by DHCP, without conntrackd (`ifbalance-two-leases.conf`)',
  'two leases':
    'Each router has a lease of its own at each provider, without conntrackd (`ifbalance-two-leases.conf`): only new connections count',
  'shared only': 'The one address of each provider moves (`ifbalance-one-address.conf`)',
} as const

export function pairSection({ on, samples, notes = {} }: PairResults): Section {
  const seconds = (ms: number) => (ms / 1000).toFixed(2)
  const worst = (of: readonly PairSample[], read: (sample: PairSample) => number) => Math.max(...of.map(read))
  /** Bold where it is beyond what is wanted. */
  const against = (ms: number, limitMs: number) => (ms > limitMs ? `**${seconds(ms)}**` : seconds(ms))
  const known = (of: readonly PairSample[], item: LaterItem, show: (value: number) => string) => {
    const values = of.map((sample) => sample[item]).filter((value) => value !== undefined)
    return values.length === 0 ? '-' : show(Math.max(...values))
  }
  const total = (of: readonly PairSample[], read: (sample: PairSample) => number) =>
    of.reduce((sum, sample) => sum + read(sample), 0)
  const lost = ({ broken, brokenBefore }: PairSample) => Math.max(0, broken - brokenBefore)
  const tables = (Object.keys(titles) as (keyof typeof titles)[]).flatMap((addresses) => {
    const own = samples.filter((sample) => sample.addresses === addresses)
    const rows = [...new Set(own.map(({ name }) => name))].map((name) => {
      const same = own.filter((sample) => sample.name === name)
      const isCarried = !same[0]?.addresses.startsWith('two leases')
      return [
        name,
        `${total(same, lost)} of ${total(same, ({ connections, brokenBefore }) => connections - brokenBefore)}`,
        !isCarried
          ? '-'
          : `${against(
              median(same.map(({ silenceMs }) => silenceMs)),
              worst(same, ({ limitMs }) => limitMs),
            )} (${seconds(worst(same, ({ silenceMs }) => silenceMs))})`,
        isCarried ? seconds(worst(same, ({ limitMs }) => limitMs)) : '-',
        known(same, 'newFailingMs', seconds),
        `${known(same, 'changes', String)} (${same[0]?.wantedChanges ?? 0})`,
        String(same.length),
        ...(addresses === 'many' ? [same[0]?.entries?.join(' / ') ?? '-'] : []),
      ]
    })
    const head = [
      'what happens',
      'broken',
      'longest silence, s',
      'wanted',
      'new connections fail for, s',
      'changes of role (wanted)',
      'runs',
      ...(addresses === 'many' ? ['entries in the tables before, of the first / of the second'] : []),
    ]
    return own.length === 0
      ? []
      : [[`### ${titles[addresses]}`, ...[notes[addresses] ?? []].flat(), table(head, rows)].flat().join('\n\n')]
  })
  const markdown = `## Two routers as one

On ${on}, in network namespaces: \`npm run pair\`. Two routers with keepalived and conntrackd as the files in
[examples/pair](examples/pair) have them, on a LAN and two strict providers. 50 connections, new ones for each row: 15 downloads, 20
that say something every 20 ms, 5 idle ones, and 10 from the internet to a server in the LAN; and twenty new ones a second. Broken is what
ends, or brings nothing within ten seconds; bold is what is beyond what is wanted. The longest silence is the median of the runs, with the worst; of what is silent for longer than 0.2 s, TCP's
pauses between retransmissions, which double, are a part. Where ISP 1 is off for both, its connections are not counted, nor are those that could not begin. After a failure, the role is watched
for a minute.

${tables.join('\n\n')}

Where the one address moves, a router without it cannot ask behind the line: after a dead line it stays with the peer until that one is worse.
`
  return { markdown, plots: new Map() }
}
