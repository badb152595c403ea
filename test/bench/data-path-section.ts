/** The prices of packets as a section of docs/benchmarks.md, with its plots. Pure. */
import type { Section } from './chapter.ts'
import { type PartName, partNames } from './parts.ts'
import { barChart, lineChart } from './plot.ts'
import { type DataPath, type DataPathResults, type Item, items, type Prices, type Result } from './results.ts'
import { type Family, type RulesetName, rulesetNames, type Variant, variants } from './rulesets.ts'

const titles: Readonly<Record<Exclude<RulesetName, PartName>, string>> = {
  plain: 'plain',
  rule: 'plain, one unused rule',
  multipath: 'kernel multipath',
  shorewall: "Shorewall's shape",
  article: "the article's",
  vyos: "VyOS' shape",
  mwan3: "mwan3's shape",
  ifbalance: 'ifbalance',
}

const partTitles: Readonly<Record<PartName, string>> = {
  hook: 'an empty chain in prerouting',
  pin: 'the first packet of a connection is remembered, later ones get the mark',
  tables: 'rules that lead marked packets to their tables, and all others past them',
  balance: "main's specific routes, then the balanced default",
  incoming: 'what comes in by an uplink is remembered, and its answers get the mark',
  output: "the host's own answers get the mark",
  source: 'answers of UDP services get the address that was asked',
}

const itemTitles: Readonly<Record<Item, string>> = {
  established: 'established UDP packet',
  answered: 'UDP packet back',
  first: 'first packet of a flow',
  connection: 'TCP connect+reset',
  http1: 'small page',
  bulk: 'TCP segment+ack',
}

const ways = ['forwarded', 'local'] as const

/** At most so much over plain, IPv4, forwarded, two uplinks. */
const limits: readonly (readonly [Variant, Item, number])[] = [
  ['source check', 'established', 1250],
  ['source check', 'bulk', 2300],
  ['source check', 'http1', 15_000],
  ['offload', 'established', -3000],
  ['offload', 'http1', 12_000],
  ['both', 'http1', 12_000],
]

export function dataPathSection({ kernel, results }: DataPathResults): Section {
  const two = (name: RulesetName) => pathsOf(results, name, 2)
  const plots = new Map([
    [
      'packet.svg',
      barChart(
        'Instructions for an established UDP packet, over plain (IPv4, 2 uplinks)',
        ways,
        bars(two, 'established'),
      ),
    ],
    [
      'connection.svg',
      barChart('Instructions for a TCP connection, over plain (IPv4, 2 uplinks)', ways, bars(two, 'connection')),
    ],
    ['uplinks.svg', growthPlot(results)],
  ])
  return { markdown: markdown(results, kernel), plots }
}

function pathsOf(
  results: readonly Result[],
  name: RulesetName,
  uplinks: number,
  variant: Variant = 'none',
): DataPath | null {
  const is = (result: Result) => result.ruleset === name && result.uplinks === uplinks && result.variant === variant
  return results.find(is)?.prices ?? null
}

/** Over plain, or another, with as many uplinks; null where there is no such ruleset. */
function over(
  results: readonly Result[],
  name: RulesetName,
  uplinks: number,
  family: Family,
  way: 'forwarded' | 'local',
  variant: Variant = 'none',
  than: 'plain' | 'multipath' = 'plain',
): Prices | null {
  const [of, plain] = [
    pathsOf(results, name, uplinks, variant)?.[family]?.[way],
    pathsOf(results, than, uplinks)?.[family]?.[way],
  ]
  if (!of || !plain) return null
  return Object.fromEntries(items.map((item) => [item, of[item] - plain[item]])) as Prices
}

function bars(two: (name: RulesetName) => DataPath | null, item: Item) {
  const plain = two('plain')
  return rulesetNames
    .filter((name) => name !== 'plain')
    .map((name) => ({
      label: titles[name],
      values: ways.map((way) => {
        const paths = two(name)
        return paths && plain && paths.inet[way][item] - plain.inet[way][item]
      }),
    }))
}

const uplinkCounts = (results: readonly Result[]) =>
  [...new Set(results.map(({ uplinks }) => uplinks))].toSorted((one, other) => one - other)

function growthPlot(results: readonly Result[]): string {
  const lines = rulesetNames
    .filter((name) => name !== 'plain')
    .map((name) => ({
      label: titles[name],
      points: uplinkCounts(results).flatMap((x) => {
        const price = over(results, name, x, 'inet', 'forwarded')
        return price ? [{ x, y: price.established }] : []
      }),
    }))
  return lineChart('Instructions for an established forwarded UDP packet, over plain (IPv4)', 'uplinks', lines)
}

