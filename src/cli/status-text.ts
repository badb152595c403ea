/** `ifbalance status` as text for people. Pure. */
import type { LineHealth } from '../model/health.ts'
import { type LineFigure, type LineFigureName, lineFigures } from '../model/line-figures.ts'
import type { NarrowedBy } from '../model/path-mtu.ts'
import { usableText } from '../model/usable-text.ts'
import type { PathStatus, Status, UplinkStatus } from '../status/status.ts'
import { weightReason } from '../status/weight-reason.ts'
import { bytesText } from './bytes-text.ts'
import { type Paint, printableLines, type Style } from './output.ts'
import { localTime, spanText } from './points-in-time.ts'
import { type Cell, type Column, layOut } from './table.ts'

const columns: readonly Column[] = [
  { title: 'UPLINK', align: 'left' },
  { title: 'INTERFACE', align: 'left' },
  { title: 'STATE', align: 'left' },
  { title: 'SHARE', align: 'right' },
  { title: 'WEIGHT', align: 'right' },
  { title: 'METRIC', align: 'right' },
  { title: 'GATEWAY', align: 'left' },
  { title: 'ADDRESS', align: 'left' },
]

const styles: Readonly<Record<UplinkStatus['state'], Style>> = {
  online: 'green',
  suspect: 'yellow',
  degraded: 'yellow',
  offline: 'red',
  unconfigured: 'yellow',
  down: 'red',
  absent: 'dim',
  disabled: 'dim',
  standby: 'dim',
}

export interface Shown {
  /** Also how large packets may be, and of lines that are well, why. */
  readonly verbose: boolean
  /** How many characters a row of a table may have. */
  readonly width: number
  /** Whether sentences are broken at that width, too: not where programs look for them. */
  readonly breaks: boolean
  /** In milliseconds since 1970. */
  readonly now: number
}

/** The tables of uplinks and lines, and remarks below them. */
export function statusText(status: Status, paint: Paint, shown: Shown): string {
  const { verbose, width, breaks } = shown
  const { uplinks } = status
  const table = uplinks.length === 0 ? ['No uplinks.'] : uplinksText(uplinks, paint, width)
  const names = (status.nameServers ?? []).map(
    ({ asked, answering }) => `Name server ${asked} is dead: ${answering} answers in its place.`,
  )
  const sentences = [
    ...missesText(uplinks),
    ...weightsText(uplinks),
    ...rolesText(uplinks),
    ...(verbose ? sizesText(uplinks) : []),
    summary(status),
    ...roleText(status),
    ...names,
    ...remarks(status),
  ]
  const lines = breaks ? sentences.flatMap((sentence) => broken(sentence, width)) : sentences
  const painted = lines.map((line) => line.replace(/^Warning:/, (word) => paint('yellow', word)))
  return [...table, '', ...linesText(uplinks, paint, shown), ...painted].join('\n')
}

/** Addresses of IPv6 may be too long for a row: then each has one of its own. */
function uplinksText(uplinks: readonly UplinkStatus[], paint: Paint, width: number): readonly string[] {
  const rows = uplinks.flatMap(rowsOf)
  const whole = layOut(columns, rows, paint)
  if (layOut(columns, rows, plain).every(({ length }) => length <= width)) return whole
  const ways = columns.length - 2
  const [head = '', ...short] = layOut(columns.slice(0, ways), rows, paint)
  return [head, ...short.flatMap((line, index) => [line, ...wayText(rows[index]?.slice(ways) ?? [], width)])]
}

function wayText([gateway, address]: readonly Cell[], width: number): readonly string[] {
  if (!gateway || !address || address.text === '-') return []
  if (gateway.text === direct) return [`  ${address.text}, direct`]
  const whole = `  ${address.text} by ${gateway.text}`
  return whole.length <= width ? [whole] : [`  ${address.text}`, `  by ${gateway.text}`]
}

/** Of a point-to-point link. */
const direct = '(direct)'

const plain: Paint = (_, text) => text

const figures = Object.entries(lineFigures) as readonly (readonly [LineFigureName, LineFigure])[]

const lineColumns: readonly Column[] = [
  { title: 'LINE', align: 'left' },
  { title: '', align: 'left' },
  { title: 'STATE', align: 'left' },
  { title: 'SINCE', align: 'left' },
  ...figures.map(([, { title }]) => ({ title, align: 'right' }) as const),
]

/** A line, and what is said below its row. */
interface LineRow {
  readonly cells: (since: (ms: number) => string) => readonly Cell[]
  readonly notes: readonly string[]
}

