/** What `ifbalance top` shows, as text lines of a size. Pure. */
import type { Client } from '../kernel/conntrack/clients.ts'
import { isWorking } from '../model/uplink.ts'
import type { Connections } from '../status/connections.ts'
import type { Status, UplinkStatus } from '../status/status.ts'
import { type Paint, printableLines, type Style } from './output.ts'
import { spanText } from './points-in-time.ts'
import { type Rate, type Rates, ratesOf } from './rates.ts'
import type { RuleHits } from './rule-rates.ts'
import { type Column, layOut } from './table.ts'

export interface TopState {
  /** In milliseconds since 1970. */
  readonly now: number
  readonly status: Status
  readonly rates: Rates
  /** Null for others than root, and before the first count. */
  readonly connections: Pick<Connections, 'uplinks'> | null
  /** The busiest first. */
  readonly clients: readonly Client[]
  /** Those that have taken something, the busiest first; none for others than root. */
  readonly rules: readonly RuleHits[]
  /** What there is to say, beyond what the status has; null for nothing. */
  readonly note: string | null
}

export interface Size {
  readonly columns: number
  readonly rows: number
}

const columns: readonly Column[] = [
  { title: 'UPLINK', align: 'left' },
  { title: 'STATE', align: 'left' },
  { title: 'SHARE', align: 'right' },
  { title: 'LATENCY', align: 'right' },
  { title: 'LOSS', align: 'right' },
  { title: 'CONNS', align: 'right' },
  { title: 'DOWN', align: 'right' },
  { title: 'UP', align: 'right' },
]

const clientColumns: readonly Column[] = [
  { title: 'CLIENT', align: 'left' },
  { title: 'CONNS', align: 'right' },
  { title: 'BY', align: 'left' },
]

const ruleColumns: readonly Column[] = [
  { title: 'RULE', align: 'left' },
  { title: 'HITS', align: 'right' },
  { title: 'PER SECOND', align: 'right' },
]

/** The whole picture: `rows` text lines at most, none longer than `columns`. */
export function topLines(state: TopState, size: Size, paint: Paint): readonly string[] {
  const { status, clients, rules } = state
  const { uplinks } = status
  const [head = '', ...rows] = layOut(
    columns,
    uplinks.map((uplink) => cellsOf(uplink, state)),
    plain,
  )
  const table = uplinks.flatMap((uplink, index) => [
    { text: rows[index] ?? '', style: styleOf(uplink) },
    ...(uplink.why === undefined
      ? coursesOf(ratesOf(state.rates, uplink.interface), size.columns)
      : [whyLine(uplink.why, uplink.since, state.now)]),
  ])
  const remarks = remarksOf(state)
  const lines: readonly Line[] = [
    titleOf(state, size),
    { text: '' },
    ...(uplinks.length === 0 ? [{ text: 'No uplinks.' }] : [{ text: head, style: 'bold' } as const, ...table]),
    ...remarks,
  ]
  // Clients and rules share what room is left.
  const room = size.rows - lines.length
  const forRules = Math.min(Math.floor(room / 2), rules.length === 0 ? 0 : rules.length + 2)
  const clientPart = partOf(clientColumns, clientCells(clients, uplinks), room - forRules)
  const rulePart = partOf(ruleColumns, rules.map(ruleCells), room - clientPart.length)
  return [...lines, ...clientPart, ...rulePart]
    .slice(0, size.rows)
    .map(({ text, style }) => painted(cut(text, size.columns), style, paint))
}

/** As much of a table as there is room for, below an empty line. */
function partOf(titles: readonly Column[], rows: readonly (readonly string[])[], room: number): readonly Line[] {
  const shown = rows.slice(0, Math.max(0, room - 2))
  if (shown.length === 0) return []
  const cells = shown.map((row) => row.map((text) => ({ text })))
  const [head = '', ...lines] = layOut(titles, cells, plain)
  return [{ text: '' }, { text: head, style: 'bold' }, ...lines.map((text) => ({ text }))]
}

interface Line {
  readonly text: string
  readonly style?: Style | undefined
}

const plain: Paint = (_, text) => text

function painted(text: string, style: Style | undefined, paint: Paint): string {
  return style === undefined || text === '' ? text : paint(style, text)
}

/** Every character of what is shown has one column, as names and addresses are ASCII. */
function cut(text: string, width: number): string {
  return text.length <= width ? text : text.slice(0, Math.max(0, width))
}

function titleOf({ now, status }: TopState, { columns }: Size): Line {
  const { uplinks, mode, daemon } = status
  const working = uplinks.filter(isWorking).length
  const left = `ifbalance  ${clock(now)}  mode ${mode}, ${working} of ${uplinks.length} uplinks work`
  const right = 'q quits'
  const text = left.length + right.length + 2 > columns ? left : left.padEnd(columns - right.length) + right
  return { text, style: daemon ? 'bold' : 'yellow' }
}