/** An earlier measurement may lack what was not measured then. */
const figure = (value: number | undefined) =>
  value === undefined || Number.isNaN(value) ? '-' : value.toLocaleString('en')

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function priceTable(results: readonly Result[], family: Family): string {
  const head = ['ruleset', ...items.flatMap((item) => ways.map((way) => `${itemTitles[item]}, ${way}`))]
  const plain = pathsOf(results, 'plain', 2)?.[family]
  const rows = rulesetNames.map((name) => {
    const cells = items.flatMap((item) =>
      ways.map((way) => figure(name === 'plain' ? plain?.[way][item] : over(results, name, 2, family, way)?.[item])),
    )
    return [name === 'plain' ? 'plain, absolute' : titles[name], ...cells]
  })
  return table(head, rows)
}

function growthTable(results: readonly Result[]): string {
  const counts = uplinkCounts(results)
  const rows = rulesetNames
    .filter((name) => name !== 'plain')
    .map((name) => [
      titles[name],
      ...counts.flatMap((uplinks) => {
        const [forwarded, local] = ways.map((way) => over(results, name, uplinks, 'inet', way)?.established)
        return [`${figure(forwarded)} / ${figure(local)}`]
      }),
    ])
  return table(['ruleset', ...counts.map((count) => `${count} uplinks`)], rows)
}

function titleOf(variant: Variant): string {
  if (variant === 'none') return 'nothing'
  return variant === 'both' ? 'offload and source check' : variant
}

/** Every item of ifbalance's, by what its configuration has. */
function variantTable(results: readonly Result[]): string {
  const plain = pathsOf(results, 'plain', 2)
  const rows = variants.flatMap((variant) => {
    const paths = pathsOf(results, 'ifbalance', 2, variant)
    if (!paths) return []
    const cells = items.flatMap((item) =>
      ways.map((way) => figure(plain ? paths.inet[way][item] - plain.inet[way][item] : undefined)),
    )
    return [[titleOf(variant), ...cells]]
  })
  return table(['configured', ...items.flatMap((item) => ways.map((way) => `${itemTitles[item]}, ${way}`))], rows)
}

/** What the check of sources adds where it says nothing. */
function checkOfSix(results: readonly Result[]): string {
  const [with_, without] = (['source check', 'none'] as const).map((variant) =>
    over(results, 'ifbalance', 2, 'inet6', 'forwarded', variant),
  )
  const more = with_ && without ? with_.established - without.established : undefined
  return `there an established forwarded packet pays ${figure(more)} more.`
}

/** What each part adds to those before it; the last line is what is missing to the program's own rules. */
function partTable(results: readonly Result[]): string {
  const prices = ['plain', 'rule', ...partNames, 'ifbalance'] as const
  const name = (part: (typeof prices)[number]) => {
    if (part === 'ifbalance') return 'everything else: IPv6 in the same chains, own addresses that are not translated'
    return part === 'plain' || part === 'rule' ? titles.rule : partTitles[part]
  }
  const rows = prices.slice(1).map((part, index) => {
    const [with_, without] = [part, prices[index] ?? part].map((one) => pathsOf(results, one, 2)?.inet)
    const cells = (['established', 'first', 'connection'] as const).flatMap((item) =>
      ways.map((way) => figure(with_ && without ? with_[way][item] - without[way][item] : undefined)),
    )
    return [name(part), ...cells]
  })
  const head = (['established', 'first', 'connection'] as const).flatMap((item) =>
    ways.map((way) => `${itemTitles[item]}, ${way}`),
  )
  return table(['part', ...head], rows)
}

function limitTable(results: readonly Result[]): string {
  const rows = limits.map(([variant, item, most]) => {
    const cells = [
      over(results, 'ifbalance', 2, 'inet', 'forwarded', variant),
      over(results, 'ifbalance', 2, 'inet', 'forwarded'),
      over(results, 'article', 2, 'inet', 'forwarded'),
    ].map((prices) => figure(prices?.[item]))
    return [`${titleOf(variant)}: ${itemTitles[item]}, forwarded`, figure(most), ...cells]
  })
  return table(['IPv4', 'at most', 'over plain', 'without it', "the article's"], rows)
}