/** The table of lines: what the daemon knows of the internet behind each link, and why there is no link. */
function linesText(uplinks: readonly UplinkStatus[], paint: Paint, { verbose, width, now }: Shown): readonly string[] {
  const rows = uplinks.flatMap(({ name, state, since, why, inet, inet6 }) => [
    ...(why === undefined ? [] : [noLineRow(name, state, since, why)]),
    ...(inet?.health ? [lineRow(name, 'IPv4', inet.health, verbose)] : []),
    ...(inet6?.health ? [lineRow(name, 'IPv6', inet6.health, verbose)] : []),
  ])
  if (rows.length === 0) return []
  const laid = (since: (ms: number) => string, paint: Paint) =>
    layOut(
      lineColumns,
      rows.map(({ cells }) => cells(since)),
      paint,
    )
  const whole = (ms: number) => sinceText(ms, now)
  const span = (ms: number) => `for ${spanText(Math.max(0, now - ms) / 1000)}`
  const since = laid(whole, plain).every(({ length }) => length <= width) ? whole : span
  const [head = '', ...lines] = laid(since, paint)
  const below = (index: number) => rows[index]?.notes.flatMap((note) => broken(`  ${note}`, width)) ?? []
  return [head, ...lines.flatMap((line, index) => [line, ...below(index)]), '']
}

/** What rules ask of lines and these miss. */
function missesText(uplinks: readonly UplinkStatus[]): readonly string[] {
  const lines = uplinks.flatMap(({ name, inet, inet6 }) =>
    [['IPv4', inet] as const, ['IPv6', inet6] as const].flatMap(([family, path]) =>
      Object.entries(path?.health?.misses ?? {}).map(([asked, why]) =>
        printableLines(`For rules with ${asked}, ${name} comes last in ${family}: ${why}.`),
      ),
    ),
  )
  return lines.length === 0 ? [] : [...lines, '']
}

/** The weights and their reasons, where something was found out. */
function weightsText(uplinks: readonly UplinkStatus[]): readonly string[] {
  const isKnown = ({ takes, line }: UplinkStatus) =>
    takes !== undefined || (line && (line.down.sure !== 'unknown' || line.up.sure !== 'unknown'))
  const lines = uplinks.filter(isKnown).flatMap((uplink) => {
    const reason = weightReason(uplink)
    return reason === null ? [] : [`Weight of ${uplink.name}: ${uplink.weight}, ${reason}.`]
  })
  return lines.length === 0 ? [] : [...lines, '']
}

/** Which uplinks are not like others, and what is left of quotas. */
function rolesText(uplinks: readonly UplinkStatus[]): readonly string[] {
  const roles = (['standby', 'metered'] as const).flatMap((role) => {
    const names = uplinks.filter((uplink) => uplink[role]).map(({ name }) => name)
    return names.length === 0 ? [] : [`${role === 'standby' ? 'Standby' : 'Metered'}: ${names.join(', ')}.`]
  })
  const quotas = uplinks.flatMap(({ name, quota }) => (quota ? [`Quota of ${name}: ${quotaText(quota)}.`] : []))
  const lines = [...roles, ...quotas]
  return lines.length === 0 ? [] : [...lines, '']
}

function quotaText({ bytes, used }: NonNullable<UplinkStatus['quota']>): string {
  const rest = bytes - used
  return `${bytesText(used)} of ${bytesText(bytes)} used, ${rest < 0 ? `${bytesText(-rest)} too many` : `${bytesText(rest)} left`}`
}

/** How large packets may be by each uplink, and who says so. */
function sizesText(uplinks: readonly UplinkStatus[]): readonly string[] {
  const lines = uplinks.flatMap(({ name, inet, inet6 }) => {
    const texts = [...(inet ? [sizeText(inet, 'IPv4')] : []), ...(inet6 ? [sizeText(inet6, 'IPv6')] : [])]
    return texts.length === 0 ? [] : [`Packets of ${name}: ${texts.join('; ')}.`]
  })
  return lines.length === 0 ? [] : [...lines, '']
}

const sizeReasons: Readonly<Record<NarrowedBy | 'interface', string>> = {
  interface: 'its interface',
  route: 'its route',
  configuration: 'the configuration',
  probes: 'found out by probes',
}

function sizeText({ mtu, mtuBy }: PathStatus, family: string): string {
  return `up to ${mtu} bytes in ${family} (${sizeReasons[mtuBy ?? 'interface']})`
}