function clock(ms: number): string {
  const date = new Date(ms)
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')
}

function styleOf({ state }: UplinkStatus): Style | undefined {
  if (state === 'suspect' || state === 'degraded' || state === 'unconfigured') return 'yellow'
  if (state === 'offline' || state === 'down') return 'red'
  return state === 'online' ? undefined : 'dim'
}

function cellsOf({ name, number, interface: device, state, drained, inet, inet6 }: UplinkStatus, top: TopState) {
  const both = [inet, inet6].flatMap((path) => path ?? [])
  const best = (values: readonly (number | null | undefined)[]) => values.find((value) => typeof value === 'number')
  const latency = best(both.map(({ health }) => health?.latencyMs))
  const losses = both.flatMap(({ health }) => health?.loss ?? [])
  const shares = both.map(({ share }) => percent(share))
  const counted = top.connections?.uplinks.find((one) => one.number === number)
  const rate = ratesOf(top.rates, device).at(-1)
  const texts = [
    ...[name, drained !== undefined && state === 'online' ? 'drained' : state],
    // Mostly both families have the same.
    shares.length === 0 ? '-' : [...new Set(shares)].join(' / '),
    ...[latency === undefined ? '-' : `${latency} ms`, losses.length === 0 ? '-' : percent(Math.max(...losses))],
    counted ? String(counted.inet.out + counted.inet.in + counted.inet6.out + counted.inet6.in) : '-',
    ...(rate ? [rateText(rate.down), rateText(rate.up)] : ['-', '-']),
  ]
  return texts.map((text) => ({ text }))
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

/** `0`, `980 bit/s`, `12.3 Mbit/s`. */
export function rateText(bits: number): string {
  if (bits < 1) return '0'
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(bits) / 3)))
  const value = bits / 1000 ** power
  return `${value < 100 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`
}

const units = ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s'] as const
const blocks = '▁▂▃▄▅▆▇█'

/** What stands in place of a course where there is no line: why, and since when. */
function whyLine(why: string, since: number | undefined, now: number): Line {
  const span = since === undefined ? '' : `, for ${spanText(Math.max(0, now - since) / 1000)}`
  return { text: `  ${printableLines(why)}${span}`, style: 'dim' }
}

/** The course of both directions side by side, each by its own highest; the latest is at the right. */
function coursesOf(rates: readonly Rate[], columns: number): readonly Line[] {
  if (rates.length === 0) return []
  const [down, up] = ['  down ', '  up ']
  const width = Math.floor((columns - down.length - up.length) / 2)
  if (width < 4) return []
  const course = (read: (rate: Rate) => number) => sparkline(rates.map(read), width).padStart(width)
  return [{ text: `${down}${course((rate) => rate.down)}${up}${course((rate) => rate.up)}`, style: 'dim' }]
}

/** The last `width` values as blocks; nothing at all is the lowest one. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-width)
  const most = Math.max(...shown, 0)
  return shown
    .map((value) => blocks[most === 0 ? 0 : Math.min(blocks.length - 1, Math.floor((value / most) * blocks.length))])
    .join('')
}

function remarksOf({ status, note }: TopState): readonly Line[] {
  const { daemon, heldDown, warnings } = status
  const texts = [
    ...(daemon ? [] : ['No daemon is running.']),
    ...(heldDown ? ['Held down: nothing is balanced until "ifbalance apply".'] : []),
    ...warnings,
    ...(note === null ? [] : [note]),
  ]
  const shown =
    texts.length > mostRemarks
      ? [...texts.slice(0, mostRemarks), `... and ${texts.length - mostRemarks} more: see "ifbalance status".`]
      : texts
  return shown.map((text) => ({ text: printableLines(text).replaceAll('\n', ' '), style: 'yellow' }))
}

const mostRemarks = 4

function ruleCells({ name, connections, perSecond }: RuleHits): readonly string[] {
  return [name, String(connections), perSecond === null ? '-' : perSecondText(perSecond)]
}

function perSecondText(rate: number): string {
  return rate === 0 || rate >= 100 ? String(Math.round(rate)) : rate.toFixed(1)
}

function clientCells(clients: readonly Client[], uplinks: readonly UplinkStatus[]): readonly (readonly string[])[] {
  const nameOf = (number: number) => uplinks.find((uplink) => uplink.number === number)?.name ?? `(${number})`
  return clients.map(({ source, connections, by }) => {
    const parts = [...by]
      .toSorted(([, one], [, other]) => other - one)
      .map(([number, count]) => `${nameOf(number)} ${count}`)
    return [source, String(connections), parts.join(', ')]
  })
}