/** Prices of 63 uplinks against those of two, over plain and, of ours, over the kernel's own choice among as many. */
function growthLimits(results: readonly Result[]): string {
  const times = (item: Item, prices: (count: number, way: 'forwarded' | 'local') => Prices | null) =>
    ways
      .map((way) => {
        const [few, many] = [2, 63].map((count) => prices(count, way)?.[item])
        return few && many ? `${(many / few).toFixed(1)} times` : '-'
      })
      .join(' / ')
  const rows = (
    [
      ['established', 1.1],
      ['first', 1.3],
      ['connection', 1.3],
      ['http1', 1.3],
    ] as const
  ).map(([item, most]) => {
    const more = ways.map((way) => {
      const [few, many] = [2, 63].map((count) => over(results, 'multipath', count, 'inet', way)?.[item])
      return figure((many ?? Number.NaN) - (few ?? Number.NaN))
    })
    return [
      itemTitles[item],
      `${most} times`,
      times(item, (count, way) => over(results, 'ifbalance', count, 'inet', way)),
      times(item, (count, way) => over(results, 'ifbalance', count, 'inet', way, 'none', 'multipath')),
      more.join(' / '),
      times(item, (count, way) => over(results, 'article', count, 'inet', way)),
    ]
  })
  const head = [
    'at most',
    'over plain',
    'over kernel multipath',
    'kernel multipath grows by',
    "the article's over plain",
  ]
  return table(['63 uplinks against 2, forwarded / local', ...head], rows)
}

function markdown(results: readonly Result[], kernel: string): string {
  return `## What a packet costs

Debian's own kernel (${kernel}) runs in an emulated machine, whose clock counts executed
instructions. A sender in one network namespace, the host under test in the next, then the provider, then the internet: the time that a send takes is the
number of instructions on the whole way. The difference to the same way with one default route and masquerade ("plain") is
the exact price of a ruleset. It repeats within some tens for a packet and within one per cent for a connection.
Instructions are not nanoseconds of a real processor, but more of them are slower on any.

The host has Debian 13's defaults (\`rp_filter\` is 2). ifbalance's rules are those that the packaged program loads. Those of
others are written anew after what they install, with iptables where they use it (its nft variant, Debian's default), for
uplinks of equal weight. What VyOS calls its output chain re-routes here, which the original does not, so that the host's own
connections are balanced as with the others. The article and VyOS balance IPv4 alone.

As soon as a host has any routing rule of its own, even one that nothing matches ("one unused rule"), Linux gives up two
shortcuts for each forwarded packet: its source is looked up in the routes, and rules are walked for both look-ups. Whoever
routes by rules pays that.

Kernel multipath without marks is the cheapest, and breaks forwarded connections as soon as an uplink comes, goes or changes
weight. Shorewall's shape keeps only what came in by an uplink.

### IPv4, two uplinks: instructions over plain

${priceTable(results, 'inet')}

![Established UDP packet](benchmarks/packet.svg)

![TCP connection](benchmarks/connection.svg)

### IPv6, two uplinks: instructions over plain

${priceTable(results, 'inet6')}

### More uplinks: an established UDP packet, forwarded / local

${growthTable(results)}

![Growth with uplinks](benchmarks/uplinks.svg)

### Rules and offload, IPv4, two uplinks: instructions over plain

A rule is for the packets only where it is said, and its connections are counted unless it is said. With \`offload = yes\` established forwarded packets go past all rules: they cost
less than without ifbalance.

${variantTable(results)}

With \`source-check = own\` (ifbalance.conf(5)) the kernel's look-up of each packet's source is replaced by one line. IPv6 never had it:
${checkOfSix(results)}

### What it should cost at most

${limitTable(results)}

What \`offload\` alone does not reach is the handshake and the end of a connection, which the kernel's own check of sources goes on to be part of: a small
page cost 14,050 with \`offload\` even without the rule that asks \`main\`, which stays, as a LAN that comes while no daemon runs would lose its
answers. With \`source-check = own\` as well, the limit holds with that rule. On Debian 12's kernel (6.1, nft 1.0.6) \`offload\` was measured apart:
-2,876 for an established forwarded packet, 14,306 for a small page, and 8,089 for one with both, over its own plain.

${growthLimits(results)}

Most of what grows with uplinks is the kernel's own choice among them: "kernel multipath" has neither rules nor marks, and grows by as much. What
ifbalance adds to that is in the fourth column. It grows where the host's own first packets walk through rules, one by one. Those for addresses are passed in eights;
those for bound devices have nothing in common that a rule could ask for, and took 3,700 instructions of a connection when they were left out.

Where the price goes, each part on top of those before it (connections scatter by hundreds):

${partTable(results)}

An established forwarded packet that is kept on its uplink pays for one chain, one line and the rules on its way, and most of all for the
kernel's own check of its source, which \`source-check = own\` leaves out; only \`offload\` is cheaper still, as neither is met there. A first packet pays for the kernel's choice by a hash, for \`main\`
being asked before, and for being remembered; whoever draws a mark in nftables pays less for it when it is forwarded, and more when
it is the host's own. The host's own packets pass two chains, both for what came in by an uplink: answers of local services that
have another address than the uplink's, and of UDP services that do not say from which address they answer.
`
}