function noLineRow(name: string, state: UplinkStatus['state'], began: number | undefined, why: string): LineRow {
  const unknown = { text: '-' }
  return {
    cells: (since) => [
      ...[{ text: name }, unknown, { text: state, style: styles[state] }],
      ...[began === undefined ? unknown : { text: since(began) }, ...figures.map(() => unknown)],
    ],
    notes: [firstLine(why)],
  }
}

function figureCell(value: number | null, text: LineFigure['text']): Cell {
  return { text: value === null ? '-' : text(value) }
}

/** Of a line that is well, the reason is of no interest. */
function lineRow(name: string, family: string, health: LineHealth, verbose: boolean): LineRow {
  const state = health.state === 'online' && health.degraded ? 'degraded' : health.state
  const probe = health.lastProbe === null ? '' : `; last probe: ${firstLine(health.lastProbe)}`
  return {
    cells: (since) => [
      ...[{ text: name }, { text: family }, { text: state, style: styles[state] }, { text: since(health.since) }],
      ...figures.map(([name, { text }]) => figureCell(health[name], text)),
    ],
    notes: state === 'online' && !verbose ? [] : [`${firstLine(health.why)}${probe}`],
  }
}

function firstLine(text: string): string {
  return printableLines(text).split('\n', 1)[0] ?? ''
}

/** `08:30:05, for 12 min` in the host's time zone; with the date instead after a day. */
function sinceText(ms: number, now: number): string {
  const seconds = Math.max(0, now - ms) / 1000
  const [date = '', clock = ''] = localTime(ms).split(' ')
  return `${seconds < 86_400 ? clock : date}, for ${spanText(seconds)}`
}

/** Broken between words into text lines of that width, where words are not longer; all but the first are indented by two. */
function broken(text: string, width: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`
    if (lines.length === 0) lines.push(word)
    else if (longer.length > width) lines.push(`  ${word}`)
    else lines[lines.length - 1] = longer
  }
  return lines
}

/** Rows for an uplink, one for each family; the second leaves out what both share. */
function rowsOf(uplink: UplinkStatus): readonly (readonly Cell[])[] {
  const { name, interface: device, weight, metric, inet, inet6 } = uplink
  const start = [{ text: name }, { text: device }, stateCell(uplink)]
  const sizes = [{ text: String(weight) }, { text: String(metric) }]
  const first = inet ?? inet6
  if (first === null) return [[...start, { text: '-' }, ...sizes, { text: '-' }, { text: '-' }]]
  const rows = [row(start, sizes, first)]
  return inet === null || inet6 === null ? rows : [...rows, row([none, none, none], [none, none], inet6)]
}

/** A drained uplink that works is one that works: what is of interest is that it is drained. */
function stateCell({ state, drained }: UplinkStatus): Cell {
  const isDrained = drained !== undefined && (state === 'online' || state === 'suspect')
  return isDrained ? { text: 'drained', style: 'yellow' } : { text: state, style: styles[state] }
}

const none: Cell = { text: '' }

function row(start: readonly Cell[], sizes: readonly Cell[], { share, gateway, addresses }: PathStatus) {
  return [...start, { text: percent(share) }, ...sizes, { text: gateway ?? direct }, { text: someOf(addresses) }]
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

function someOf([first = '-', ...others]: readonly string[]): string {
  return others.length === 0 ? first : `${first} (+${others.length})`
}

function summary({ mode, daemon, uplinks }: Status): string {
  const online = uplinks.filter(({ state }) => state === 'online').length
  const running = daemon ? 'the daemon is running' : 'no daemon is running: only hooks keep this up to date'
  return `Mode ${mode}, ${online} of ${uplinks.length} uplinks online; ${running}.`
}

function roleText({ pair }: Status): readonly string[] {
  if (!pair) return []
  const { role, why, usable } = pair
  return [printableLines(`One of two routers, ${role}: ${why}${usable === null ? '' : `; ${usableText(usable)}`}.`)]
}

function remarks({ heldDown, pending, warnings }: Status): readonly string[] {
  const held = heldDown ? ['Held down: nothing is balanced until "ifbalance apply".'] : []
  const behind = heldDown || pending === 0 ? [] : [`${changes(pending)} pending: see "ifbalance plan".`]
  return [...held, ...behind, ...warnings].map((line) => `Warning: ${printableLines(line)}`)
}

function changes(count: number): string {
  return count === 1 ? '1 change is' : `${count} changes are`
}
